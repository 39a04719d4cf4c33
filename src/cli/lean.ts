import { thisProgram } from "./this_program.ts";

/**
 * What an agent asks of JavaScriptCore: code compiled once and quickly, no optimising compilers and no collector
 * threads. Over an hour it computes for seconds, and holds 7 MB less (docs/decisions/008-a-lean-agent.md).
 * The engine reads these when a process starts, and only then.
 */
export const LEAN_ENVIRONMENT: Readonly<Record<string, string>> = {
  BUN_JSC_useDFGJIT: "0",
  BUN_JSC_useConcurrentGC: "0",
  BUN_JSC_numberOfGCMarkers: "1",
};

/** Makes this process a lean one, in place: same pid, same open files. Returns when it is one already. */
export function becomeLean(): void {
  const lean = Object.entries(LEAN_ENVIRONMENT).every(([name, value]) => process.env[name] === value);
  if (lean || process.execve === undefined) return;
  const environment = Object.fromEntries(
    Object.entries(process.env).map(([name, value]) => [name, value ?? ""]),
  );
  const argv = [...thisProgram(), ...process.argv.slice(2)];
  process.execve(argv[0]!, argv, { ...environment, ...LEAN_ENVIRONMENT });
}
