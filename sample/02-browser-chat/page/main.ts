import { Chat } from './chat.js';
import { LoginView } from './login-view.js';
import { ChatView } from './chat-view.js';

const loginView = new LoginView(async (name, password) => {
  const chat = new Chat('/jstp', name, password);
  try {
    await chat.logIn();
  } catch (error) {
    chat.logOut();
    throw error;
  }
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
