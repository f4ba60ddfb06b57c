import type {
  ApplicationDescription,
  ArgumentDescription,
  EventDescription,
  HandshakeDescription,
  InterfaceDescription,
  JsonSchema,
  MemberDescription,
  MethodDescription,
} from './application-description.js';
import { AsyncApiIds } from './asyncapi-ids.js';
import { asyncApiSchema, ofArguments } from './asyncapi-schema.js';
import { asyncApiServer, type AsyncApiServer } from './asyncapi-server.js';

/** An AsyncAPI document, version 3.0.0, as plain data. */
export interface AsyncApiDocument {
  readonly asyncapi: '3.0.0';
  /** Title, version and description of the application. */
  readonly info: Readonly<Record<string, unknown>>;
  readonly defaultContentType: string;
  readonly servers?: Readonly<Record<string, unknown>>;
  readonly channels: Readonly<Record<string, unknown>>;
  readonly operations: Readonly<Record<string, unknown>>;
  readonly components: Readonly<Record<string, unknown>>;
}

/** The options of {@link asyncApiOf}. */
export interface AsyncApiOptions {
  /**
   * Where the application is served, by names of your own: addresses as 'jstps://example.org:3000' or
   * 'wss://example.org/jstp', or more about them. @default nothing is said
   */
  readonly servers?: Readonly<Record<string, string | AsyncApiServer>>;
  /** What the document says about the application besides: `title`, `contact`, `license`, `tags`... @default its name and version */
  readonly info?: Readonly<Record<string, unknown>>;
}

/** The version of the binding, as every binding of AsyncAPI has one. */
const BINDING_VERSION = '0.1.0';

type Part = Record<string, unknown>;

/**
 * Makes an AsyncAPI document, version 3, of the description of an application: a channel for each method and event, with the
 * operation of the application on it. Calls are operations that have a reply.
 *
 * @param description what `jstp.reflection.describe()` has answered
 * @throws TypeError for an address of a server that is none
 */
export function asyncApiOf(
  description: ApplicationDescription,
  options: AsyncApiOptions = {},
): AsyncApiDocument {
  return new DocumentWriter(description, options).write();
}

/** Writes one document. */
class DocumentWriter {
  private readonly channels = new AsyncApiIds();
  private readonly operations = new AsyncApiIds();
  private readonly definitions: ReadonlyMap<string, string>;

  constructor(
    private readonly description: ApplicationDescription,
    private readonly options: AsyncApiOptions,
  ) {
    const ids = new AsyncApiIds();
    const names = Object.keys(description.definitions ?? {});
    this.definitions = new Map(names.map((name) => [name, ids.add(name, undefined)]));
  }

  write(): AsyncApiDocument {
    const { name, version, description, interfaces, wildcards = {} } = this.description;
    for (const [interfaceName, one] of Object.entries(interfaces)) this.addInterface(interfaceName, one);
    for (const [pattern, event] of Object.entries(wildcards))
      this.addEvent(undefined, pattern, { ...event, wildcard: true }, 'receive');
    const { info } = this.options;
    return {
      asyncapi: '3.0.0',
      info: {
        title: name,
        version,
        ...described(description),
        ...info,
        'x-jstp': { application: `${name}@${version}` },
      },
      defaultContentType: 'application/json',
      ...this.servers(),
      channels: this.channels.all,
      operations: this.operations.all,
      components: this.components(),
    };
  }

  private addInterface(interfaceName: string, { methods, events, emits }: InterfaceDescription): void {
    for (const [name, method] of Object.entries(methods)) this.addMethod(interfaceName, name, method);
    for (const [name, event] of Object.entries(events)) this.addEvent(interfaceName, name, event, 'receive');
    for (const [name, event] of Object.entries(emits)) this.addEvent(interfaceName, name, event, 'send');
  }

  private addMethod(interfaceName: string, name: string, method: MethodDescription): void {
    const target = { interface: interfaceName, name };
    const reply = {
      name: 'callback',
      ...this.payload(method.result === false ? { type: 'null' } : method.result),
      bindings: {
        'x-jstp': { kind: method.streams ? 'stream' : 'callback', bindingVersion: BINDING_VERSION },
      },
    };
    const call = { name: 'call', ...this.message('call', method) };
    const id = this.addChannel(target, 'method', { call, callback: reply });
    const binding = {
      ...(method.idempotent && { idempotent: true }),
      ...(method.streams && { streams: true }),
    };
    this.operations.add(textOf(interfaceName, name), {
      ...operation('receive', id, 'call', interfaceName, method),
      reply: { channel: channelRef(id), messages: [{ $ref: `${channelRef(id).$ref}/messages/callback` }] },
      ...bound({ method: true, ...binding }),
    });
  }

  private addEvent(
    interfaceName: string | undefined,
    name: string,
    event: EventDescription,
    action: 'receive' | 'send',
  ): void {
    const target = { ...(interfaceName !== undefined && { interface: interfaceName }), name };
    const messages = { event: { name: 'event', ...this.message('event', event) } };
    const binding = event.wildcard ? { wildcard: true } : {};
    const id = this.addChannel({ ...target, ...binding }, 'event', messages);
    this.operations.add(textOf(interfaceName, name), {
      ...operation(action, id, 'event', interfaceName, event),
      ...bound({ event: true, ...binding }),
    });
  }

