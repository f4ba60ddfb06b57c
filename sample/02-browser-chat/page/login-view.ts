import { byId } from './dom.js';

/** The form that asks who is there. */
export class LoginView {
  private readonly section = byId('login', HTMLElement);
  private readonly form = byId('login-form', HTMLFormElement);
  private readonly name = byId('login-name', HTMLInputElement);
  private readonly password = byId('login-password', HTMLInputElement);
  private readonly error = byId('login-error', HTMLElement);
  private readonly button = byId('login-button', HTMLButtonElement);

  /** @param logIn says whether name and password are right */
  constructor(private readonly logIn: (name: string, password: string) => Promise<boolean>) {
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.submit();
    });
  }

  show(reason = ''): void {
    this.section.hidden = false;
    this.error.textContent = reason;
    this.password.value = '';
    (this.name.value ? this.password : this.name).focus();
  }

  hide(): void {
    this.section.hidden = true;
  }

  private async submit(): Promise<void> {
    this.error.textContent = '';
    this.button.disabled = true;
    try {
      const isRight = await this.logIn(this.name.value.trim(), this.password.value);
      if (!isRight) this.error.textContent = 'Wrong name or password.';
    } catch {
      this.error.textContent = 'The server cannot be reached. Is it running?';
    } finally {
      this.button.disabled = false;
    }
  }
}
