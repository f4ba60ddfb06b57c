/**
 * Takes the answer of a core method: an error, or no error and the results. The caller gets the text of an error that
 * is given here, as it is the author's own. It gets the code 16 without a text for a system error of the host (one
 * with `syscall` or `errno`), and for every Error that a method throws.
 */
export type MethodCallback = (error?: unknown, ...results: unknown[]) => void;
