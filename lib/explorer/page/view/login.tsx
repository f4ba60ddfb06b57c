import { useId, useState } from 'preact/hooks';
import { emptyArguments, readArguments, type ArgumentsDraft } from '../model/arguments.js';
import { readStrategies, type StrategyEntry } from '../model/catalogue.js';
import type { Unknowns } from '../model/untrusted.js';
import {
  credentialFields,
  firstApplication,
  firstStrategy,
  offeredStrategies,
  OTHER,
  readLastLogin,
  readLogin,
  strategyLabel,
  type LastLogin,
} from '../model/login-form.js';
import type { LoginRequest } from '../state/explorer.js';
import { ArgumentsForm } from './arguments-form.js';
import { ErrorBox } from './error-box.js';
import { preferences } from './preferences.js';
import { ThemeButton } from './theme.js';
import { useExplorer, useStore } from './use-store.js';

/** Under what the last login is kept, without its secrets. */
const LAST_LOGIN = 'last-login';

/** Asks for an application, and who wants it. */
export function Login() {
  const explorer = useExplorer();
  const { settings, url } = explorer.host;
  const isBusy = useStore(explorer.isLoggingIn);
  const error = useStore(explorer.loginError);
  const offered = settings.applications;
  const [last] = useState(() => readLastLogin(preferences.get(LAST_LOGIN)));
  const [chosen, setChosen] = useState(() => firstApplication(offered, last));
  const [typed, setTyped] = useState({ name: '', version: '' });
  const application = chosen === -1 ? undefined : offered.at(chosen);
  const { name, version } = application ?? typed;
  const told = explorer.toldOf(name, version);
  const strategies = offeredStrategies(
    told?.strategies ?? (application?.handshakes && readStrategies(application.handshakes)),
  );
  const ids = { app: useId(), version: useId() };
  const logIn = async (request: LoginRequest): Promise<void> => {
    await explorer.logIn(request);
    if (explorer.screen.value !== 'main') return;
    const { app, version: wanted, login } = request;
    const strategy = login === null ? 'anonymous' : 'strategy' in login ? login.strategy : 'login';
    preferences.set(LAST_LOGIN, JSON.stringify({ app, version: wanted, strategy } satisfies LastLogin));
  };
  return (
    <div class="login-screen">
      <main class="login-card">
        <div class="login-title">
          <h1>{settings.title}</h1>
          <ThemeButton />
        </div>
        <p class="hint">
          <bdi>{url}</bdi>
        </p>
        <div class="field">
          <label class="label" for={ids.app}>
            Application
          </label>
          {offered.length > 0 ? (
            <select
              id={ids.app}
              class="input"
              value={String(chosen)}
              onChange={(event) => {
                setChosen(Number(event.currentTarget.value));
              }}
            >
              {offered.map((each, index) => (
                <option key={index} value={String(index)}>
                  {`${each.name} ${each.version}`}
                </option>
              ))}
              <option value="-1">Another one…</option>
            </select>
          ) : null}
        </div>
        {application ? null : (
          <div class="row">
            <input
              id={offered.length > 0 ? undefined : ids.app}
              class="input"
              aria-label="Name of the application"
              placeholder="jstp"
              autocomplete="off"
              value={typed.name}
              onInput={(event) => {
                setTyped({ ...typed, name: event.currentTarget.value });
              }}
            />
            <input
              id={ids.version}
              class="input short"
              aria-label="Version, or range of versions"
              placeholder="version"
              autocomplete="off"
              value={typed.version}
              onInput={(event) => {
                setTyped({ ...typed, version: event.currentTarget.value });
              }}
            />
          </div>
        )}
        <Credentials
          key={chosen}
          strategies={strategies}
          definitions={told?.definitions ?? {}}
          isBusy={isBusy}
          lastStrategy={last?.app === name && last.version === version ? last.strategy : undefined}
          onLogin={(login) => {
            void logIn({ app: name || 'jstp', version, login });
          }}
        />
        <div role="alert">{error ? <ErrorBox error={error} title="Not let in" /> : null}</div>
      </main>
    </div>
  );
}

