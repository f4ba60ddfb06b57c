import { useState } from 'preact/hooks';
import { bytesIn, hexLines } from '../model/bytes.js';
import { shortBytes } from '../model/numbers.js';
import { quoteText, writeLine } from '../model/value-text.js';
import { Icon } from './icons.js';

/** How many children are shown at first, and with each click more. */
const PAGE_SIZE = 100;
const PREVIEW_LENGTH = 80;
const LONG_TEXT = 600;
const HEX_LINES = 16;

interface NodeProps {
  readonly name?: string | undefined;
  readonly value: unknown;
  readonly isOpen: boolean;
}

/** A value as a tree that can be opened and closed. All of it is text. */
export function ValueTree({ value, isOpen = true }: { readonly value: unknown; readonly isOpen?: boolean }) {
  return (
    <div class="tree">
      <Node value={value} isOpen={isOpen} />
    </div>
  );
}

function Node({ name, value, isOpen }: NodeProps) {
  if (bytesIn(value)) return <BytesNode name={name} value={value} isOpen={isOpen} />;
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0)
    return <BranchNode name={name} value={value} isOpen={isOpen} />;
  return (
    <div class="node">
      <NodeName name={name} />
      <Leaf value={value} />
    </div>
  );
}

function NodeName({ name }: { readonly name: string | undefined }) {
  return name === undefined ? null : <span class="node-name">{name}: </span>;
}

function BranchNode({ name, value, isOpen: opensFirst }: NodeProps) {
  const [isOpen, setOpen] = useState(opensFirst);
  const [shown, setShown] = useState(PAGE_SIZE);
  const isArray = Array.isArray(value);
  const keys = isOpen ? Object.keys(value as object) : [];
  // Holes of an array have no keys: they are shown as what they are read as.
  const count = isArray ? value.length : Object.keys(value as object).length;
  const names =
    isArray && isOpen ? Array.from({ length: Math.min(count, shown) }, (_, index) => String(index)) : keys;
  return (
    <div class="node">
      <button
        type="button"
        class="node-toggle"
        aria-expanded={isOpen}
        onClick={() => {
          setOpen(!isOpen);
        }}
      >
        <Icon name="chevron" />
        <NodeName name={name} />
        <span class="node-kind">{isArray ? `array of ${count}` : `object of ${count}`}</span>
        {isOpen ? null : <span class="node-preview">{writeLine(value, PREVIEW_LENGTH)}</span>}
      </button>
      {isOpen ? (
        <div class="node-children">
          {names.slice(0, shown).map((key) => (
            <Node key={key} name={key} value={(value as Record<string, unknown>)[key]} isOpen={false} />
          ))}
          {count > shown ? (
            <button
              type="button"
              class="quiet-button"
              onClick={() => {
                setShown(shown + PAGE_SIZE);
              }}
            >
              {`Show ${Math.min(PAGE_SIZE, count - shown)} more of ${count}`}
            </button>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

function BytesNode({ name, value, isOpen: opensFirst }: NodeProps) {
  const bytes = bytesIn(value) ?? new Uint8Array();
  const [isOpen, setOpen] = useState(opensFirst);
  const [lines, setLines] = useState(HEX_LINES);
  return (
    <div class="node">
      <button
        type="button"
        class="node-toggle"
        aria-expanded={isOpen}
        onClick={() => {
          setOpen(!isOpen);
        }}
      >
        <Icon name="chevron" />
        <NodeName name={name} />
        <span class="node-kind">{`bytes, ${shortBytes(bytes.length)}`}</span>
      </button>
      {isOpen ? (
        <div class="node-children">
          <pre class="hex" tabIndex={0}>
            {hexLines(bytes, lines).join('\n')}
          </pre>
          {bytes.length > lines * 16 ? (
            <button
              type="button"
              class="quiet-button"
              onClick={() => {
                setLines(lines * 4);
              }}
            >
              Show more
            </button>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

function Leaf({ value }: { readonly value: unknown }) {
  const [isWhole, setWhole] = useState(false);
  if (typeof value !== 'string') {
    const kind = value === null || value === undefined ? 'nothing' : typeof value;
    return <span class={`leaf leaf-${kind}`}>{writeLine(value, PREVIEW_LENGTH)}</span>;
  }
  const isCut = value.length > LONG_TEXT && !isWhole;
  return (
    <span class="leaf leaf-string">
      <bdi>{quoteText(isCut ? value.slice(0, LONG_TEXT) : value)}</bdi>
      {isCut ? (
        <button
          type="button"
          class="quiet-button"
          onClick={() => {
            setWhole(true);
          }}
        >
          {`… all ${value.length} characters`}
        </button>
      ) : null}
    </span>
  );
}
