import type { Assertion, RegexNode } from "./syntax.ts";

/** One step of a matcher; targets are indexes into the program. */
export type Instruction =
  | { readonly op: "character"; readonly accepts: (codePoint: number) => boolean }
  | { readonly op: "assertion"; readonly assertion: Assertion }
  /** Goes on at both; the first is preferred. */
  | { op: "split"; first: number; second: number }
  | { op: "jump"; target: number }
  /** Remembers the position in a slot. */
  | { readonly op: "save"; readonly slot: number }
  | { readonly op: "match" };

/** Counted repetitions are written out, so a short expression can become a long program. */
const MAX_INSTRUCTIONS = 50_000;

/** Thompson's construction. @throws SyntaxError when the program becomes too long. */
export function compileProgram(root: RegexNode): Instruction[] {
  const program: Instruction[] = [];

  const emit = <T extends Instruction>(instruction: T): T => {
    if (program.length >= MAX_INSTRUCTIONS)
      throw new SyntaxError("expression too large: use smaller repeat counts");
    program.push(instruction);
    return instruction;
  };

  const emitNode = (node: RegexNode): void => {
    switch (node.kind) {
      case "character":
        emit({ op: "character", accepts: node.accepts });
        return;
      case "assertion":
        emit({ op: "assertion", assertion: node.assertion });
        return;
      case "sequence":
        node.parts.forEach(emitNode);
        return;
      case "capture":
        emit({ op: "save", slot: 2 * node.index });
        emitNode(node.node);
        emit({ op: "save", slot: 2 * node.index + 1 });
        return;
      case "alternatives":
        emitAlternatives(node.options);
        return;
      case "repetition":
        emitRepetition(node);
        return;
      default:
        node satisfies never;
    }
  };

  const emitAlternatives = (options: readonly RegexNode[]): void => {
    const ends: Extract<Instruction, { op: "jump" }>[] = [];
    for (const option of options.slice(0, -1)) {
      const split = emit({ op: "split" as const, first: program.length + 1, second: 0 });
      emitNode(option);
      ends.push(emit({ op: "jump" as const, target: 0 }));
      split.second = program.length;
    }
    emitNode(options.at(-1) as RegexNode);
    for (const jump of ends) jump.target = program.length;
  };

  const emitRepetition = ({ node, min, max, greedy }: RegexNode & { kind: "repetition" }): void => {
    for (let i = 0; i < min; i++) emitNode(node);
    if (max === Number.POSITIVE_INFINITY) {
      const start = program.length;
      const leave = emitOptional(greedy);
      emitNode(node);
      emit({ op: "jump", target: start });
      leave(program.length);
      return;
    }
    const leaves: ((target: number) => void)[] = [];
    for (let i = min; i < max; i++) {
      leaves.push(emitOptional(greedy));
      emitNode(node);
    }
    for (const leave of leaves) leave(program.length);
  };

  /** A split into what comes next and a way around it, whose target is given later. */
  const emitOptional = (greedy: boolean): ((target: number) => void) => {
    const next = program.length + 1;
    const split = emit({ op: "split" as const, first: next, second: next });
    return (target) => {
      if (greedy) split.second = target;
      else split.first = target;
    };
  };

  emitNode(root);
  emit({ op: "match" });
  return program;
}
