import { Mark } from "../components/icons.tsx";
import { Document, type PageFrame } from "../layout.tsx";

interface LoginProps {
  frame: PageFrame;
  /** Where to go afterwards: a path on this server. */
  next: string;
  /** Undefined for a visitor from another machine. */
  tokenFile: string | undefined;
  error?: string | undefined;
  /** There was a session, and it is over. */
  ended?: boolean | undefined;
}

export const LoginPage = ({ frame, next, tokenFile, error, ended }: LoginProps) => (
  <Document frame={frame} title="Log in">
    <main class="login" id="main">
      <form method="post" action={frame.links.login} class="login-card">
        <div class="login-brand">
          <Mark />
          <h1>dcmon</h1>
        </div>
        {ended && (
          <p class="notice" role="status">
            Your session has ended.
          </p>
        )}
        <input type="hidden" name="next" value={next} />
        {/* A user name lets password managers file the token under this site. */}
        <input
          type="text"
          name="user"
          value="admin"
          autocomplete="username"
          class="visually-hidden"
          tabindex={-1}
          readonly
          aria-label="User"
        />
        <label for="token">Admin token</label>
        <input
          id="token"
          name="token"
          type="password"
          autocomplete="current-password"
          required
          autofocus
          spellcheck={false}
          aria-describedby={error === undefined ? "token-hint" : "token-error token-hint"}
          aria-invalid={error === undefined ? undefined : "true"}
        />
        {error !== undefined && (
          <p class="field-error" id="token-error" role="alert">
            {error}
          </p>
        )}
        <button type="submit" class="primary">
          Log in
        </button>
        <p class="hint" id="token-hint">
          {tokenFile === undefined ? (
            "The token is in the file named in the server's start line."
          ) : (
            <>
              On the server, the token is in
              <code>{tokenFile}</code>
            </>
          )}
        </p>
      </form>
    </main>
  </Document>
);
