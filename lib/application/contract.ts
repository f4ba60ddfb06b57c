import type { ExposedApi } from './exposed-methods.js';
import type { StreamInput } from '../util/stream-input.js';

/**
 * What an interface of a contract may say, each a list of functions: what clients call (`methods`) and emit (`events`), and what
 * the server emits to its clients (`emits`) and calls of them (`calls`).
 */
export type ContractGroup = 'methods' | 'events' | 'emits' | 'calls';

type AnyFunction = (...args: never[]) => unknown;

/** An interface of which nothing but groups is said; any other one is a list of methods, as the class of a controller is. */
type IsGrouped<Interface> = [keyof Interface] extends [ContractGroup]
  ? [Extract<Interface[keyof Interface], AnyFunction>] extends [never]
    ? true
    : false
  : false;

/** An Observable of any copy of rxjs, of which the values can be told. */
interface Subscribable<Value> {
  subscribe(next: (value: Value) => void): unknown;
}

/** The functions of one group of an interface. */
export type ContractFunctions<Interface, Group extends ContractGroup> =
  IsGrouped<Interface> extends true
    ? Group extends keyof Interface
      ? NonNullable<Interface[Group]>
      : object
    : Group extends 'methods'
      ? Interface
      : object;

type FunctionName<Functions> = {
  [Name in keyof Functions]: Functions[Name] extends AnyFunction ? Name : never;
}[keyof Functions] &
  string;

/** The names of a contract's interfaces; of no contract, any name. */
export type InterfaceOf<Contract> = unknown extends Contract ? string : keyof Contract & string;

/** The names of one group of an interface; of no contract, any name. */
export type ContractName<Contract, Interface, Group extends ContractGroup> = unknown extends Contract
  ? string
  : Interface extends keyof Contract
    ? // Why not FunctionName: the compiler would print that, and not the names.
      ContractFunctions<Contract[Interface], Group> extends infer Functions
      ? {
          [Name in keyof Functions]: Functions[Name] extends AnyFunction ? Name & string : never;
        }[keyof Functions]
      : never
    : never;

/** The names of an interface's methods; of no contract, any name. */
export type MethodOf<Contract, Interface> = ContractName<Contract, Interface, 'methods'>;

/** The names of the events that clients emit. */
export type EventOf<Contract, Interface> = ContractName<Contract, Interface, 'events'>;

/** The names of the events that the server emits. */
export type EmitOf<Contract, Interface> = ContractName<Contract, Interface, 'emits'>;

/** The names of the methods that the server calls of its clients. */
export type CallOf<Contract, Interface> = ContractName<Contract, Interface, 'calls'>;

/**
 * What a parameter for a name is where type arguments are written, as in `client.stream<number>('sums', 'running')`: any
 * name. With a contract they are not needed, and nothing can be told from them.
 */
export type UncheckedName<Contract> = unknown extends Contract ? string : never;

/**
 * Whether nothing is known of a name. Why `any` is asked for first: the compiler compares the clients of two contracts with `any`
 * in the place of each name, and a client of a contract has to be one without.
 */
export type IsUnchecked<Contract, Name> = 0 extends 1 & Name ? true : unknown extends Contract ? true : false;

/** The type of a function, by its names. */
export type ContractFunction<
  Contract,
  Interface,
  Group extends ContractGroup,
  Name,
> = Interface extends keyof Contract ? Member<ContractFunctions<Contract[Interface], Group>, Name> : never;

type Member<Functions, Name> = Name extends keyof Functions ? Functions[Name] : never;

/**
 * A contract from the other side: `methods` and `calls`, `events` and `emits` have changed places. For providers of a client, whose
 * `context.getClient<ClientsOf<Chat>>()` calls the server, and for the connections of a server.
 */
export type ClientsOf<Contract> = unknown extends Contract
  ? Contract
  : {
      [Interface in keyof Contract]: {
        methods: ContractFunctions<Contract[Interface], 'calls'>;
        events: ContractFunctions<Contract[Interface], 'emits'>;
        emits: ContractFunctions<Contract[Interface], 'events'>;
        calls: ContractFunctions<Contract[Interface], 'methods'>;
      };
    };