interface CredentialsProps {
  readonly strategies: readonly StrategyEntry[];
  readonly definitions: Unknowns;
  readonly isBusy: boolean;
  readonly lastStrategy: string | undefined;
  readonly onLogin: (login: Exclude<ReturnType<typeof readLogin>, string>) => void;
}

function Credentials({ strategies, definitions, isBusy, lastStrategy, onLogin }: CredentialsProps) {
  const [strategy, setStrategy] = useState(() => firstStrategy(strategies, lastStrategy));
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [other, setOther] = useState('');
  const [problem, setProblem] = useState('');
  const entry = strategies.find((each) => each.strategy === strategy);
  const args = credentialFields(entry);
  const [draft, setDraft] = useState<ArgumentsDraft>(() => emptyArguments(args, definitions));
  const ids = { strategy: useId(), other: useId() };
  const choose = (next: string): void => {
    const found = strategies.find((each) => each.strategy === next);
    setStrategy(next);
    setDraft(emptyArguments(credentialFields(found), definitions));
    setProblem('');
  };
  const submit = (): void => {
    const credentials = readArguments(draft, args, definitions);
    const login = readLogin({ strategy, name, password, other, credentials }, entry);
    if (typeof login === 'string') {
      setProblem(login);
      return;
    }
    setProblem('');
    onLogin(login);
  };
  return (
    <form
      class="login-form"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div class="field">
        <label class="label" for={ids.strategy}>
          Log in by
        </label>
        <select
          id={ids.strategy}
          class="input"
          value={strategy}
          onChange={(event) => {
            choose(event.currentTarget.value);
          }}
        >
          {strategies.map((each) => (
            <option key={each.strategy} value={each.strategy}>
              {strategyLabel(each.strategy)}
            </option>
          ))}
        </select>
        {entry?.description ? <p class="hint">{entry.description}</p> : null}
      </div>
      {strategy === 'login' ? (
        <NameAndPassword name={name} password={password} onName={setName} onPassword={setPassword} />
      ) : null}
      {strategy === OTHER ? (
        <div class="field">
          <label class="label" for={ids.other}>
            Name of the strategy
          </label>
          <input
            id={ids.other}
            class="input"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            value={other}
            onInput={(event) => {
              setOther(event.currentTarget.value);
            }}
          />
        </div>
      ) : null}
      {strategy !== 'login' && strategy !== 'anonymous' && args.length > 0 ? (
        <ArgumentsForm
          title="Credentials"
          heading="h2"
          args={args}
          definitions={definitions}
          draft={draft}
          problems={[]}
          onChange={setDraft}
        />
      ) : null}
      <p class="problem" role="status">
        {problem}
      </p>
      <button type="submit" class="button primary wide" disabled={isBusy}>
        {isBusy ? 'Connecting…' : 'Connect'}
      </button>
    </form>
  );
}

interface NameProps {
  readonly name: string;
  readonly password: string;
  readonly onName: (name: string) => void;
  readonly onPassword: (password: string) => void;
}

function NameAndPassword({ name, password, onName, onPassword }: NameProps) {
  const ids = { name: useId(), password: useId() };
  return (
    <>
      <div class="field">
        <label class="label" for={ids.name}>
          Name
        </label>
        <input
          id={ids.name}
          class="input"
          autocomplete="username"
          autocapitalize="off"
          spellcheck={false}
          value={name}
          onInput={(event) => {
            onName(event.currentTarget.value);
          }}
        />
      </div>
      <div class="field">
        <label class="label" for={ids.password}>
          Password
        </label>
        <input
          id={ids.password}
          class="input"
          type="password"
          autocomplete="current-password"
          value={password}
          onInput={(event) => {
            onPassword(event.currentTarget.value);
          }}
        />
      </div>
    </>
  );
}
