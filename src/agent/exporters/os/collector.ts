import type { Host } from "../../host.ts";
import { NoData, type Sample } from "../exporter.ts";

/** One topic of the os exporter, named as node_exporter names its collector. It may keep state between ticks. */
export interface Collector {
  readonly name: string;
  /** @throws NoData when this machine does not have what it reads */
  collect(host: Host, tick: Tick): Sample[] | Promise<Sample[]>;
}

/** What the collectors of one tick share, so that a file which several need is read once. */
export class Tick {
  readonly #shared = new Map<string, string>();

  constructor(private readonly host: Host) {}

  /** @throws NoData when the file is not there */
  read(path: string): string {
    let text = this.#shared.get(path);
    if (text === undefined) {
      text = readNeeded(this.host, path);
      this.#shared.set(path, text);
    }
    return text;
  }
}

/** @throws NoData when the file is not there */
export function readNeeded(host: Host, path: string): string {
  const text = host.readText(path);
  if (text === undefined) throw new NoData(`${path} is not there`);
  return text;
}

/** A collector of one file and a pure parser. */
export function fileCollector(
  name: string,
  pathOf: (host: Host) => string,
  parse: (text: string) => Sample[],
): Collector {
  return { name, collect: (host) => parse(readNeeded(host, pathOf(host))) };
}
