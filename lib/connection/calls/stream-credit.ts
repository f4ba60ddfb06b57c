/** What the callee may send of a stream before the first credit message arrives (docs/protocol.md). */
export const INITIAL_STREAM_CREDIT = 64;
