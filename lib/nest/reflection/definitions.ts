import { DEFINITIONS, type JsonSchema } from '../../reflection/application-description.js';

/** How deep a schema may be nested; what is deeper is any value. It keeps a description far from `limits.maxDepth`. */
const MAX_DEPTH = 48;
/** How many values all schemas of an application may have; what is beyond is any value. */
const MAX_VALUES = 200_000;

/** Keywords that are of a schema as a document, and not of the values. */
const OF_DOCUMENT = new Set(['$schema', '$id', '$defs', 'definitions', '$anchor', '$comment']);

/** A pointer to a schema within the same document, as libraries write it. */
const LOCAL_POINTER = /^#\/(?:\$defs|definitions)\/(.+)$/;

type Schema = Readonly<Record<string, unknown>>;

/** The definitions of a description, and the schemas that point to them. */
export class Definitions {
  private readonly schemas = new Map<string, JsonSchema>();
  /** The names of what came as a part of a schema's own document, by its text. */
  private readonly known = new Map<string, string>();
  private values = 0;

  /** The definitions, by name; undefined where there are none. */
  get all(): Readonly<Record<string, JsonSchema>> | undefined {
    return this.schemas.size > 0 ? Object.fromEntries(this.schemas) : undefined;
  }

  /** Takes a name that is free, and returns it. */
  take(wanted: string): string {
    // The names are parts of pointers, of names in TypeScript, and of keys in AsyncAPI.
    const plain = wanted
      .replaceAll(/\W+/g, '_')
      .replace(/^(?=\d|$)/, '_')
      .slice(0, 100);
    let name = plain;
    for (let n = 2; this.schemas.has(name); n++) name = `${plain}${n}`;
    this.schemas.set(name, true);
    return name;
  }

  /** Whether a name is taken. */
  has(name: string): boolean {
    return this.schemas.has(name);
  }

  /** Sets the schema of a name that was taken. */
  set(name: string, schema: JsonSchema): void {
    this.schemas.set(name, schema);
  }

  /** The schema that points to a definition. */
  ref(name: string): Schema {
    return { $ref: DEFINITIONS + name };
  }

  /**
   * Makes of a document of a library a schema of this description: plain data, whose definitions are those of the description.
   * @param name for the document, where it points to itself
   */
  adopt(document: unknown, name = 'Value'): JsonSchema {
    if (typeof document === 'boolean') return document;
    if (typeof document !== 'object' || document === null) return true;
    const schema = document as Schema;
    const parts = { ...(schema['definitions'] as object), ...(schema['$defs'] as object) } as Schema;
    return new Adoption(this, schema, parts, titleOf(schema) ?? name).read();
  }

  /** Returns the name under which the part of a document is known by its text, or takes one and calls back. */
  share(text: string, wanted: string, make: () => JsonSchema): string {
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const name = this.take(wanted);
    this.known.set(text, name);
    this.set(name, make());
    return name;
  }

  /** Counts a value; false: there are as many as may be. */
  count(): boolean {
    return ++this.values <= MAX_VALUES;
  }
}

/** Reads one document. */
class Adoption {
  constructor(
    private readonly definitions: Definitions,
    private readonly document: Schema,
    private readonly parts: Schema,
    private readonly name: string,
  ) {}

  read(): JsonSchema {
    const text = textOf(this.document);
    // A document that has itself as a part, or is very deep. Why no error: nothing else would be described, either.
    if (text === undefined) return true;
    // Why first: a document that points to itself needs a name before it is read.
    const isRecursive = text.includes('"$ref":"#"');
    if (!isRecursive) return this.schema(this.document, 0) as JsonSchema;
    return this.definitions.ref(this.nameOfDocument(text));
  }

  private nameOfDocument(text: string): string {
    return this.definitions.share(text, this.name, () => this.schema(this.document, 0) as JsonSchema);
  }

  private schema(value: unknown, depth: number): unknown {
    if (typeof value === 'bigint') return Number(value);
    if (typeof value !== 'object' || value === null) return isPlain(value) ? value : undefined;
    // The array of a keyword goes with its schema: there must be something in it.
    const isTooDeep = depth > (Array.isArray(value) ? MAX_DEPTH + 1 : MAX_DEPTH);
    if (isTooDeep || !this.definitions.count()) return Array.isArray(value) ? [] : {};
    if (Array.isArray(value)) {
      return value.map((one) => this.schema(one, depth + 1) ?? null);
    }
    const { $ref: pointer } = value as Schema;
    if (typeof pointer === 'string') return this.pointed(pointer, value as Schema, depth);
    return this.members(value as Schema, depth);
  }

  private members(value: Schema, depth: number): Schema {
    const members = Object.entries(value).flatMap(([key, member]) => {
      if (depth === 0 && OF_DOCUMENT.has(key)) return [];
      const read = this.schema(member, depth + 1);
      return read === undefined ? [] : [[key, read] as const];
    });
    return Object.fromEntries(members);
  }

  private pointed(pointer: string, value: Schema, depth: number): unknown {
    const { $ref: _pointer, ...beside } = value;
    const target = this.targetOf(pointer);
    if (target === undefined) return true;
    return { ...this.members(beside, depth), ...this.definitions.ref(target) };
  }

  private targetOf(pointer: string): string | undefined {
    if (pointer === '#') return this.nameOfDocument(JSON.stringify(this.document, plainValue));
    const part = LOCAL_POINTER.exec(pointer)?.at(1);
    if (part === undefined) return undefined;
    // What is no part of the document may be a definition of the description: those of classes point to each other.
    if (!Object.hasOwn(this.parts, part)) return this.definitions.has(part) ? part : undefined;
    const wanted = /^__schema\d+$/.test(part) ? this.name : part;
    const text = wanted + this.closureOf(part);
    return this.definitions.share(text, wanted, () => this.schema(this.parts[part], 1) as JsonSchema);
  }

  /** The text of a part of the document and of all to which it points: two parts of the same text are one definition. */
  private closureOf(part: string): string {
    const texts = new Map<string, string>();
    const waiting = [part];
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (texts.has(name) || !Object.hasOwn(this.parts, name)) continue;
      const text = JSON.stringify(this.parts[name], plainValue);
      texts.set(name, text);
      for (const [, other] of text.matchAll(/"\$ref":"#\/(?:\$defs|definitions)\/([^"]+)"/g))
        waiting.push(other);
    }
    return JSON.stringify([...texts]);
  }
}

function textOf(document: unknown): string | undefined {
  try {
    return JSON.stringify(document, plainValue);
  } catch {
    return undefined;
  }
}

function titleOf({ title, id }: Schema): string | undefined {
  return typeof title === 'string' ? title : typeof id === 'string' ? id : undefined;
}

function isPlain(value: unknown): boolean {
  return value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
}

function plainValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