/** What a caller gives for a parameter: for a stream, whatever streams the same values. `any` and `unknown` stay. */
export type Given<Parameter> = 0 extends 1 & Parameter
  ? Parameter
  : Parameter extends AsyncIterable<infer Value> | Subscribable<infer Value>
    ? StreamInput<Value>
    : Parameter;

/** The arguments, with their names. */
export type AllGiven<Arguments extends readonly unknown[]> = {
  [Index in keyof Arguments]: Given<Arguments[Index]>;
};

/** The arguments of a function of a contract, as its caller gives them. */
export type GivenTo<Function> = Function extends (...args: infer Args) => unknown ? AllGiven<Args> : never;

/** The arguments of a function by its names. Without a contract: any. */
export type GivenArguments<Contract, Interface, Group extends ContractGroup, Name> =
  IsUnchecked<Contract, Name> extends true
    ? unknown[]
    : GivenTo<ContractFunction<Contract, Interface, Group, Name>> extends infer Args extends unknown[]
      ? Args
      : never;

/** What Nest's layer takes in the place of all arguments: a `JstpRecord`. */
export interface ArgumentsRecord {
  readonly data: unknown;
  readonly options: object;
}

/** The same, or a record in the place of all. */
export type GivenOrRecord<Contract, Interface, Group extends ContractGroup, Name> =
  IsUnchecked<Contract, Name> extends true
    ? unknown[]
    : GivenArguments<Contract, Interface, Group, Name> | [record: ArgumentsRecord];

/** The result of a function by its names. Without a contract: what its caller says. */
export type GottenResult<Contract, Interface, Group extends ContractGroup, Name, Said = unknown> =
  IsUnchecked<Contract, Name> extends true
    ? Said
    : ResultOf<ContractFunction<Contract, Interface, Group, Name>>;

/** The result of a function of a contract, as its caller gets it: of a stream, one value. */
export type ResultOf<Function> = Function extends (...args: never[]) => infer Declared
  ? StreamedBy<Awaited<Declared>>
  : never;

type StreamedBy<Result> = 0 extends 1 & Result
  ? Result
  : Result extends AsyncIterable<infer Value> | Subscribable<infer Value>
    ? Value
    : Result;

/** The value of an event, as a listener gets it: its argument, the array of several, undefined of none. */
type EventValue<Function> = Function extends (...args: infer Args) => unknown ? ValueOf<Args> : never;

type ValueOf<Args extends readonly unknown[]> = Args extends readonly []
  ? undefined
  : Args extends readonly [infer Only]
    ? Only
    : [] extends Args
      ? undefined | ValueOfSome<Args>
      : ValueOfSome<Args>;

/** Some of several parameters may be missing: one argument arrives as it is. */
type ValueOfSome<Args extends readonly unknown[]> = [Args[0]] extends Args
  ? Args extends readonly [unknown?]
    ? Args[0]
    : Args[0] | Args
  : Args;

/** The methods of an interface. Without a contract: those of what its caller says. */
export type ContractApi<Contract, Interface, Said> =
  IsUnchecked<Contract, Interface> extends true
    ? Said
    : Interface extends keyof Contract
      ? ContractFunctions<Contract[Interface], 'methods'>
      : never;

/** The value of an event by its names. Without a contract: what its listener says. */
export type ContractEvent<Contract, Interface, Event, Said> =
  IsUnchecked<Contract, Event> extends true
    ? Said
    : EventValue<ContractFunction<Contract, Interface, 'emits', Event>>;

/** What may be given to `expose`. */
export type ContractExposed<Contract> = unknown extends Contract ? ExposedApi : ExposedBy<Contract>;

/** What a client exposes to its server: functions for what the contract says that the server calls. */
type ExposedBy<Contract> = {
  readonly [
    Interface in keyof Contract as [FunctionName<ContractFunctions<Contract[Interface], 'calls'>>] extends [
      never,
    ]
      ? never
      : Interface
  ]?: {
    readonly [Name in FunctionName<ContractFunctions<Contract[Interface], 'calls'>>]: Exposed<
      Member<ContractFunctions<Contract[Interface], 'calls'>, Name>
    >;
  };
};

type Exposed<Function> = Function extends (...args: infer Args) => infer Declared
  ? (...args: Args) => Declared | Promise<Awaited<Declared>>
  : never;
