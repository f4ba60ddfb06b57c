import { DEFAULT_LIMITS } from 'nestjs-jstp/core';
import { requireQuietly } from '../contenders/require-quietly.js';
import { loadDecoder, loadMdsf, loadProtocol } from '../built.js';
import { CALL, CALL_MESSAGE, NUMBERS, OBJECT, ROWS, STRING } from './codec-values.js';
import { compareInRounds } from './comparison.js';

/** @import { Slice } from '../types.js' */
/** @import { Comparison } from './comparison.js' */

const { parse, parseBytes, stringify } = await loadMdsf();
const { formatCall, parseMessage } = await loadProtocol();
const { nodeDecoder } = await loadDecoder();
const { stringify: stringifyMdsf } = /** @type {{ stringify(value: unknown): string }} */ (
  requireQuietly('mdsf')
);

/**
 * Reading a value's text against `JSON.parse` of the value's JSON text, both from bytes. The MDSF is what the
 * reference writes: bare keys and apostrophes.
 * @param {string} name
 * @param {unknown} value
 * @returns {Comparison}
 */
function parseComparison(name, value) {
  const bytes = Buffer.from(stringifyMdsf(value));
  const json = Buffer.from(JSON.stringify(value));
  return {
    cell: `parse-${name}`,
    contenders: {
      jstp: () => parseBytes(bytes, nodeDecoder),
      json: () => JSON.parse(json.toString()),
    },
  };
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {Comparison}
 */
function stringifyComparison(name, value) {
  return {
    cell: `stringify-${name}`,
    contenders: { jstp: () => stringify(value), json: () => JSON.stringify(value) },
  };
}

/** @returns {Comparison[]} */
function smallCall() {
  const bytes = Buffer.from(stringifyMdsf(CALL_MESSAGE));
  const json = Buffer.from(JSON.stringify(CALL_MESSAGE));
  const { id, iface, method, args } = CALL;
  return [
    {
      cell: 'parse-small',
      contenders: {
        jstp: () => parseMessage(bytes, nodeDecoder, DEFAULT_LIMITS),
        json: () => JSON.parse(json.toString()),
      },
    },
    {
      cell: 'stringify-small',
      contenders: {
        jstp: () => formatCall(id, iface, method, args),
        json: () => JSON.stringify({ call: [id, iface], [method]: args }),
      },
    },
  ];
}

/** @returns {Comparison[]} */
function comparisons() {
  const rowsJson = Buffer.from(JSON.stringify(ROWS));
  const stringText = stringifyMdsf(STRING);
  const stringJson = JSON.stringify(STRING);
  return [
    ...smallCall(),
    parseComparison('object', OBJECT),
    parseComparison('rows', ROWS),
    parseComparison('numbers', NUMBERS),
    {
      cell: 'parse-json',
      contenders: {
        jstp: () => parseBytes(rowsJson, nodeDecoder),
        json: () => JSON.parse(rowsJson.toString()),
      },
    },
    stringifyComparison('object', OBJECT),
    stringifyComparison('rows', ROWS),
    // From text, without decoding: what is left is the search for the string's end.
    {
      cell: 'parse-string',
      contenders: { jstp: () => parse(stringText), json: () => JSON.parse(stringJson) },
    },
    parseComparison('string-bytes', STRING),
    stringifyComparison('string', STRING),
  ];
}

/**
 * The codec against JSON, in this process.
 * @param {{ sliceMs: number, rounds: number }} options
 * @returns {Slice[]}
 */
export function measureCodec(options) {
  return compareInRounds(comparisons(), options);
}
