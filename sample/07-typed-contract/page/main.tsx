import { StrictMode, useState, type SubmitEvent } from 'react';
import { createRoot } from 'react-dom/client';
import { createClient } from 'nestjs-jstp/browser';
import type { Chat, Said } from '../contract.js';
import { useJstp } from './use-jstp.js';

const chat = createClient<Chat>({ url: '/jstp', app: 'chat@^1.0.0' });
chat.expose({ page: { language: () => navigator.language } });
chat.on('error', console.warn);

const me = new URLSearchParams(location.search).get('name') ?? 'guest';

async function history(): Promise<Said[]> {
  const all: Said[] = [];
  for await (const said of chat.stream('room', 'history')) all.push(said);
  return all;
}

function Room() {
  const [text, setText] = useState('');
  const people = useJstp(
    chat,
    () => chat.call('room', 'join', me),
    (reload) => chat.fromEvent('room', 'people', reload),
  );
  const said = useJstp(chat, history, (reload) => chat.fromEvent('room', 'said', reload));
  const say = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    await chat.call('room', 'say', text);
    setText('');
  };
  return (
    <main>
      <p role="status">{said.status}</p>
      <p id="people">{people.data?.join(', ')}</p>
      <ol>
        {said.data?.map(({ who, text }, index) => (
          <li key={index}>
            <b>{who}</b> {text}
          </li>
        ))}
      </ol>
      <form onSubmit={say}>
        <input
          aria-label="Message"
          value={text}
          onChange={({ target }) => {
            setText(target.value);
            void chat.emit('room', 'typing');
          }}
        />
        <button>Send</button>
      </form>
    </main>
  );
}

createRoot(document.body.appendChild(document.createElement('div'))).render(
  <StrictMode>
    <Room />
  </StrictMode>,
);
