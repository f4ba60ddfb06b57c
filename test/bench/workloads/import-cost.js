import { execFileSync } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** What every application with Nest's microservices loads. */
export const NEST = '@nestjs/microservices';
const ENTRIES = ['nestjs-jstp', 'nestjs-jstp/client', 'nestjs-jstp/core', 'nestjs-jstp/testing'];
export const IMPORTED = [NEST, ...ENTRIES];

/** Prints milliseconds by the clock, of the processor, and megabytes that an import has taken. */
const program = (/** @type {string} */ name) => `
  const [clock, cpu, rss] = [performance.now(), process.cpuUsage(), process.memoryUsage.rss()];
  await import(${JSON.stringify(name)});
  const { user, system } = process.cpuUsage(cpu);
  process.stdout.write(JSON.stringify({
    timeMs: performance.now() - clock,
    cpuMs: (user + system) / 1000,
    memoryMiB: (process.memoryUsage.rss() - rss) / 2 ** 20,
  }));
`;

/**
 * Loads a package in a new process.
 * @param {string} name
 * @returns {{ timeMs: number, cpuMs: number, memoryMiB: number }}
 */
export function importOnce(name) {
  const args = ['--input-type=module', '-e', program(name)];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' }));
}
