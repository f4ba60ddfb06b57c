import { isBytes, MdsfStringifyError } from '../../mdsf/index.js';

/** The kinds of built-in objects that are carried as themselves. */
const CARRIED = new Set(['Date', 'Map', 'Set', 'RegExp', 'URL', 'URLSearchParams', 'Error']);

/** What kind of object a value is, whichever realm it is of. */
export function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

/** Whether an object is of a kind that plain messages do not carry. */
export function isCarried(value: object): boolean {
  return CARRIED.has(tagOf(value)) || value instanceof Error;
}

/** Whether an object is an Error, of another realm, too. */
export function isErrorLike(value: object): value is Error {
  return value instanceof Error || tagOf(value) === 'Error';
}

/** Whether an object says itself what is written in its place. */
export function isConvertible(value: object): boolean {
  const { toJSON, toMDSF } = value as { readonly toJSON?: unknown; readonly toMDSF?: unknown };
  return typeof toJSON === 'function' || typeof toMDSF === 'function';
}

/** Looks through a value. */
class Search {
  private readonly seen = new Map<object, 'open' | 'done'>();
  found = false;

  constructor(private readonly maxDepth: number) {}

  visit(value: unknown, levelsLeft = this.maxDepth): void {
    switch (typeof value) {
      case 'bigint':
        this.found = true;
        return;
      case 'number':
        if (!Number.isFinite(value) || Object.is(value, -0)) this.found = true;
        return;
      case 'object':
        if (value !== null) this.visitObject(value, levelsLeft);
    }
  }

  private visitObject(object: object, levelsLeft: number): void {
    const state = this.seen.get(object);
    if (state === 'open') this.found = true;
    if (state !== undefined || isBytes(object)) return;
    if (levelsLeft === 0) {
      const text = `A value is nested deeper than ${this.maxDepth} levels`;
      throw new MdsfStringifyError('ERR_MDSF_DEPTH', text);
    }
    this.seen.set(object, 'open');
    this.visitMembers(object, levelsLeft - 1);
    this.seen.set(object, 'done');
  }

  private visitMembers(object: object, levelsLeft: number): void {
    if (isCarried(object)) this.found = true;
    else if (isConvertible(object)) return;
    if (Array.isArray(object)) {
      for (const element of object) this.visit(element, levelsLeft);
      return;
    }
    const tag = tagOf(object);
    if (tag === 'Map') {
      for (const [key, element] of object as Map<unknown, unknown>) {
        this.visit(key, levelsLeft);
        this.visit(element, levelsLeft);
      }
    } else if (tag === 'Set') for (const element of object as Set<unknown>) this.visit(element, levelsLeft);
    else {
      for (const member of Object.values(object)) this.visit(member, levelsLeft);
      if (isErrorLike(object)) this.visit(object.cause, levelsLeft);
    }
  }
}

/**
 * Whether a value has something that plain messages do not carry: a date, a Map, a Set, a RegExp, a URL, an Error, a bigint,
 * NaN, an infinity, -0, or a cycle.
 * @throws {MdsfStringifyError} ERR_MDSF_DEPTH
 */
export function isExtended(value: unknown, maxDepth: number): boolean {
  const search = new Search(maxDepth);
  search.visit(value);
  return search.found;
}
