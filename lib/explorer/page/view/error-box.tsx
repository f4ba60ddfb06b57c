import type { ShownError } from '../model/errors.js';
import { ValueTree } from './value-tree.js';

/** An error, with its code and what that means. */
export function ErrorBox({ error, title }: { readonly error: ShownError; readonly title?: string }) {
  const { code, constant, message, meaning, info } = error;
  return (
    <div class="error-box">
      <p class="error-title">
        {title ? `${title}: ` : ''}
        <bdi>{message}</bdi>
      </p>
      {code === undefined ? null : (
        <p class="error-code">
          <code>{code}</code>
          {constant && constant !== code ? <code>{constant}</code> : null}
        </p>
      )}
      {meaning ? <p>{meaning}</p> : null}
      {info ? (
        <div class="error-info">
          <p class="label">What the server adds</p>
          <ValueTree value={info.length === 1 ? info[0] : info} />
        </div>
      ) : null}
    </div>
  );
}
