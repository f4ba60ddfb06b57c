import { useEffect } from 'preact/hooks';
import type { Notice } from '../state/notices.js';
import { RemoveButton } from './field-input.js';
import { useExplorer, useStore } from './use-store.js';

const SHOWN_MS = 6000;

/** What has just happened, told to everybody: those who see it, and those who hear it. */
export function NoticeList() {
  const { notices } = useExplorer();
  const shown = useStore(notices.shown);
  return (
    <div class="notices" role="status" aria-live="polite" aria-relevant="additions">
      {shown.map((notice) => (
        <NoticeBox key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

function NoticeBox({ notice }: { readonly notice: Notice }) {
  const { notices } = useExplorer();
  useEffect(() => {
    const timer = setTimeout(() => {
      notices.remove(notice.id);
    }, SHOWN_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [notice.id]);
  return (
    <div class={`notice notice-${notice.tone}`}>
      <p>{notice.text}</p>
      <RemoveButton
        label="Dismiss"
        onRemove={() => {
          notices.remove(notice.id);
        }}
      />
    </div>
  );
}
