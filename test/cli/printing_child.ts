import { print } from "../../src/cli/output.ts";

/** Prints as many lines as its argument says, then ends as dcmon does. */
print(`${"x".repeat(99)}\n`.repeat(Number(process.argv[2]))).then(
  () => process.exit(0),
  () => process.exit(1),
);
