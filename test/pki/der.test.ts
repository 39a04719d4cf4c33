import { expect, test } from "bun:test";
import { elementsOf, encodeElement, TAG } from "../../src/pki/der.ts";

const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

test("an element is read as it was written, whatever form its length has", () => {
  for (const length of [0, 1, 127, 128, 255, 256, 65_535]) {
    const body = new Uint8Array(length).fill(7);
    const [element, ...more] = elementsOf(encodeElement(TAG.octetString, body));
    expect(element?.tag).toBe(TAG.octetString);
    expect(element?.body).toEqual(body);
    expect(more).toEqual([]);
  }
});

test("elements stand one after the other, and one may hold others", () => {
  const inner = [encodeElement(TAG.boolean, hex("ff")), encodeElement(TAG.integer, hex("00"))];
  const [sequence] = elementsOf(encodeElement(TAG.sequence, ...inner));
  expect(elementsOf(sequence!.body).map(({ tag }) => tag)).toEqual([TAG.boolean, TAG.integer]);
});

test("what is cut off, too long or without a length has no elements", () => {
  for (const der of [
    "30",
    "3001",
    "3081",
    "308201",
    "30820100",
    "300000ff",
    "3080",
    "308300000100",
    "02010030",
  ])
    expect(elementsOf(hex(der))).toEqual([]);
  expect(elementsOf(Buffer.concat([hex("3080"), new Uint8Array(200)]))).toEqual([]);
  expect(elementsOf(undefined)).toEqual([]);
});
