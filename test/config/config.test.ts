import { expect, test } from "bun:test";
import { hostname } from "node:os";
import { ConfigError } from "../../src/config/source.ts";
import { type ConfigInputs, loadConfig } from "../../src/config.ts";
import { temporaryFile } from "../support/temporary.ts";

const NOTHING: ConfigInputs = { env: {}, flags: [] };

/** The problems that `text` as a configuration file has, without the file's name. */
function problems(text: string, inputs: Partial<ConfigInputs> = {}): string[] {
  using file = temporaryFile(text);
  try {
    loadConfig({ ...NOTHING, ...inputs, file: file.path });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => problem.replace(`${file.path}:`, ""));
  }
  return [];
}

test("without any source everything has its default", () => {
  const { server, agent } = loadConfig(NOTHING);
  expect(server).toMatchObject({ host: "0.0.0.0", port: 8000, metrics_days: 30, log_level: "info" });
  expect(agent.exporters.os).toEqual({ enabled: true, interval: 5, timeout: 4 });
  expect(agent.name).toBe(hostname());
  expect(agent.data_dir).toBe(`${server.data_dir}/agent`);
});

test("flags come before environment, environment before file, file before defaults", () => {
  using file = temporaryFile(
    "server:\n  port: 1\n  metrics_days: 1\n  host: 127.0.0.1\nagent:\n  labels: {rack: a7}\n",
  );
  const config = loadConfig({
    file: file.path,
    env: { DCMON_SERVER_PORT: "2", DCMON_SERVER_METRICS_DAYS: "0.5", DCMON_AGENT_LABELS: "group=a, role=b" },
    flags: [{ flag: "--listen", path: ["server", "port"], value: 3 }],
  });
  expect(config.server).toMatchObject({ port: 3, metrics_days: 0.5, host: "127.0.0.1", query_workers: 1 });
  expect(config.agent.labels).toEqual({ group: "a", role: "b" });
});

test("an empty file, empty sections and a byte order mark are all fine", () => {
  for (const text of [
    "",
    "# nothing\n",
    "\ufeffserver:\nagent:\n",
    "agent:\n  labels:\n  exporters:\n    os:\n",
  ])
    expect(problems(text)).toEqual([]);
});

test("an unknown key is refused with its place and the nearest valid key", () => {
  expect(problems("server:\n  prot: 1\n")).toEqual([
    '2:3: unknown key "server.prot"; nearest valid key: server.port',
  ]);
  expect(problems("agent: {exporters: {os: {intervall: 1}}}")).toEqual([
    '1:26: unknown key "agent.exporters.os.intervall"; nearest valid key: agent.exporters.os.interval',
  ]);
  expect(problems("port: 8000\n")).toEqual(['1:1: unknown key "port"; nearest valid key: server.port']);
});

test("keys of the systems that dcmon replaces are answered with what became of them", () => {
  const text =
    "server:\n  logs_days: 7\n  client_cert_dir: c\n  tls_cert: s.crt\n  stale_threshold_seconds: 300\n";
  const answers = problems(text);
  expect(answers).toHaveLength(4);
  for (const answer of answers) expect(answer).toMatch(/no such option|successor/);
  expect(answers[3]).toContain("server.down_after");
});

test("a certificate may be valid for all names of a domain; a server listens on one address", () => {
  expect(problems("server:\n  host: '*'\n")).toEqual([
    '2:9: server.host: expected a host name or IP address without port, got "*"',
  ]);
  for (const host of ["0.0.0.0", "::", "::1", "fe80::1%eth0", "localhost", "a.example.com"])
    expect(problems(`server:\n  host: "${host}"\n`)).toEqual([]);
  for (const name of ["192.0.2.1", "2001:db8::1", "localhost", "a.example.com", "*.example.com"])
    expect(problems(`server:\n  names: ["${name}"]\n`)).toEqual([]);
  for (const name of ["*", "*.", "a*.example.com", "a.*.com", "*.*.com", "fe80::1%eth0", "1:2"])
    expect(problems(`server:\n  names: ["${name}"]\n`)).toHaveLength(1);
});

test("wrong types and values are all reported, each with what was expected and what was there", () => {
  expect(
    problems(
      "server:\n  port: abc\n  log_level: INFO\n  metrics_days: -1\n  names: [ok, 'b c']\n  host:\nagent:\n  labels: {a-b: x, rack: 7}\n  exporters: []\n",
    ).sort(),
  ).toEqual(
    [
      '2:9: server.port: expected a whole number from 0 to 65535, got "abc"',
      '3:14: server.log_level: expected one of debug, info, warn, error, got "INFO"',
      "4:17: server.metrics_days: expected a number above 0, up to 36500, got -1",
      '5:15: server.names.1: expected a host name, such as node.example.com or *.example.com, or an IP address, without port, got "b c"',
      "6:8: server.host: expected a host name or IP address without port, got nothing",
      '8:12: agent.labels: expected a label name (letters, digits and _, not starting with a digit or __, not instance), got "a-b"',
      "8:26: agent.labels.rack: expected text of up to 1024 characters (put numbers in quotes), got 7",
      "9:14: agent.exporters: expected a mapping, got a list",
    ].sort(),
  );
});

