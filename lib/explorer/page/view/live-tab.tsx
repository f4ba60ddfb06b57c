import { useEffect } from 'preact/hooks';
import type { BudgetName, ServerSnapshot } from '../../../server/administration/administration.js';
import { clockTime, shortBytes, shortNumber, shortTime } from '../model/numbers.js';
import { recordOf, numberOf, arrayOf, textOf, type Unknowns } from '../model/untrusted.js';
import { BUDGET_NAMES, shareOf } from '../state/live.js';
import { Chart } from './chart.js';
import { ErrorBox } from './error-box.js';
import { Icon } from './icons.js';
import { SessionList } from './session-list.js';
import { useExplorer, useStore } from './use-store.js';

/** What the server does, as its administration tells it. */
export function LiveTab() {
  const { live, status } = useExplorer();
  const watching = useStore(live.status);
  const snapshot = useStore(live.snapshot);
  const connection = useStore(status);
  useEffect(() => {
    live.start();
    return () => {
      live.stop();
    };
  }, [live]);
  const isOn = watching.state === 'watching' || watching.state === 'starting';
  return (
    <div class="live">
      <section class="panel" aria-label="Live">
        <div class="section-bar">
          <h2>Live</h2>
          <p class="hint" role="status">
            {isOn && connection === 'connected'
              ? snapshot
                ? upText(snapshot)
                : 'Asking the server…'
              : 'Not watching'}
          </p>
          <span class="spacer" />
          <button
            type="button"
            class="button small"
            onClick={() => {
              if (isOn) live.stop('paused');
              else live.start();
            }}
          >
            <Icon name={isOn ? 'pause' : 'play'} />
            {isOn ? 'Pause' : 'Watch'}
          </button>
        </div>
        {watching.error ? <Refused /> : null}
        {snapshot ? <Charts /> : null}
        {snapshot ? <Budgets budgets={recordOf(snapshot.budgets)} /> : null}
      </section>
      {snapshot ? <SessionList /> : null}
      {snapshot ? <Tables snapshot={snapshot} /> : null}
    </div>
  );
}

function Refused() {
  const { live } = useExplorer();
  const { error } = useStore(live.status);
  if (!error) return null;
  const isOff = error.code === 12 || error.code === 14;
  if (error.message === 'Forbidden resource') {
    return (
      <p class="hint">
        Your login may not see what the server does. Log in as somebody whom the guard of the server’s option
        <code>administration</code> lets in.
      </p>
    );
  }
  return (
    <>
      <ErrorBox error={error} title={isOff ? 'This server is not administered' : 'Not shown'} />
      {isOff ? (
        <p class="hint">
          The server’s option <code>administration</code>, with a guard that lets you in, shows here what it
          does.
        </p>
      ) : null}
    </>
  );
}

function upText({ upMs, clients }: ServerSnapshot): string {
  return `Up for ${shortTime(numberOf(upMs) ?? 0)}, ${shortNumber(numberOf(clients.connected) ?? 0)} connected`;
}

function Charts() {
  const { live } = useExplorer();
  useStore(live.moments);
  const share = (value: number): string => `${shortNumber(value)} %`;
  return (
    <div class="charts">
      <Chart
        title="Calls in a second"
        series={live.rates}
        labels={['calls', 'failed', 'events']}
        moments={live.moments}
        format={shortNumber}
      />
      <Chart
        title="Latency of calls"
        series={live.latencies}
        labels={['p50', 'p90', 'p99']}
        moments={live.moments}
        format={shortTime}
      />
      <Chart
        title="Clients"
        series={live.clients}
        labels={['connected', 'away']}
        moments={live.moments}
        format={shortNumber}
      />
      <Chart
        title="Budgets, of their limits"
        series={live.budgets}
        labels={BUDGET_NAMES.map((name) => BUDGET_LABELS[name])}
        moments={live.moments}
        format={share}
        top={100}
      />
    </div>
  );
}

