import { isIP } from "node:net";
import { z } from "zod";
import { isLabelName } from "../metrics/labels.ts";
import { isCertificateName } from "../pki/names.ts";
import { parseJoinToken } from "../pki/token.ts";
import { MAX_LABEL_NAME_LENGTH, MAX_LABEL_VALUE_LENGTH } from "../wire/layout.ts";

/**
 * The kinds of values that options have. Each kind has one message, for every way to miss it: what is expected,
 * as a noun phrase. The reference in docs/configuration.md prints the same phrase.
 */

export function flag() {
  return z.boolean("true or false");
}

export function whole(min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}`;
  return z.int(expected).min(min, expected).max(max, expected);
}

/** A number greater than `min`, fractions allowed. */
export function above(min: number, max: number) {
  const expected = `a number above ${min}, up to ${max}`;
  return z.number(expected).gt(min, expected).max(max, expected);
}

export function seconds(min: number, max: number) {
  const expected = `a number of seconds from ${min} to ${max}`;
  return z.number(expected).min(min, expected).max(max, expected);
}

export function choice<const T extends readonly string[]>(values: T) {
  return z.enum(values, `one of ${values.join(", ")}`);
}

/** An empty path is a valid value; the option says what it means. */
export function optionalPath() {
  return z.string("a path, or empty text");
}

export function path() {
  return z.string("a path").min(1, "a path");
}

export function list<T extends z.ZodType>(element: T, expected: string) {
  return z.array(element, expected);
}

const DNS_NAME = /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/;

/** An IP address or DNS name, without port. IPv6 without brackets. */
export function listenAddress() {
  const expected = "a host name or IP address without port";
  return z.string(expected).refine((value) => DNS_NAME.test(value) || isIP(value) === 6, expected);
}

/** As {@link listenAddress}; the first part of a DNS name may be `*`. */
export function certificateName() {
  const expected = "a host name, such as node.example.com or *.example.com, or an IP address, without port";
  return z.string(expected).refine(isCertificateName, expected);
}

export function serverUrl() {
  const expected = "an address like https://host:8000";
  return z.string(expected).refine((value) => value === "" || isServerUrl(value), expected);
}

/** The port is asked for: without one it would silently be 443, where no dcmon listens by default. */
function isServerUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  const bare = url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "";
  return url.protocol === "https:" && bare && /:\d+\/?$/.test(value);
}

export function joinToken() {
  const expected = 'a join token as printed by "dcmon token create" (dcmon1.…)';
  return z
    .string(expected)
    .refine((value) => value === "" || parseJoinToken(value) !== undefined, expected)
    .meta({ secret: true });
}

export function clientName() {
  const expected = "a name of up to 128 printable characters without spaces";
  return z.string(expected).regex(/^[\p{L}\p{M}\p{N}\p{P}\p{S}]{0,128}$/u, expected);
}

export function labels() {
  const expected = "a mapping of label names to text, such as rack: a7";
  const name = "a label name (letters, digits and _, not starting with a digit or __, not instance)";
  const value = `text of up to ${MAX_LABEL_VALUE_LENGTH} characters (put numbers in quotes)`;
  return z.record(
    z.string(name).refine((key) => isFreeLabelName(key), name),
    z.string(value).max(MAX_LABEL_VALUE_LENGTH, value),
    expected,
  );
}

function isFreeLabelName(name: string): boolean {
  const reserved = name === "instance" || name.startsWith("__");
  return isLabelName(name) && name.length <= MAX_LABEL_NAME_LENGTH && !reserved;
}
