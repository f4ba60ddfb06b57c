import { useExplorer } from './use-store.js';
import { Icon } from './icons.js';

interface CopyProps {
  readonly label: string;
  /** What is copied, and why not where there is nothing to copy. */
  readonly text: () => string | undefined;
}

/** Copies a text. */
export function CopyButton({ label, text }: CopyProps) {
  const { notices } = useExplorer();
  const copy = async (): Promise<void> => {
    const copied = text();
    if (copied === undefined) return;
    if (await copyText(copied))
      notices.say(`Copied: ${label.toLowerCase().replace(/^copy (as )?/, '')}`, 'good');
    else notices.say('The browser does not let this page copy', 'bad');
  };
  return (
    <button type="button" class="button small" onClick={() => void copy()}>
      <Icon name="copy" />
      {label}
    </button>
  );
}

/** Browsers have a clipboard in pages that are secure: at https, or of this machine. Elsewhere a selection is copied. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'visually-hidden';
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  // The one way there is at http.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const isCopied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}