const BUDGET_LABELS: Readonly<Record<BudgetName, string>> = {
  connections: 'connections',
  pendingHandshakes: 'pending handshakes',
  sessions: 'sessions',
  rooms: 'rooms',
  callsInFlight: 'calls in service',
  bytesInFlight: 'bytes in service',
  receiveBufferBytes: 'receive buffers',
  sendBufferBytes: 'send buffers',
  journalBytes: 'journals',
  memoryBytes: 'memory',
};

function Budgets({ budgets }: { readonly budgets: Unknowns }) {
  const names = Object.keys(BUDGET_LABELS) as BudgetName[];
  return (
    <table class="table budgets">
      <caption class="visually-hidden">Budgets and their limits</caption>
      <thead>
        <tr>
          <th scope="col">Budget</th>
          <th scope="col" class="number">
            Used
          </th>
          <th scope="col" class="number">
            Limit
          </th>
          <th scope="col">Share</th>
        </tr>
      </thead>
      <tbody>
        {names.map((name) => {
          const { used, limit } = recordOf(budgets[name]);
          const share = shareOf(budgets[name]);
          const format = /bytes/i.test(name) ? shortBytes : shortNumber;
          return (
            <tr key={name}>
              <th scope="row">{BUDGET_LABELS[name]}</th>
              <td class="number">{format(numberOf(used) ?? 0)}</td>
              <td class="number">{numberOf(limit) === undefined ? 'none' : format(numberOf(limit) ?? 0)}</td>
              <td>
                {share === null ? null : (
                  <meter
                    min={0}
                    max={100}
                    high={80}
                    value={Math.round(share)}
                    aria-label={`${BUDGET_LABELS[name]}, per cent of the limit`}
                  />
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Tables({ snapshot }: { readonly snapshot: ServerSnapshot }) {
  return (
    <div class="live-tables">
      <RowsTable
        title="Calls in service"
        empty="No call is being served."
        heads={['Method', 'Who', 'For']}
        rows={arrayOf(snapshot.inService).map((each) => {
          const row = recordOf(each);
          return [
            methodOf(row),
            textOf(row['username']) ?? 'anonymous',
            shortTime(numberOf(row['ageMs']) ?? 0),
          ];
        })}
      />
      <RowsTable
        title="Slowest methods"
        empty="Nothing was called in the last second."
        heads={['Method', 'p50', 'p99', 'Calls']}
        rows={arrayOf(snapshot.slowest).map((each) => {
          const row = recordOf(each);
          const { p50, p99 } = recordOf(row['latency']);
          const time = (value: unknown): string =>
            numberOf(value) === undefined ? '–' : shortTime(numberOf(value) ?? 0);
          return [methodOf(row), time(p50), time(p99), shortNumber(numberOf(row['count']) ?? 0)];
        })}
      />
      <RowsTable
        title="Last errors"
        empty="Nothing has failed."
        heads={['Method', 'Code', 'At']}
        rows={arrayOf(snapshot.failures).map((each) => {
          const row = recordOf(each);
          return [methodOf(row), String(row['code']), clockTime(numberOf(row['at']) ?? 0).slice(0, 8)];
        })}
      />
    </div>
  );
}

function methodOf(row: Unknowns): string {
  return `${textOf(row['interface']) ?? ''}.${textOf(row['method']) ?? ''}`;
}

interface RowsProps {
  readonly title: string;
  readonly empty: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

function RowsTable({ title, empty, heads, rows }: RowsProps) {
  return (
    <section class="panel" aria-label={title}>
      <h3>{title}</h3>
      {rows.length === 0 ? (
        <p class="hint">{empty}</p>
      ) : (
        <div class="table-box" tabIndex={0} role="group" aria-label={title}>
          <table class="table">
            <thead>
              <tr>
                {heads.map((head, index) => (
                  <th key={head} scope="col" class={index === 0 ? '' : 'number'}>
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, 20).map((row, index) => (
                <tr key={index}>
                  {row.map((cell, column) => (
                    <td key={column} class={column === 0 ? 'name' : 'number'}>
                      <bdi>{cell}</bdi>
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
