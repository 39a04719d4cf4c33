import type { ClientStatus } from "../../src/server/client_status.ts";

const WORDS: Readonly<Record<ClientStatus, string>> = {
  online: "Online",
  stale: "Stale",
  down: "Down",
  never: "No data yet",
};

/** A dot and a word: colour alone tells nothing to one man in twelve. */
export const Status = ({ status }: { status: ClientStatus }) => (
  <span class={`status ${status}`}>
    <svg class="dot" width="8" height="8" viewBox="0 0 8 8" aria-hidden="true">
      <circle cx="4" cy="4" r="4" />
    </svg>
    <span class="status-word">{WORDS[status]}</span>
  </span>
);
