import { BadRequestException, type PipeTransform } from '@nestjs/common';
import { isThenable } from '../../util/callback.js';
import { MAX_ISSUES, type ValidationIssue } from '../handling/validation-issues.js';

/** What a schema has found wrong, as Standard Schema has it. */
interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a schema makes of a value. */
type SchemaResult =
  { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

/**
 * A schema by the [Standard Schema](https://standardschema.dev) specification, version 1: of zod, valibot, arktype and
 * others. Why not its own package: it has types alone, and this one is all that is read.
 */
export interface ArgSchema {
  /** The schema's properties by the specification. */
  readonly '~standard': {
    /** The version of the specification. */
    readonly version: 1;
    /** The library that the schema is of. */
    readonly vendor: string;
    /** Validates a value, at once or by a Promise. */
    readonly validate: (value: unknown) => SchemaResult | Promise<SchemaResult>;
  };
}

/** Whether a value is a schema. Those of some libraries are functions. */
export function isSchema(value: unknown): value is ArgSchema {
  const standard = (value as Partial<ArgSchema> | null | undefined)?.['~standard'];
  return standard?.version === 1 && typeof standard.validate === 'function';
}

/**
 * Validates an argument by its schema, and hands on what the schema makes of it. Why a pipe of its own, and not Nest's
 * StandardSchemaValidationPipe: Nest 11 has none, and without that pipe a schema would be ignored in silence.
 */
export class SchemaPipe implements PipeTransform {
  /**
   * @param expected the schema
   * @param index the position of the argument
   * @param isOptional whether the argument may be missing; one that is, is not validated
   */
  constructor(
    // Not named `schema`: Nest takes an object with such a field for the options of a parameter.
    private readonly expected: ArgSchema,
    private readonly index: number,
    private readonly isOptional: boolean,
  ) {}

  /** @throws BadRequestException with the `issues` in its response */
  transform(value: unknown): unknown {
    if (value === undefined && this.isOptional) return undefined;
    const result = this.expected['~standard'].validate(value);
    return isThenable(result) ? result.then((later) => this.valueOf(later)) : this.valueOf(result);
  }

  private valueOf(result: SchemaResult): unknown {
    if (!result.issues) return result.value;
    // One more than are told, so that it is told that there are more.
    const issues = result.issues.slice(0, MAX_ISSUES + 1).map((issue) => this.issueOf(issue));
    const texts = issues.map(({ path, message }) => `${path?.join('.') ?? ''}: ${message}`);
    throw new BadRequestException({ statusCode: 400, error: 'Bad Request', message: texts, issues });
  }

  private issueOf({ message, path = [] }: SchemaIssue): ValidationIssue {
    const keys = path.map((part) => {
      const key = typeof part === 'object' ? part.key : part;
      return typeof key === 'symbol' ? String(key) : key;
    });
    return { path: [this.index, ...keys], message };
  }
}
