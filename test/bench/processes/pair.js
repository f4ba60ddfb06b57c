import { ChildProcess } from './child-process.js';

/** @import { Load, Mark, Settings } from '../types.js' */

const SERVER_CORE = 0;
export const CLIENT_CORE = 1;
/** Calls that make a measurement, and how much longer one is waited for them than asked for. */
const MIN_COUNT = 24;
const MAX_STRETCH = 6;

/** A contender's server and client, each in its process. */
export class Pair {
  /**
   * @param {string} contender
   * @param {Settings} settings
   * @param {{ areOnOneCore?: boolean }} [placing]
   */
  constructor(contender, settings, { areOnOneCore = false } = {}) {
    this.contender = contender;
    this.settings = settings;
    this.server = new ChildProcess(SERVER_CORE);
    this.client = new ChildProcess(areOnOneCore ? SERVER_CORE : CLIENT_CORE);
    this.port = 0;
  }

  async start() {
    const { contender, settings } = this;
    ({ port: this.port } = await this.server.ask('startServer', { contender, settings }));
  }

  /**
   * Opens connections until there are so many.
   * @param {number} connections
   */
  async connect(connections) {
    const { contender, settings, port } = this;
    await this.client.ask('connect', { contender, settings, port, connections });
  }

  /**
   * What the two processes do in a time under a load.
   * @param {Load & { warmupMs: number, durationMs: number }} options
   */
  async measure({ durationMs, ...load }) {
    await this.connect(load.connections);
    await this.client.ask('startLoad', load);
    const values = await this.between(durationMs);
    await this.client.ask('stopLoad', {});
    return values;
  }

  /**
   * What they do from now on, for so long; longer where so little is done that it could not be told.
   * @param {number} durationMs
   */
  async between(durationMs) {
    await this.client.ask('forgetTimes', {});
    const before = await this.marks();
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, durationMs));
      const after = await this.marks();
      const isEnough = after.client.count - before.client.count >= MIN_COUNT;
      const isTooLong = after.client.timeMs - before.client.timeMs >= MAX_STRETCH * durationMs;
      if (isEnough || isTooLong) return { ...perCall(before, after), ...(await this.client.ask('tail', {})) };
    }
  }

  async marks() {
    const [server, client] = await Promise.all([this.server.ask('mark', {}), this.client.ask('mark', {})]);
    return { server, client };
  }

  async end() {
    await Promise.all([this.client.end(), this.server.end()]);
  }
}

/** @typedef {{ server: Mark, client: Mark }} Marks */

/**
 * The processes' marks are not taken at the same moment: each is measured by its own clock.
 * @param {Marks} before
 * @param {Marks} after
 */
function perCall(before, after) {
  const perSecond =
    ((after.client.count - before.client.count) * 1000) / (after.client.timeMs - before.client.timeMs);
  const serverCpu = cpuPerSecond(before.server, after.server) / perSecond;
  const clientCpu = cpuPerSecond(before.client, after.client) / perSecond;
  return {
    perSecond,
    cpuUs: serverCpu + clientCpu,
    serverCpuUs: serverCpu,
    clientCpuUs: clientCpu,
    serverLoopDelayP99Ms: after.server.loopDelayP99Ms,
    clientLoopDelayP99Ms: after.client.loopDelayP99Ms,
  };
}

/**
 * Microseconds of processor time in a second.
 * @param {Mark} before
 * @param {Mark} after
 */
function cpuPerSecond(before, after) {
  return ((after.cpuUs - before.cpuUs) * 1000) / (after.timeMs - before.timeMs);
}
