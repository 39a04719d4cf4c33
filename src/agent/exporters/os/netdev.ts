import type { Sample } from "../exporter.ts";
import { fileCollector } from "./collector.ts";
import { isContainerDevice } from "./container_device.ts";
import { linesOf, Malformed, numberOf, sample, wordsOf } from "./text.ts";

/** Columns of /proc/net/dev after `device:`. */
const COLUMNS = [
  "receive_bytes",
  "receive_packets",
  "receive_errs",
  "receive_drop",
  "receive_fifo",
  "receive_frame",
  "receive_compressed",
  "receive_multicast",
  "transmit_bytes",
  "transmit_packets",
  "transmit_errs",
  "transmit_drop",
  "transmit_fifo",
  "transmit_colls",
  "transmit_carrier",
  "transmit_compressed",
].map((column) => `node_network_${column}_total`);

/**
 * One line a device after two of headings; `lo` is left out, as Debian's node_exporter does, and devices of containers,
 * as it does not.
 */
export function parseNetDev(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of linesOf(text).slice(2)) {
    const colon = line.lastIndexOf(":");
    const device = line.slice(0, colon).trim();
    if (colon < 0) throw new Malformed("/proc/net/dev", "a device and a colon", line);
    if (device === "lo" || isContainerDevice(device)) continue;
    const counts = wordsOf(line.slice(colon + 1));
    const labels = [["device", device]] as const;
    for (const [i, name] of COLUMNS.entries())
      samples.push(
        sample(name, numberOf(counts[i], "/proc/net/dev", `column ${i + 1} of ${device}`), labels),
      );
  }
  return samples;
}

export const netdev = fileCollector("netdev", (host) => host.proc("net/dev"), parseNetDev);
