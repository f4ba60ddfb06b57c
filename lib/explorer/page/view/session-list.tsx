import { useEffect, useRef, useState } from 'preact/hooks';
import type { ConnectionDetail, ConnectionSummary } from '../../../server/administration/administration.js';
import { shortBytes, shortNumber, shortTime } from '../model/numbers.js';
import { arrayOf, numberOf, recordOf, textOf } from '../model/untrusted.js';
import { ErrorBox } from './error-box.js';
import { Icon } from './icons.js';
import { useExplorer, useStore } from './use-store.js';

/** The sessions of the server, with what may be done to them. */
export function SessionList() {
  const { live } = useExplorer();
  const { connections, next, total, error } = useStore(live.sessions);
  const detail = useStore(live.detail);
  return (
    <section class="panel" aria-label="Sessions">
      <div class="section-bar">
        <h3>Sessions</h3>
        <p class="hint">{`${shortNumber(total)} in all`}</p>
        <span class="spacer" />
        {connections.length > 0 && connections.length < total ? (
          <button type="button" class="button small" onClick={() => void live.list()}>
            First page
          </button>
        ) : null}
        {next === null ? null : (
          <button type="button" class="button small" onClick={() => void live.list(next)}>
            Next page
          </button>
        )}
      </div>
      {error ? <ErrorBox error={error} /> : null}
      <div class="table-box" tabIndex={0} role="group" aria-label="Sessions">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Session</th>
              <th scope="col">Who</th>
              <th scope="col">State</th>
              <th scope="col">Application</th>
              <th scope="col">Address</th>
              <th scope="col" class="number">
                In service
              </th>
              <th scope="col" class="number">
                Journal
              </th>
            </tr>
          </thead>
          <tbody>
            {connections.map((each) => (
              <Row key={each.handle} session={each} isOpen={detail?.handle === each.handle} />
            ))}
          </tbody>
        </table>
      </div>
      {detail ? <Detail detail={detail} /> : null}
    </section>
  );
}

function Row({ session, isOpen }: { readonly session: ConnectionSummary; readonly isOpen: boolean }) {
  const { live } = useExplorer();
  const { handle, username, state, application, address, inService, journalBytes, isSelf } = session;
  return (
    <tr class={isOpen ? 'is-current' : ''}>
      <td>
        <button
          type="button"
          class="quiet-button"
          aria-expanded={isOpen}
          onClick={() => {
            if (isOpen) live.close();
            else void live.open(handle);
          }}
        >
          {`#${String(handle)}`}
        </button>
        {isSelf ? <span class="badge">this page</span> : null}
      </td>
      <td>
        <bdi>{textOf(username) ?? 'anonymous'}</bdi>
      </td>
      <td>
        <span class={`dot dot-${state === 'away' ? 'waiting' : 'connected'}`} aria-hidden="true" />
        {state === 'away' ? 'away' : 'connected'}
      </td>
      <td>
        <bdi>{textOf(application) ?? ''}</bdi>
      </td>
      <td>
        <bdi>{textOf(address) ?? ''}</bdi>
      </td>
      <td class="number">{shortNumber(numberOf(inService) ?? 0)}</td>
      <td class="number">{shortBytes(numberOf(journalBytes) ?? 0)}</td>
    </tr>
  );
}

function Detail({ detail }: { readonly detail: ConnectionDetail }) {
  const { live } = useExplorer();
  const { handle, state, transport, sent, received, unacknowledged, sendBufferBytes, isSelf } = detail;
  const facts: readonly (readonly [string, string])[] = [
    ['Transport', textOf(transport) ?? 'none: away'],
    ['Messages sent', shortNumber(numberOf(sent) ?? 0)],
    ['Messages received', shortNumber(numberOf(received) ?? 0)],
    ['Not acknowledged', shortNumber(numberOf(unacknowledged) ?? 0)],
    ['Waits to be written', shortBytes(numberOf(sendBufferBytes) ?? 0)],
    ['Extensions', texts(detail.extensions)],
    ['Rooms', texts(detail.rooms)],
  ];
  return (
    <div class="detail">
      <div class="section-bar">
        <h4>{`Session #${String(handle)}`}</h4>
        <span class="spacer" />
        <button type="button" class="button small" onClick={() => void live.open(handle)}>
          <Icon name="refresh" />
          Look again
        </button>
        <button
          type="button"
          class="button small"
          onClick={() => {
            live.close();
          }}
        >
          Close
        </button>
      </div>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      {arrayOf(detail.calls).length > 0 ? (
        <ul class="plain-list">
          {arrayOf(detail.calls).map((each, index) => {
            const call = recordOf(each);
            return (
              <li key={index}>
                <bdi>{`${textOf(call['interface']) ?? ''}.${textOf(call['method']) ?? ''}`}</bdi>
                {`, for ${shortTime(numberOf(call['ageMs']) ?? 0)}`}
              </li>
            );
          })}
        </ul>
      ) : null}
      <div class="actions">
        <AskedTwice
          label="Cut the connection"
          question={`Cut session #${String(handle)}${isSelf ? ', which is this page’s own' : ''}? Its connection is lost, as by a fault of the network; its client may resume the session.`}
          isDisabled={state === 'away'}
          act={() => live.act('cut', handle, isSelf)}
        />
        <AskedTwice
          label="End the session"
          question={`End session #${String(handle)}${isSelf ? ', which is this page’s own' : ''} for good? What waits for it is dropped, and its calls are cancelled.`}
          isDisabled={false}
          act={() => live.act('end', handle, isSelf)}
        />
      </div>
    </div>
  );
}

interface AskedProps {
  readonly label: string;
  readonly question: string;
  readonly isDisabled: boolean;
  readonly act: () => ReturnType<ReturnType<typeof useExplorer>['live']['act']>;
}

/** Something that cannot be taken back: it is asked whether it is meant. */
function AskedTwice({ label, question, isDisabled, act }: AskedProps) {
  const { notices } = useExplorer();
  const [isAsked, setAsked] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isAsked) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isAsked]);
  const doIt = async (): Promise<void> => {
    setAsked(false);
    const error = await act();
    notices.say(
      error ? `${label}: ${error.message}` : `Done: ${label.toLowerCase()}`,
      error ? 'bad' : 'good',
    );
  };
  return (
    <>
      <button
        type="button"
        class="button small danger"
        disabled={isDisabled}
        onClick={() => {
          setAsked(true);
        }}
      >
        <Icon name={label.startsWith('Cut') ? 'cut' : 'stop'} />
        {label}
      </button>
      <dialog
        ref={dialog}
        class="dialog"
        aria-label={label}
        onClose={() => {
          setAsked(false);
        }}
      >
        <p>{question}</p>
        <div class="actions">
          <button
            type="button"
            class="button"
            onClick={() => {
              setAsked(false);
            }}
          >
            No
          </button>
          <button type="button" class="button danger" onClick={() => void doIt()}>
            {`Yes, ${label.toLowerCase()}`}
          </button>
        </div>
      </dialog>
    </>
  );
}

function texts(value: unknown): string {
  const all = arrayOf(value).flatMap((each) => textOf(each, 200) ?? []);
  return all.length === 0 ? 'none' : all.join(', ');
}
