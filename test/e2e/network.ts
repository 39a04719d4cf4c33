/** Test hosts as network namespaces, each with one cable to a switch of their own. Needs root. */

export interface Host {
  readonly name: string;
  readonly address: string;
  /** `argv` as a process on this host. */
  spawn(argv: string[], environment?: Record<string, string>): Bun.Subprocess<"ignore", "ignore", "pipe">;
  /** Runs to the end. @throws Error with stderr when it fails. */
  run(argv: string[]): Promise<string>;
  /** Pulls this host's cable out of the switch; the host keeps its own link. */
  pullUplink(): void;
  plugUplink(): void;
}

const SUBNET = "10.231.77";
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * A switch with `names.length` hosts, `SUBNET.1` upwards. Two bridges joined by one cable: the first host on the
 * one, all others on the other, so that pulling the first host's uplink changes no link that another host can see.
 */
export class Network implements Disposable {
  readonly hosts: readonly Host[];
  readonly #switch: string;
  readonly #prefix = `dcm${process.pid % 100_000}`;

  constructor(names: readonly string[]) {
    if (process.getuid?.() !== 0) throw new Error("Network namespaces need root: run the tests as root.");
    this.#switch = `${this.#prefix}-switch`;
    ip("netns", "add", this.#switch);
    for (const bridge of ["br0", "br1"]) {
      ip("-n", this.#switch, "link", "add", bridge, "type", "bridge");
      ip("-n", this.#switch, "link", "set", bridge, "up");
    }
    ip("-n", this.#switch, "link", "add", "uplink0", "type", "veth", "peer", "name", "uplink1");
    ip("-n", this.#switch, "link", "set", "uplink0", "master", "br0", "up");
    ip("-n", this.#switch, "link", "set", "uplink1", "master", "br1", "up");
    this.hosts = names.map((name, index) => this.#addHost(name, index));
  }

  #addHost(name: string, index: number): Host {
    const namespace = `${this.#prefix}-${name}`;
    const port = `port${index}`;
    const address = `${SUBNET}.${index + 1}`;
    ip("netns", "add", namespace);
    ip("-n", this.#switch, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace);
    ip("-n", this.#switch, "link", "set", port, "master", index === 0 ? "br0" : "br1", "up");
    ip("-n", namespace, "addr", "add", `${address}/24`, "dev", "eth0");
    ip("-n", namespace, "link", "set", "eth0", "up");
    ip("-n", namespace, "link", "set", "lo", "up");
    const inside = (argv: string[]) => ["/usr/sbin/ip", "netns", "exec", namespace, ...argv];
    return {
      name,
      address,
      spawn: (argv, environment = {}) =>
        Bun.spawn(inside(argv), {
          env: { PATH, ...environment },
          stdin: "ignore",
          stdout: "ignore",
          stderr: "pipe",
        }),
      async run(argv) {
        const child = Bun.spawn(inside(argv), { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
        const [output, errors] = await Promise.all([
          new Response(child.stdout).text(),
          new Response(child.stderr).text(),
        ]);
        if ((await child.exited) !== 0) throw new Error(`${argv.join(" ")} on ${name}: ${errors}`);
        return output;
      },
      pullUplink: () => ip("-n", this.#switch, "link", "set", "uplink0", "down"),
      plugUplink: () => ip("-n", this.#switch, "link", "set", "uplink0", "up"),
    };
  }

  /** Removes every namespace; the cables go with them. */
  [Symbol.dispose](): void {
    for (const { name } of this.hosts) ip("netns", "delete", `${this.#prefix}-${name}`);
    ip("netns", "delete", this.#switch);
  }
}

function ip(...argv: string[]): void {
  const result = Bun.spawnSync(["/usr/sbin/ip", ...argv], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  if (!result.success) throw new Error(`ip ${argv.join(" ")}: ${result.stderr}`);
}
