import { existsSync, readdirSync } from "node:fs";

/** What the tests need beside the npm packages: real components, from Debian. */
export const REQUIREMENTS: readonly { file: string; package: string; reason: string }[] = [
  { file: "/usr/bin/prometheus", package: "prometheus", reason: "queries are compared with it" },
  { file: "/usr/bin/promtool", package: "prometheus", reason: "checks the exposition format" },
  {
    file: "/usr/bin/prometheus-node-exporter",
    package: "prometheus-node-exporter",
    reason: "the os exporter is compared with it",
  },
  { file: "/usr/bin/chromium", package: "chromium", reason: "pages are tested in a browser" },
  {
    file: "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    package: "fonts-dejavu-core",
    reason: "letters in the browser",
  },
  { file: "/usr/sbin/ip", package: "iproute2", reason: "nodes and cables as network namespaces" },
  { file: "/usr/bin/strace", package: "strace", reason: "injects disk errors" },
  { file: "/usr/bin/faketime", package: "faketime", reason: "wrong clocks" },
  { file: "/usr/bin/openssl", package: "openssl", reason: "certificates that dcmon did not make" },
  { file: "/usr/bin/ps", package: "procps", reason: "watches processes from outside" },
  { file: "/usr/bin/curl", package: "curl", reason: "an HTTP client that is not ours" },
];

const NEEDS_ROOT =
  "The tests make network namespaces, mounts and full disks, which needs root: run npm test as root, best in a container or a virtual machine.";

/**
 * Installs what is missing with apt, after saying so.
 * @throws Error that names what is missing and how to get it.
 */
export function ensureRequirements(): void {
  if (process.getuid?.() !== 0) throw new Error(NEEDS_ROOT);
  const missing = missingPackages();
  if (missing.length === 0) return;
  if (!existsSync("/usr/bin/apt-get")) {
    throw new Error(
      `The tests need these Debian packages: ${missing.join(" ")}. Install them with the system's package manager: there is no apt-get here.`,
    );
  }
  process.stdout.write(`Installing what the tests need with apt-get: ${missing.join(" ")}\n`);
  if (!packageListsAreThere()) aptGet("update");
  if (!aptGet("install", ...missing)) {
    aptGet("update");
    aptGet("install", ...missing);
  }
  const still = missingPackages();
  if (still.length > 0)
    throw new Error(
      `The tests need these Debian packages, and apt-get could not install them: ${still.join(" ")}. See its output above.`,
    );
}

function missingPackages(): string[] {
  const missing = REQUIREMENTS.filter((requirement) => !existsSync(requirement.file));
  return [...new Set(missing.map((requirement) => requirement.package))];
}

function packageListsAreThere(): boolean {
  const folder = "/var/lib/apt/lists";
  return (
    existsSync(folder) &&
    readdirSync(folder).some((name) => name.endsWith("Packages") || name.includes("Packages."))
  );
}

/** Quiet unless it fails. Services that the packages bring are not started: tests start their own, on their own ports. */
function aptGet(command: "update" | "install", ...packages: string[]): boolean {
  const options = [
    "-q",
    "-y",
    "-o",
    "Dpkg::Use-Pty=0",
    "-o",
    "Acquire::Retries=3",
    "--no-install-recommends",
  ];
  const result = Bun.spawnSync(["/usr/bin/apt-get", ...options, command, ...packages], {
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      DEBIAN_FRONTEND: "noninteractive",
      SYSTEMD_OFFLINE: "1",
      RUNLEVEL: "1",
      http_proxy: process.env.http_proxy,
      https_proxy: process.env.https_proxy,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  if (result.success) return true;
  process.stdout.write(`apt-get ${command} failed:\n${result.stdout}${result.stderr}\n`);
  return false;
}
