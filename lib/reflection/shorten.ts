import type {
  ApplicationDescription,
  ArgumentDescription,
  EventDescription,
  InterfaceDescription,
  MethodDescription,
} from './application-description.js';

/** Returns a description without its schemas, for those that are too long. */
export function withoutSchemas(description: ApplicationDescription): ApplicationDescription {
  const { definitions: _definitions, interfaces, handshakes, wildcards, ...rest } = description;
  return {
    ...rest,
    interfaces: mapped(interfaces, ({ methods, events, emits, ...other }) => ({
      ...other,
      methods: mapped(methods, ({ result, ...method }) => ({
        ...withoutSchemasOf(method),
        // Known without a schema: there is no result.
        ...(result === false && { result }),
      })),
      events: mapped(events, withoutSchemasOf),
      emits: mapped(emits, withoutSchemasOf),
    })),
    handshakes: handshakes.map(({ schema: _schema, credentials, ...handshake }) => ({
      ...handshake,
      ...(credentials && { credentials: credentials.map(withoutSchema) }),
    })),
    ...(wildcards && { wildcards: mapped(wildcards, withoutSchemasOf) }),
  };
}

/** Returns the names of a description alone. */
export function namesOf(description: ApplicationDescription): ApplicationDescription {
  const { format, name, version, interfaces, handshakes } = description;
  const bare = (): object => ({});
  return {
    format,
    name,
    version,
    interfaces: mapped(interfaces, ({ methods, events, emits }): InterfaceDescription => ({
      methods: mapped<MethodDescription, MethodDescription>(methods, bare),
      events: mapped<EventDescription, EventDescription>(events, bare),
      emits: mapped<EventDescription, EventDescription>(emits, bare),
    })),
    handshakes: handshakes.map(({ strategy }) => ({ strategy })),
  };
}

function withoutSchemasOf<Member extends { readonly arguments?: readonly ArgumentDescription[] }>(
  member: Member,
): Member {
  return member.arguments ? { ...member, arguments: member.arguments.map(withoutSchema) } : member;
}

function withoutSchema({ schema: _schema, ...argument }: ArgumentDescription): ArgumentDescription {
  return argument;
}

function mapped<From, To>(
  table: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(table).map(([name, value]) => [name, change(value)]));
}
