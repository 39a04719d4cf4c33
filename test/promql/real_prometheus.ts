import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SeriesSamples } from "../../src/promql/source.ts";
import { freePort } from "../support/free_port.ts";
import { remoteWriteBody } from "./remote_write.ts";

const BINARY = "/usr/bin/prometheus";
const START_TIMEOUT_MS = 30_000;

/** An answer of the query API. */
export type PrometheusAnswer =
  | { readonly status: "success"; readonly data: { readonly resultType: string; readonly result: unknown } }
  | { readonly status: "error"; readonly error: string };

/** A real Prometheus (Debian's package) in a folder of its own, with remote write as its only input. */
export class RealPrometheus {
  readonly #process: Bun.Subprocess;
  readonly #folder: string;
  readonly #url: string;

  private constructor(process: Bun.Subprocess, folder: string, url: string) {
    this.#process = process;
    this.#folder = folder;
    this.#url = url;
  }

  static async start(): Promise<RealPrometheus> {
    if (!(await Bun.file(BINARY).exists()))
      throw new Error(
        `Cannot compare with Prometheus: ${BINARY} is missing. Run: apt-get install prometheus`,
      );
    const folder = await mkdtemp(join(tmpdir(), "dcmon-prometheus-"));
    await Bun.write(join(folder, "prometheus.yml"), "global: {}\n");
    const port = freePort();
    const child = Bun.spawn(
      [
        BINARY,
        `--config.file=${join(folder, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        "--storage.tsdb.retention.time=100y",
        `--web.listen-address=127.0.0.1:${port}`,
        "--web.enable-remote-write-receiver",
        "--log.level=error",
      ],
      { stdout: "ignore", stderr: "ignore" },
    );
    const prometheus = new RealPrometheus(child, folder, `http://127.0.0.1:${port}`);
    await prometheus.#ready();
    return prometheus;
  }

  /** Sends the series in slices of time, since Prometheus refuses samples far behind its newest. NaN is sent as a stale marker. */
  async write(series: readonly SeriesSamples[], sliceMs = 1_200_000): Promise<void> {
    const times = series.flatMap(({ timestamps }) => [timestamps[0] ?? 0, timestamps.at(-1) ?? 0]);
    for (let from = Math.min(...times); from <= Math.max(...times); from += sliceMs) {
      const slice = series.map(({ labels, timestamps, values }) => {
        const inside = (_: number, i: number): boolean =>
          timestamps[i]! >= from && timestamps[i]! < from + sliceMs;
        return { labels, timestamps: timestamps.filter(inside), values: values.filter(inside) };
      });
      const response = await fetch(`${this.#url}/api/v1/write`, {
        method: "POST",
        headers: { "Content-Encoding": "snappy", "Content-Type": "application/x-protobuf" },
        body: remoteWriteBody(slice.filter(({ timestamps }) => timestamps.length > 0)),
      });
      if (!response.ok)
        throw new Error(`Prometheus refused the samples: ${response.status} ${await response.text()}`);
    }
  }

  async query(path: "query" | "query_range", parameters: Record<string, string>): Promise<PrometheusAnswer> {
    const body = new URLSearchParams(parameters);
    const response = await fetch(`${this.#url}/api/v1/${path}`, { method: "POST", body });
    return (await response.json()) as PrometheusAnswer;
  }

  async stop(): Promise<void> {
    this.#process.kill();
    await this.#process.exited;
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (Date.now() < deadline && this.#process.exitCode === null) {
      const ready = await fetch(`${this.#url}/-/ready`).then(
        (response) => response.ok,
        () => false,
      );
      if (ready) return;
      await Bun.sleep(50);
    }
    await this.stop();
    throw new Error(`Prometheus was not ready within ${START_TIMEOUT_MS / 1000} s`);
  }
}
