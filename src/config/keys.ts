import { z } from "zod";

/** One option or one section of the schema. */
export interface Key {
  readonly path: readonly string[];
  readonly description: string;
  /** What a valid value is, as a noun phrase. */
  readonly expected: string;
  readonly defaultValue: unknown;
  /** A section holds further keys; everything else is an option. */
  readonly section: boolean;
  readonly type: z.core.$ZodTypeDef["type"];
  /** Its value is not to be printed. */
  readonly secret: boolean;
}

/** The schema's keys, parents before children, in order. */
export function keysOf(schema: z.ZodObject): Key[] {
  return Object.entries(schema.shape).flatMap(([name, field]) => keyTree([name], field as z.ZodType));
}

function keyTree(path: readonly string[], field: z.ZodType): Key[] {
  const inner = unwrap(field);
  const section = inner instanceof z.ZodObject;
  const key: Key = {
    path,
    description: field.description ?? "",
    expected: section ? "a mapping" : expectedBy(inner),
    defaultValue: section ? {} : field.parse(undefined),
    section,
    type: inner.def.type,
    secret: inner.meta()?.secret === true,
  };
  if (!section) return [key];
  return [
    key,
    ...Object.entries(inner.shape).flatMap(([name, child]) => keyTree([...path, name], child as z.ZodType)),
  ];
}

function unwrap(field: z.ZodType): z.ZodType {
  const wrapped = field instanceof z.ZodDefault || field instanceof z.ZodPrefault;
  return wrapped ? unwrap(field.unwrap() as z.ZodType) : field;
}

function expectedBy(option: z.ZodType): string {
  return option.safeParse(undefined).error?.issues[0]?.message ?? "";
}
