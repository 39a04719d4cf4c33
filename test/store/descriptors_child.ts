import { closeSync, openSync } from "node:fs";
import { layoutOf, StoreFixture } from "./fixture.ts";

/**
 * A store whose query worker has to be replaced while the process has no file descriptor left. Prints the query's
 * error, and what the next query finds after the descriptors have come back.
 */
const SIEGE_MS = 1000;
const HOSTILE_VALUES = 150;

async function main(): Promise<void> {
  const fixture = await StoreFixture.open({ queryTimeoutMs: 300 });
  for (let i = 0; i < HOSTILE_VALUES; i++)
    fixture.sender(1, layoutOf(scrambled(i), ["victim"])).send(fixture.clock.now(), [1]);
  const sender = fixture.sender(2, layoutOf("a", ["load"]));
  sender.send(fixture.clock.now(), [1]);
  await sender.settled();
  const taken = takeAllDescriptors();
  const overrun = await fixture.store.query('{instance=~"(.*a.{900})b|(.*aa.{800}c)"}', {
    kind: "instant",
    time: fixture.clock.now(),
  });
  process.stdout.write(`${overrun.ok ? "answered" : overrun.error.kind}\n`);
  // What the ended worker gives back is taken by others before the next one starts.
  for (const end = performance.now() + SIEGE_MS; performance.now() < end; await Bun.sleep(1))
    taken.push(...takeAllDescriptors());
  for (const descriptor of taken) closeSync(descriptor);
  process.stdout.write(`${JSON.stringify(await fixture.vector("load"))}\n`);
  await fixture.remove();
}

/** A thousand letters a and b, without a pattern: the expression takes tens of milliseconds for each. */
function scrambled(seed: number): string {
  return Array.from({ length: 1000 }, (_, i) => (Bun.hash(`${seed} ${i}`) % 2n === 0n ? "a" : "b")).join("");
}

function takeAllDescriptors(): number[] {
  const taken: number[] = [];
  for (;;)
    try {
      taken.push(openSync("/dev/null", "r"));
    } catch {
      return taken;
    }
}

main();
