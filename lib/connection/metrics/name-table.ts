import { OTHER } from './outcome-names.js';

/** The names that something is counted by. */
export interface CountedNames {
  /** 'name@version' of the application that serves, or the name of the one that is called; '' where it has not told it. */
  readonly application: string;
  /** '_OTHER' where the method is none that is declared. */
  readonly interface: string;
  /** The method, or the event; '_OTHER' where it is none that is declared. */
  readonly method: string;
}

/** Makes what counts under names. */
type Factory<Series> = (names: CountedNames) => Series;

/** A series, and the next one whose method has the same name. */
interface Entry<Series> {
  readonly interfaceName: string;
  readonly series: Series;
  readonly next: Entry<Series> | undefined;
}

/** The series of one application, by interface and method. */
export class NameTable<Series> {
  // By method, which few interfaces share. Why not by interface first: that takes two look-ups for each call.
  private readonly methods = new Map<string, Entry<Series>>();
  private others: Series | undefined;

  constructor(
    private readonly application: string,
    private readonly create: Factory<Series>,
  ) {}

  /** Returns the series of names that are known already. */
  find(interfaceName: string, name: string): Series | undefined {
    let entry = this.methods.get(name);
    while (entry !== undefined && entry.interfaceName !== interfaceName) entry = entry.next;
    return entry?.series;
  }

  /** Adds the series of names. */
  add(interfaceName: string, name: string): Series {
    const series = this.create({ application: this.application, interface: interfaceName, method: name });
    this.methods.set(name, { interfaceName, series, next: this.methods.get(name) });
    return series;
  }

  /** Returns the one series of all other names. */
  get other(): Series {
    return (this.others ??= this.create({ application: this.application, interface: OTHER, method: OTHER }));
  }
}