test("environment and flags are named when they are wrong, even where a higher source hides them", () => {
  expect(
    problems("server:\n  port: x\n", {
      env: { DCMON_SERVER_PORT: "70000", DCMON_SEVER_HOST: "a", DCMON_AGENT_LABELS: "nonsense" },
      flags: [{ flag: "--log-level", path: ["server", "log_level"], value: "loud" }],
    }),
  ).toEqual([
    '--log-level: server.log_level: expected one of debug, info, warn, error, got "loud"',
    "DCMON_SEVER_HOST: unknown environment variable; nearest valid: DCMON_SERVER_HOST",
    "DCMON_SERVER_PORT: server.port: expected a whole number from 0 to 65535, got 70000",
    'DCMON_AGENT_LABELS: agent.labels: expected a mapping of label names to text, such as rack: a7, got "nonsense"',
    '2:9: server.port: expected a whole number from 0 to 65535, got "x"',
  ]);
});

test("a malformed number in the environment is an error, not a default", () => {
  for (const value of ["", "0x10", "1_000", "8000 ", "NaN", "Infinity"])
    expect(() => loadConfig({ env: { DCMON_SERVER_PORT: value }, flags: [] })).toThrow("DCMON_SERVER_PORT");
});

test("a refused token is not repeated", () => {
  const [problem] = problems("agent:\n  token: dcmon1.sesame\n");
  expect(problem).toContain("agent.token");
  expect(problem).not.toContain("sesame");
});

test("hostile text in a key or value reaches the terminal escaped and cut", () => {
  const [problem] = problems(`server:\n  "\\u001b[2Jx": 1\n  port: "${"y".repeat(500)}\\n"\n`).sort();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what must not appear
  expect(problem).not.toMatch(/[\u0000-\u001f]/);
  expect(problem?.length).toBeLessThan(200);
});

test("what is not a YAML mapping is refused in one sentence with its place", () => {
  const cases: [text: string, problem: string][] = [
    ["- a\n", "1:1: expected a mapping with the keys server and agent, got a list"],
    ["text\n", "1:1: expected a mapping with the keys server and agent, got plain text"],
    ["server: 5\n", "1:9: server: expected a mapping, got 5"],
    ["server:\n  port: 1\n  port: 2\n", "3:3: this key is given a second time; expected each key once"],
    ["server:\n\tport: 1\n", "2:1: expected spaces as indentation, got a tab"],
    ["server: {}\n---\nagent: {}\n", "2:1: expected one document, got a second one (---)"],
    ["? [1]\n: 2\n", "1:3: expected text as a key"],
    ["server: !include x\n", "1:9: not valid YAML: Unresolved tag: !include"],
    ["server: *x\n", " not valid YAML: Unresolved alias (the anchor must be set before the alias): x"],
    [
      "server: {\n",
      "2:1: not valid YAML: Flow map in block collection must be sufficiently indented and end with a }",
    ],
  ];
  for (const [text, problem] of cases) expect(problems(text)).toEqual([problem]);
});

test("a file that cannot be read is refused in one sentence", () => {
  expect(() => loadConfig({ ...NOTHING, file: "/proc/none" })).toThrow(
    /^\/proc\/none: cannot read this configuration file: it does not exist; expected a YAML file$/,
  );
  expect(() => loadConfig({ ...NOTHING, file: "/tmp" })).toThrow(/^\/tmp: cannot read .*: it is a folder;/);
  using binary = temporaryFile(Buffer.from([0xff, 0xfe, 0x61, 0x00]));
  expect(() => loadConfig({ ...NOTHING, file: binary.path })).toThrow("expected UTF-8 text");
});

test("a timeout longer than its interval is refused with its place; the default shrinks with the interval", () => {
  expect(problems("agent: {exporters: {os: {interval: 2, timeout: 3}}}")).toEqual([
    "1:48: agent.exporters.os.timeout: expected at most the interval, 2 s, got 3",
  ]);
  expect(problems("agent: {exporters: {os: {interval: 2}}}")).toEqual([]);
  const { agent } = loadConfig({ env: { DCMON_AGENT_EXPORTERS_OS_INTERVAL: "1" }, flags: [] });
  expect(agent.exporters.os).toEqual({ enabled: true, interval: 1, timeout: 1 });
});

test("a port in server.host is refused: a colon means IPv6", () => {
  for (const host of ["127.0.0.1:23412", "localhost:8000", "[::1]"])
    expect(problems(`server:\n  host: "${host}"\n`)).toEqual([
      `2:9: server.host: expected a host name or IP address without port, got "${host}"`,
    ]);
  for (const host of ["::", "::1", "fe80::1%eth0", "localhost", "10.0.0.1"])
    expect(problems(`server:\n  host: "${host}"\n`)).toEqual([]);
});
