/** A side of a connection. */
export type Side = 'client' | 'server';

/** What an example of docs/protocol.md is replayed against. */
export const PEERS = [
  'server',
  'client',
  'nest-server',
  'nest-client',
  'jstp-server',
  'jstp-client',
] as const;
export type PeerName = (typeof PEERS)[number];

/** What happens to a transport, where it is no message. */
export type TransportEvent = 'connects' | 'ends';

/** One line of an example. */
export type Step =
  | { readonly kind: 'message'; readonly from: Side; readonly text: string; readonly line: number }
  | { readonly kind: 'transport'; readonly from: Side; readonly event: TransportEvent; readonly line: number }
  | { readonly kind: 'cut'; readonly line: number }
  /** The steps that follow are about another transport: the one before the newest, or that one again. */
  | { readonly kind: 'turn'; readonly to: 'former' | 'new'; readonly line: number }
  | { readonly kind: 'program'; readonly side: Side; readonly words: string; readonly line: number };

/** An example of bytes. */
export interface WireExample {
  readonly title: string;
  readonly peers: readonly PeerName[];
  /** Whether its messages travel over a WebSocket. */
  readonly isWebSocket: boolean;
  readonly steps: readonly Step[];
}

/** A text of the format, and how it is written after it was read; undefined: it is refused. */
export interface TextExample {
  readonly title: string;
  readonly text: string;
  readonly normal: string | undefined;
}

/** A fenced block of the document. */
interface Block {
  readonly heading: string;
  readonly words: readonly string[];
  readonly lines: readonly string[];
  /** The line of its fence. */
  readonly line: number;
}

const REFUSED = 'refused';

/** The examples of bytes of a document, in its order. */
export function wireExamples(markdown: string): readonly WireExample[] {
  return blocksOf(markdown, 'wire').map(({ heading, words, lines, line }) => ({
    title: `${heading}, line ${String(line)}`,
    peers: PEERS.filter((peer) => words.includes(peer)),
    isWebSocket: words.includes('websocket'),
    steps: lines.map((text, index) => stepOf(text, line + index + 1)),
  }));
}

/** The examples of texts of a document. */
export function textExamples(markdown: string): readonly TextExample[] {
  return blocksOf(markdown, 'mdsf').flatMap(({ heading, lines }) =>
    lines.map((row) => {
      const at = row.lastIndexOf(' => ');
      if (at === -1) throw new Error(`No arrow in ${row}`);
      const normal = row.slice(at + 4).trim();
      const text = row.slice(0, at).trim();
      return { title: `${heading}: ${text}`, text, normal: normal === REFUSED ? undefined : normal };
    }),
  );
}

function blocksOf(markdown: string, language: string): readonly Block[] {
  const blocks: Block[] = [];
  let heading = '';
  let open: { block: Block; lines: string[] } | undefined;
  for (const [index, text] of markdown.split('\n').entries()) {
    if (open && text.startsWith('```')) open = undefined;
    else if (open) open.lines.push(text);
    else if (text.startsWith('#')) heading = text.replace(/^#+ /, '');
    else if (text.startsWith('```')) {
      const [name, ...words] = text.slice(3).split(' ');
      const lines: string[] = [];
      const block = { heading, words, lines, line: index + 1 };
      if (name === language) blocks.push(block);
      open = { block, lines };
    }
  }
  return blocks;
}

function stepOf(row: string, line: number): Step {
  const sign = row.slice(0, 2);
  const text = row.slice(2);
  if (sign === '* ') return programOf(text, line);
  if (sign !== '> ' && sign !== '< ')
    throw new Error(`Line ${String(line)} of the document is no step: ${row}`);
  const from = sign === '> ' ? 'client' : 'server';
  const event = /^\((connects|ends)\)$/.exec(text)?.[1];
  if (event) return { kind: 'transport', from, event: event as TransportEvent, line };
  return { kind: 'message', from, text, line };
}

function programOf(text: string, line: number): Step {
  if (text === 'the transport is cut') return { kind: 'cut', line };
  const turn = /^on the (former|new) transport$/.exec(text)?.[1];
  if (turn) return { kind: 'turn', to: turn as 'former' | 'new', line };
  const program = /^(client|server): (.+)$/.exec(text);
  if (!program) throw new Error(`Line ${String(line)} of the document names no side: ${text}`);
  return { kind: 'program', side: program[1] as Side, words: program[2], line };
}
