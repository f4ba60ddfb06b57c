import type { Observable } from 'rxjs';
import type { ContractFunctions } from '../../application/contract.js';
import type { JstpSource } from '../jstp-source.js';

/**
 * What the class of a controller has for an interface of a contract: a handler of the same name for each of its methods and
 * events. For several arguments it has `@Arg` parameters, or one that takes their array; the context, and what other decorators
 * inject, comes behind the arguments. Where the contract streams, a parameter gets a {@link JstpSource}, and a handler returns an
 * Observable or an async iterable; any other result may be a value, a Promise or an Observable.
 * @example
 * class RoomsController implements Handles<Chat, 'rooms'> {
 *   &#64;MessagePattern('rooms.join')
 *   join(&#64;Payload() room: string, &#64;Ctx() context: JstpContext) { ... }
 * }
 */
export type Handles<Contract, Interface extends keyof Contract> = HandlersOf<
  ContractFunctions<Contract[Interface], 'methods'>
> &
  HandlersOf<ContractFunctions<Contract[Interface], 'events'>>;

type HandlersOf<Functions> = {
  [
    Name in keyof Functions as Functions[Name] extends (...args: never[]) => unknown ? Name : never
  ]: HandlerOf<Functions[Name]>;
};

type HandlerOf<Function> = Function extends (...args: infer Args) => infer Result
  ? Handler<Received<Args>, Answer<Awaited<Result>>>
  : never;

// Why `never[]`: parameters of any type may follow, which Nest injects.
type Handler<Args extends readonly unknown[], Result> = Args extends readonly [unknown?]
  ? (...args: [...Args, ...injected: never[]]) => Result
  : | ((...args: [...Args, ...injected: never[]]) => Result)
    | ((payload: Args, ...injected: never[]) => Result);

/** What arrives of the arguments. */
type Received<Args extends readonly unknown[]> = {
  [Index in keyof Args]: 0 extends 1 & Args[Index]
    ? Args[Index]
    : Args[Index] extends Observable<infer Value> | AsyncIterable<infer Value>
      ? JstpSource<Value>
      : Args[Index];
};

type Answer<Result> = 0 extends 1 & Result
  ? Result
  : [Result] extends [Observable<infer Value> | AsyncIterable<infer Value>]
    ? Streaming<Value> | Promise<Streaming<Value>>
    : Result | Promise<Result> | Observable<Result>;

type Streaming<Value> = Observable<Value> | AsyncIterable<Value>;
