export type ClientStatus = "online" | "stale" | "down" | "never";

export interface StatusRules {
  /** The client's shortest interval between frames in milliseconds, as far as it is known. */
  readonly intervalOf: (clientId: string) => number | undefined;
  /** Milliseconds without data after which a client counts as down. */
  readonly downAfterMs: number;
}

const MISSED_FRAMES = 3;
const SHORTEST_PATIENCE_MS = 15_000;

/**
 * - `online`: a frame came within three intervals (at least 15 s), and within `server.down_after`
 * - `stale`: frames are missing, for less than `server.down_after`
 * - `down`: nothing for longer than that
 * - `never`: enrolled, and nothing came yet
 *
 * @param lastReceived when the last frame came, in milliseconds since the epoch.
 */
export function statusOf(
  clientId: string,
  lastReceived: number | undefined,
  now: number,
  rules: StatusRules,
): ClientStatus {
  if (lastReceived === undefined) return "never";
  const silence = now - lastReceived;
  if (silence > rules.downAfterMs) return "down";
  const patience = Math.max(SHORTEST_PATIENCE_MS, MISSED_FRAMES * (rules.intervalOf(clientId) ?? 0));
  return silence <= patience ? "online" : "stale";
}
