/** One line of JSON that the simulated agents print ten times a second. */
export interface LoadStatus {
  /** Agents whose uplink is up. */
  connected: number;
  /** Frames spooled and acknowledged since the process started, all agents together. */
  spooled: number;
  acknowledged: number;
}
