export type { ByteDecoder } from './byte-decoder.js';
export { parse, parseBytes, type ParseOptions } from './parse.js';
export { quote, quoteKey } from './quote.js';
export { MdsfReader } from './reader.js';
export { DEFAULT_MAX_DEPTH, stringify, type StringifyOptions } from './stringify.js';
export { MdsfStringifyError, type MdsfStringifyErrorCode } from './stringify-error.js';
export { MdsfSyntaxError, type MdsfSyntaxErrorCode } from './syntax-error.js';
