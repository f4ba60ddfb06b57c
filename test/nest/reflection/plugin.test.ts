import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import ts from 'typescript';
import {
  loadPluginMetadata,
  type ApplicationDescription,
  type MethodDescription,
} from '../../../lib/index.js';
import { ReadonlyVisitor } from '../../../lib/plugin/index.js';
import { scratchFolder } from '../../support/scratch-folder.js';
import { startService } from '../server/fixture.js';

const run = promisify(execFile);
const { folder, remove } = scratchFolder('jstp-plugin-');
const inFolder = (...parts: string[]): string => path.join(folder, ...parts);

const CONTROLLER = `
import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { of, type Observable } from 'rxjs';

export type Size = 'small' | 'large';

/** A line of an order. */
export interface Line {
  /** How many. */
  count: number;
  size?: Size | null;
  parent?: Line;
  tags: [string, number, ...boolean[]];
  by: Record<string, Date>;
  ['__proto__']: string;
  run(): void;
}

/** What is ordered. */
@Controller()
export class OrdersController {
  /**
   * Places an order.
   * @param line - what to add
   * @since 1.2.0
   */
  @MessagePattern('orders.place')
  async place(@Payload() line: Line): Promise<Line[]> {
    return [line];
  }

  /** @deprecated use rows2 */
  @MessagePattern('orders.rows')
  rows(@Payload() _sizes: Size[]): Observable<{ n: number; on: boolean; bytes: Uint8Array } | undefined> {
    return of(undefined);
  }

  @EventPattern('orders.seen')
  seen(@Payload() { who }: { who: 1 | -2.5 | 'x' }): void {
    void who;
  }

  helper(): string {
    return 'no handler';
  }
}
`;

const GENERATOR = `
import { PluginMetadataGenerator } from '@nestjs/cli/lib/compiler/plugins/plugin-metadata-generator.js';
import { ReadonlyVisitor } from 'nestjs-jstp/plugin';
new PluginMetadataGenerator().generate({
  visitors: [new ReadonlyVisitor({ pathToSource: 'src' })],
  outputDir: 'src', tsconfigPath: 'tsconfig.json', printDiagnostics: false,
});
`;

