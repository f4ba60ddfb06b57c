import { describe, expect, test } from '@jest/globals';
import {
  Controller,
  Injectable,
  ParseIntPipe,
  UseGuards,
  type CanActivate,
  type ModuleMetadata,
} from '@nestjs/common';
import { Arg, ConfigurationError, JstpClientModule, JstpExpose, JstpSubscribe } from '../../../lib/index.js';
import { startClient, startError } from './provider-pair.js';

describe('@JstpExpose and @JstpSubscribe', () => {
  test('names what is wrong when the application starts', async () => {
    const clients = [JstpClientModule.register({ name: 'one' }), JstpClientModule.register({ name: 'two' })];
    class Method {
      @JstpExpose()
      run(): void {
        return undefined;
      }
    }
    @JstpExpose('x', { client: 'three' })
    class Unknown extends Method {}
    @JstpExpose('x')
    class Nameless extends Method {}
    class Classless extends Method {}
    @JstpExpose('x', { client: 'one' })
    class Methodless {
      run(): void {
        return undefined;
      }
    }
    class Subscriber {
      @JstpSubscribe('news', 'published', { client: 'three' })
      on(): void {
        return undefined;
      }
    }
    @JstpExpose('x', { client: 'one' })
    class First extends Method {}
    @JstpExpose('x', { client: 'one' })
    class Second extends Method {}
    @JstpExpose('x', { client: 'one' })
    class Gap {
      @JstpExpose()
      run(@Arg(1) value: unknown): unknown {
        return value;
      }
    }
    const textOf = async (...providers: NonNullable<ModuleMetadata['providers']>): Promise<string> =>
      (await startError({ imports: clients, providers })).message;
    expect(await textOf(Unknown)).toBe(
      "the option client of @JstpExpose('x') of Unknown must be the name of a client of JstpClientModule " +
        '("one", "two"), but "three" was given',
    );
    expect(await textOf(Nameless)).toContain('"default" (that of the client without a name) was given');
    expect(await textOf(Subscriber)).toContain("@JstpSubscribe('news', 'published') of Subscriber.on");
    expect(await textOf(Classless)).toContain(
      "@JstpExpose() of Classless.run must stand beside @JstpExpose('interface')",
    );
    expect(await textOf(Methodless)).toContain(
      "@JstpExpose('x') of Methodless must stand beside @JstpExpose()",
    );
    expect(await textOf(First, Second)).toBe('Two methods are exposed as x.run: First.run and Second.run');
    expect(await textOf(Gap)).toContain('The @Arg parameters of Gap.run');
    const application = { x: { run: () => 1 } };
    const both = { imports: [JstpClientModule.register({ name: 'one', application })], providers: [First] };
    expect((await startError(both)).message).toContain(
      'Two methods are exposed as x.run: First.run, and one by',
    );
  });

  test('refuses what Nest would leave out without a word: guards and pipes of what is no class to it', async () => {
    @Injectable()
    class Never implements CanActivate {
      canActivate(): boolean {
        return false;
      }
    }
    @JstpExpose('x')
    class Guarded {
      @UseGuards(Never)
      @JstpExpose()
      run(): void {
        return undefined;
      }
    }
    @JstpExpose('x')
    class Piped {
      @JstpExpose()
      run(@Arg(0, ParseIntPipe) value: number): number {
        return value;
      }
    }
    @JstpExpose('x')
    @Controller()
    class Controlled {
      @JstpExpose()
      run(): void {
        return undefined;
      }
    }
    const imports = [JstpClientModule.register({})];
    const textOf = async (metadata: ModuleMetadata): Promise<string> =>
      (await startError({ ...metadata, imports })).message;
    const made = { provide: Guarded, useFactory: () => new Guarded() };
    expect(await textOf({ providers: [made] })).toContain('Guarded.run has Never, which Nest applies');
    const value = { provide: 'piped', useValue: new Piped() };
    expect(await textOf({ providers: [value] })).toContain('Piped.run has ParseIntPipe, which Nest applies');
    expect(await textOf({ controllers: [Controlled] })).toContain('but Controlled is a controller');
    await startClient({ imports, providers: [Guarded] });
  });

  test.each([
    [() => JstpExpose()(class {}), 'given the name of an interface on a class'],
    [() => JstpExpose('', {})(class {}), 'given the name of an interface on a class'],
    [() => JstpExpose('x', { client: '' })(class {}), "a client's name that is not empty"],
    [
      () => JstpExpose('x', { name: 'y' } as object)(class {}),
      'Unknown name "name" in the options of @JstpExpose',
    ],
    [() => JstpExpose()({}, 'field', {}), 'used on a class, or on methods of it'],
    [() => JstpExpose('x', { client: 'y' })({}, 'run', { value: () => 1 }), 'given its options on the class'],
    [() => JstpSubscribe('', 'x'), 'given the name of an interface'],
    [() => JstpSubscribe('x', ''), 'given the name of an event'],
    [() => JstpSubscribe('x', 'y')({}, 'field', {}), 'used on methods of a class'],
  ])('refuses what it cannot be used for: %s', (use, text) => {
    expect(use).toThrow(ConfigurationError);
    expect(use).toThrow(text);
  });
});
