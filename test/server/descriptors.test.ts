import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.ts";
import { until } from "../support/until.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");
const DESCRIPTORS = 240;
/** Longer than the 15 s from one round of the server's own series to the next. */
const SIEGE_MS = 17_000;

test("strangers' silent connections that take every file descriptor do not end the server", async () => {
  using folder = temporaryFolder();
  const server = [process.execPath, MAIN, "server", "--data-dir", folder.path, "--listen", "127.0.0.1:0"];
  const child = Bun.spawn(["sh", "-c", `ulimit -n ${DESCRIPTORS}; exec "$@"`, "sh", ...server], {
    env: { PATH: "/usr/bin:/bin" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const said = new Response(child.stderr).text();
  const { value } = await child.stdout.getReader().read();
  const port = Number(/:(\d+)/.exec(new TextDecoder().decode(value))![1]);
  const healthy = () =>
    fetch(`https://127.0.0.1:${port}/health`, {
      keepalive: false,
      tls: { rejectUnauthorized: false },
      signal: AbortSignal.timeout(1000),
    }).then(
      ({ ok }) => ok,
      () => false,
    );
  expect(await healthy()).toBe(true);
  const siege = new Siege(port, DESCRIPTORS + 20);
  await Bun.sleep(SIEGE_MS);
  expect(await healthy()).toBe(false);
  siege.end();
  await until(healthy, "the server's answer");
  child.kill("SIGTERM");
  expect([await child.exited, await said]).toEqual([
    0,
    expect.stringContaining("cannot read the server's own memory"),
  ]);
}, 60_000);

/** Holds so many TCP connections open, and makes a new one for each that the server closes. */
class Siege {
  readonly #sockets = new Set<Socket>();
  #ended = false;

  constructor(port: number, connections: number) {
    for (let i = 0; i < connections; i++) this.#hold(port);
  }

  end(): void {
    this.#ended = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #hold(port: number): void {
    const socket = connect(port, "127.0.0.1");
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#sockets.delete(socket);
      if (!this.#ended) this.#hold(port);
    });
  }
}