  private addChannel(target: Part & { readonly name: string }, kind: string, messages: Part): string {
    const text = textOf(target['interface'] as string | undefined, target.name);
    return this.channels.add(text, {
      // Braces would be parameters.
      address: /[{}]/.test(text) ? null : text,
      messages,
      bindings: { 'x-jstp': { kind, ...target, bindingVersion: BINDING_VERSION } },
    });
  }

  private message(kind: 'call' | 'event', member: MemberDescription): Part {
    const streams = (member.arguments ?? []).flatMap(({ streams: isStream }, index) =>
      isStream ? [index] : [],
    );
    return {
      payload: this.schema(ofArguments(member.arguments)),
      bindings: {
        'x-jstp': { kind, ...(streams.length > 0 && { streams }), bindingVersion: BINDING_VERSION },
      },
    };
  }

  private payload(schema: JsonSchema | undefined): Part {
    return schema === undefined ? {} : { payload: this.schema(schema) };
  }

  private schema(schema: JsonSchema): unknown {
    return asyncApiSchema(schema, this.definitions);
  }

  private servers(): Part {
    const { servers } = this.options;
    if (!servers) return {};
    const { handshakes } = this.description;
    const named = handshakes.filter(({ strategy }) => strategy !== 'anonymous');
    // The ways of AsyncAPI are those of which one is needed.
    const isOpen = named.length < handshakes.length;
    const security = named.map((_, index) => ({
      $ref: `#/components/securitySchemes/${this.schemeIds(named)[index]}`,
    }));
    const ids = new AsyncApiIds();
    for (const [name, server] of Object.entries(servers)) {
      const binding = { application: this.description.name, version: this.description.version };
      ids.add(name, {
        ...asyncApiServer(server),
        ...(!isOpen && security.length > 0 && { security }),
        bindings: { 'x-jstp': { ...binding, bindingVersion: BINDING_VERSION } },
      });
    }
    return { servers: ids.all };
  }

  private components(): Part {
    const { definitions = {}, handshakes } = this.description;
    const schemas = Object.entries(definitions).map(([name, schema]) => [
      this.definitions.get(name),
      asObject(this.schema(schema)),
    ]);
    const named = handshakes.filter(({ strategy }) => strategy !== 'anonymous');
    const ids = this.schemeIds(named);
    return {
      ...(schemas.length > 0 && { schemas: Object.fromEntries(schemas) as Part }),
      ...(named.length > 0 && {
        securitySchemes: Object.fromEntries(
          named.map((handshake, index) => [ids[index], this.scheme(handshake)]),
        ),
      }),
    };
  }

  private schemeIds(handshakes: readonly HandshakeDescription[]): string[] {
    const ids = new AsyncApiIds();
    return handshakes.map(({ strategy }) => ids.add(strategy === '*' ? 'other' : strategy, undefined));
  }

  private scheme({ strategy, description, credentials, schema }: HandshakeDescription): Part {
    const whole = schema ?? (credentials && ofArguments(credentials));
    const jstp = { strategy, ...(whole !== undefined && { credentials: this.schema(whole) }) };
    const type = strategy === 'login' ? { type: 'userPassword' } : { type: 'apiKey', in: 'user' };
    return { ...type, ...described(description), 'x-jstp': jstp };
  }
}

function operation(
  action: 'receive' | 'send',
  channel: string,
  message: string,
  interfaceName: string | undefined,
  member: MemberDescription,
): Part {
  const { description, deprecated, since } = member;
  const notes = {
    ...(deprecated !== undefined && { deprecated }),
    ...(since !== undefined && { since }),
    ...named(member.arguments),
  };
  return {
    action,
    channel: channelRef(channel),
    messages: [{ $ref: `${channelRef(channel).$ref}/messages/${message}` }],
    ...described(description),
    ...(interfaceName !== undefined && { tags: [{ name: interfaceName }] }),
    ...(Object.keys(notes).length > 0 && { 'x-jstp': notes }),
  };
}

/** The names of arguments: JSON Schema has none for the elements of an array. */
function named(given: readonly ArgumentDescription[] | undefined): Part {
  const names = given?.map(({ name }) => name ?? null) ?? [];
  return names.some((name) => name !== null) ? { arguments: names } : {};
}

function bound(binding: Part): Part {
  return { bindings: { 'x-jstp': { ...binding, bindingVersion: BINDING_VERSION } } };
}

function channelRef(id: string): { readonly $ref: string } {
  return { $ref: `#/channels/${id}` };
}

/** Why: the official parser takes no booleans for schemas among the components. */
function asObject(schema: unknown): unknown {
  if (typeof schema === 'object') return schema;
  return schema === false ? { not: {} } : {};
}

function described(description: string | undefined): Part {
  return description === undefined ? {} : { description };
}

/** How clients of Nest name a method or an event. */
function textOf(interfaceName: string | undefined, name: string): string {
  return interfaceName === undefined || interfaceName === 'default' ? name : `${interfaceName}.${name}`;
}
