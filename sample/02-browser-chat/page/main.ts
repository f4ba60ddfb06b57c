import { Chat } from './chat.js';
import { LoginView } from './login-view.js';
import { ChatView } from './chat-view.js';

const url = new URL('/jstp', location.href);
url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';

const loginView = new LoginView(async (name, password) => {
  const chat = new Chat(url.href, name);
  await chat.logIn(password);
  const leave = (reason?: string): void => {
    chat.logOut();
    view.leave();
    loginView.show(reason);
  };
  const view = new ChatView(chat, () => leave());
  chat.listener = { changed: () => view.scheduleRender(), ended: leave };
  loginView.hide();
});
loginView.show();
