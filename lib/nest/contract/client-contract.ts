import type {
  ContractFunction,
  ContractFunctions,
  ContractGroup,
  ContractName,
  IsUnchecked,
} from '../../application/contract.js';
import type { ArgumentsFor, ResultFor } from '../client/client-remote-api.js';
import type { JstpArgs } from '../jstp-args.js';
import type { JstpRecord } from '../jstp-record.js';

/** The patterns of all functions of one group: `'rooms.join'`, and `'join'` for the interface 'default'. */
export type ContractPattern<Contract, Group extends ContractGroup> = unknown extends Contract
  ? unknown
  : {
      [Interface in keyof Contract & string]: PatternIn<Interface, ContractName<Contract, Interface, Group>>;
    }[keyof Contract & string];

// Why no dots: a pattern is cut at its last one.
type PatternIn<Interface extends string, Name extends string> = Name extends `${string}.${string}`
  ? never
  : Interface extends 'default'
    ? Name
    : `${Interface}.${Name}`;

/** The patterns of the functions that can be sent without arguments. */
export type BarePattern<Contract, Group extends ContractGroup> = unknown extends Contract
  ? unknown
  : {
      [Interface in keyof Contract & string]: PatternIn<
        Interface,
        BareName<ContractFunctions<Contract[Interface], Group>> & ContractName<Contract, Interface, Group>
      >;
    }[keyof Contract & string];

type BareName<Functions> = {
  [Name in keyof Functions]: [] extends ArgumentsFor<Functions[Name]> ? Name : never;
}[keyof Functions];

/** What a parameter for a pattern is where type arguments are written, as in `client.send<number, string>('sum', '1')`. */
export type UncheckedPattern<Contract> = unknown extends Contract ? unknown : never;

/** The function that a pattern names. */
type Named<Contract, Group extends ContractGroup, Pattern> = {
  [Interface in keyof Contract & string]: Interface extends 'default'
    ? ContractFunction<Contract, Interface, Group, Pattern>
    : Pattern extends `${Interface}.${infer Name}`
      ? ContractFunction<Contract, Interface, Group, Name>
      : never;
}[keyof Contract & string];

/** What `send` and `emit` take beside a pattern. Without a contract: what was given. */
export type ContractData<Contract, Group extends ContractGroup, Pattern, Input> =
  IsUnchecked<Contract, Pattern> extends true ? Input : DataOf<ArgumentsFor<Named<Contract, Group, Pattern>>>;

/** One argument is given as it is, any number of them as `JstpArgs`; a record says more about the message. */
type DataOf<Args> = Args extends readonly unknown[]
  ? Single<Args> | JstpArgs<Args> | JstpRecord<Single<Args> | JstpArgs>
  : never;

// Why not null: Nest refuses to send it. JstpArgs.of(null) is an argument like any other.
type Single<Args extends readonly unknown[]> = [Args[0]] extends Args ? NonNullable<Args[0]> : never;

/** What `send` brings. Without a contract: what its caller says. */
export type ContractOutcome<Contract, Pattern, Said> =
  IsUnchecked<Contract, Pattern> extends true
    ? Said
    : NoInfer<Said> & ResultFor<Named<Contract, 'methods', Pattern>>;

/** The arguments of a function by its names. Without a contract: any. A record may stand in the place of all. */
export type ContractArguments<Contract, Interface, Group extends ContractGroup, Name> =
  IsUnchecked<Contract, Name> extends true
    ? unknown[]
    : ArgumentsFor<ContractFunction<Contract, Interface, Group, Name>> extends infer Args extends unknown[]
      ? Args | [record: JstpRecord<Single<Args> | JstpArgs>]
      : never;

/** The result of a function by its names. Without a contract: what its caller says. */
export type ContractResult<Contract, Interface, Group extends ContractGroup, Name, Said = unknown> =
  IsUnchecked<Contract, Name> extends true
    ? Said
    : ResultFor<ContractFunction<Contract, Interface, Group, Name>>;