beforeAll(async () => {
  const modules = inFolder('node_modules');
  mkdirSync(path.join(modules, 'nestjs-jstp'), { recursive: true });
  for (const name of ['@nestjs', 'rxjs', 'typescript', 'reflect-metadata', 'tslib', '@types'])
    symlinkSync(path.resolve('node_modules', name), path.join(modules, name));
  await build({
    entryPoints: ['lib/plugin/index.ts'],
    outfile: path.join(modules, 'nestjs-jstp/plugin.js'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['typescript'],
    logLevel: 'error',
  });
  const files = {
    'node_modules/nestjs-jstp/package.json': { type: 'module', exports: { './plugin': './plugin.js' } },
    'package.json': { name: 'shop', type: 'module' },
    'nest-cli.json': { sourceRoot: 'src', compilerOptions: { plugins: ['nestjs-jstp/plugin'] } },
    'tsconfig.json': {
      compilerOptions: {
        target: 'ES2022',
        module: 'nodenext',
        moduleResolution: 'nodenext',
        strict: true,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
        skipLibCheck: true,
        types: [],
        rootDir: 'src',
        outDir: 'dist',
      },
      include: ['src'],
    },
  };
  for (const [file, content] of Object.entries(files)) writeFileSync(inFolder(file), JSON.stringify(content));
  mkdirSync(inFolder('src'));
  writeFileSync(inFolder('src/orders.controller.ts'), CONTROLLER);
  writeFileSync(inFolder('generate.mjs'), GENERATOR);
  const cli = path.resolve('node_modules/@nestjs/cli/bin/nest.js');
  await run(process.execPath, [cli, 'build'], { cwd: folder });
  await run(process.execPath, ['generate.mjs'], { cwd: folder });
}, 120_000);

afterAll(remove);

/** The path by which the file of a generator would import a controller. */
function importedBy(moduleOptions: ts.CompilerOptions, file = 'orders.controller.ts'): unknown {
  const program = ts.createProgram([inFolder('src', file)], {
    ...moduleOptions,
    // What it imports plays no part in the path.
    noResolve: true,
    noLib: true,
    types: [],
    experimentalDecorators: true,
  });
  const visitor = new ReadonlyVisitor({ pathToSource: inFolder('src') });
  const source = program.getSourceFile(inFolder('src', file));
  assert(source);
  visitor.visit(program, source);
  const [path] = visitor.collect()['controllers'][0][0].arguments;
  return (path as ts.StringLiteral).text;
}

describe('the path of an import in the file of a generator', () => {
  test.each([
    { module: ts.ModuleKind.NodeNext },
    { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
  ])('has an extension where TypeScript and Node need one: %p', (options) => {
    // Why: the generators of Nest 11 write it as it is, and CommonJS applications resolve by nodenext.
    expect(importedBy(options)).toBe('./orders.controller.js');
  });

  test('has none where the application names files without', () => {
    const { ESNext } = ts.ModuleKind;
    const { Bundler } = ts.ModuleResolutionKind;
    expect(importedBy({ module: ESNext, moduleResolution: Bundler })).toBe('./orders.controller');
  });

  test('has the kind of module that the file has', () => {
    copyFileSync(inFolder('src/orders.controller.ts'), inFolder('src/orders.mts'));
    expect(importedBy({ module: ts.ModuleKind.NodeNext }, 'orders.mts')).toBe('./orders.mjs');
  });
});

type Loaded = Record<'OrdersController', new () => object>;

async function described(file: string): Promise<ApplicationDescription> {
  const { OrdersController } = (await import(file)) as Loaded;
  const { server } = await startService({ controllers: [OrdersController] });
  return server.describe();
}

const line = { $ref: '#/definitions/Line' };
const PLACE: MethodDescription = {
  description: 'Places an order.',
  since: '1.2.0',
  arguments: [{ name: 'line', description: 'what to add', schema: line }],
  result: { type: 'array', items: line },
};

describe('an application that the Nest CLI has built with the plugin', () => {
  test('tells TSDoc, names of parameters, and types in Promises and streams', async () => {
    const { interfaces, definitions } = await described(inFolder('dist/orders.controller.js'));
    const { methods, events } = interfaces['orders'];
    expect(methods['place']).toEqual(PLACE);
    expect(methods['rows']).toEqual({
      deprecated: 'use rows2',
      arguments: [{ name: 'sizes', schema: { type: 'array', items: { enum: ['small', 'large'] } } }],
      result: {
        type: 'object',
        properties: {
          n: { type: 'number' },
          on: { type: 'boolean' },
          bytes: { type: 'string', contentEncoding: 'base64', 'x-jstp-type': 'bytes' },
        },
        required: ['n', 'on', 'bytes'],
      },
      streams: true,
    });
    expect(events['seen']).toMatchObject({
      arguments: [{ schema: { properties: { who: { enum: expect.arrayContaining([1, -2.5, 'x']) } } } }],
    });
    expect(definitions).toEqual({
      Line: {
        type: 'object',
        properties: {
          count: { type: 'number', description: 'How many.' },
          size: { anyOf: [{ enum: ['small', 'large'] }, { type: 'null' }] },
          parent: line,
          tags: {
            type: 'array',
            prefixItems: [{ type: 'string' }, { type: 'number' }],
            items: { type: 'boolean' },
            minItems: 2,
          },
          by: { type: 'object', additionalProperties: { type: 'string', format: 'date-time' } },
          ['__proto__']: { type: 'string' },
        },
        required: ['count', 'tags', 'by', '__proto__'],
      },
    });
  });

  test('tells the same by the file that a generator writes, where swc builds', async () => {
    // As swc would leave it: without what the plugin has added.
    const bare = readFileSync(inFolder('dist/orders.controller.js'), 'utf8').replace(
      '_JSTP_METADATA_FACTORY',
      'nothing',
    );
    mkdirSync(inFolder('bare'));
    writeFileSync(inFolder('bare/orders.controller.js'), bare);
    const written = readFileSync(inFolder('src/metadata.ts'), 'utf8');
    writeFileSync(inFolder('bare/metadata.js'), written);
    expect(
      (await described(inFolder('bare/orders.controller.js'))).interfaces['orders'].methods['place'],
    ).not.toEqual(PLACE);
    const { default: metadata } = (await import(inFolder('bare/metadata.js'))) as {
      default: Parameters<typeof loadPluginMetadata>[0];
    };
    await loadPluginMetadata(metadata);
    expect(
      (await described(inFolder('bare/orders.controller.js'))).interfaces['orders'].methods['place'],
    ).toEqual(PLACE);
  });
});
