export {
  ATTACHED_MARK,
  base64Pieces,
  BYTES_QUOTE,
  bytesOf,
  hasLostMemory,
  isBytes,
  joinBytes,
  MEMORY_IS_GONE,
  newMemory,
  sizeOfAll,
} from './base64.js';
export { largeText } from './byte-writer.js';
export type { ByteDecoder } from './byte-decoder.js';
export { integerText } from './integer-text.js';
export { parse, parseBytes, type ParseOptions } from './parse.js';
export { isClean, quote, quoteKey } from './quote.js';
export { MdsfReader } from './reader.js';
export {
  ATTACHED_FROM_BYTES,
  stringify,
  stringifyPlainBytes,
  takeAttached,
  useLargeWriter,
  type StringifyOptions,
} from './stringify.js';
export { MdsfStringifyError } from './stringify-error.js';
export { MdsfSyntaxError } from './syntax-error.js';
