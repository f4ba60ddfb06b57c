import { Chat } from './chat.js';
import { loggedIn, logIn, logOut } from './login.js';
import { LoginView } from './login-view.js';
import { ChatView } from './chat-view.js';

const loginView = new LoginView(async (name, password) => {
  if (!(await logIn(name, password))) return false;
  await begin(name);
  return true;
});

/** Shows the chat to who is logged in. */
async function begin(name: string): Promise<void> {
  const chat = new Chat('/jstp', name);
  try {
    await chat.start();
  } catch (error) {
    chat.stop();
    throw error;
  }
  const leave = (reason?: string): void => {
    chat.stop();
    logOut().catch(() => undefined);
    view.leave();
    loginView.show(reason);
  };
  const view = new ChatView(chat, () => leave());
  chat.listener = { changed: () => view.scheduleRender(), ended: leave };
  loginView.hide();
}

// A page that is loaded anew is logged in still.
const name = await loggedIn().catch(() => null);
if (name === null) loginView.show();
else await begin(name).catch(() => loginView.show());
