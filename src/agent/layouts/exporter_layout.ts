import { type Labels, labelsKey, labelsOf, METRIC_NAME } from "../../metrics/labels.ts";
import {
  type Layout,
  labelsFault,
  layoutHash,
  MAX_LAYOUT_JSON_BYTES,
  MAX_LAYOUT_SERIES,
} from "../../wire/layout.ts";
import { encodeValues } from "../../wire/values.ts";
import type { Sample } from "../exporters/exporter.ts";
import type { Reading } from "../spool.ts";
import type { SampleDrops } from "./sample_drops.ts";

/** What one exporter may report: many times what a node has. */
export const MAX_EXPORTER_SERIES = 20_000;

const DEFAULT_JOB = "node";
/** Room for what stands around the series in a layout's JSON. */
const LAYOUT_ENVELOPE_BYTES = 1000;

/** In place of the column of a sample that belongs to no series. */
const INVALID = -1;
const OVER_LIMIT = -2;
const NOT_FINITE = -3;

interface ExporterLayoutOptions {
  readonly exporter: string;
  readonly intervalMs: number;
  readonly instance: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly drops: SampleDrops;
}

/** The columns from `start` to before `end`, as a layout of their own. */
interface Part {
  readonly start: number;
  readonly end: number;
  readonly layout: Layout;
  readonly hash: string;
}

/**
 * The series of one exporter. The layout grows to the union of all series seen. When more than a quarter of them is
 * absent, it is made anew from those that are present now or were in the tick before: so a series is only left out
 * after a frame of the old layout has told its end.
 */
export class ExporterLayout {
  /** In the order of their keys, so that the same set is the same layout, whatever came first. */
  #series: readonly Labels[] = [];
  #columns = new Map<string, number>();
  #parts: readonly Part[] = [];
  /** One value per column, of this tick and of the one before; NaN is absent. */
  #values = new Float64Array(0);
  #before = new Float64Array(0);
  #lastSamples: readonly Sample[] = [];
  /** The column of each of the last samples. */
  #lastColumns: number[] = [];

  constructor(private readonly options: ExporterLayoutOptions) {}

  readings(timestamp: number, samples: readonly Sample[]): Reading[] {
    if (!this.#sameAsLast(samples)) this.#lastColumns = this.#place(samples);
    this.#lastSamples = samples;
    [this.#values, this.#before] = [this.#before, this.#values];
    const present = this.#fill(samples);
    if (4 * (this.#series.length - present) > this.#series.length) this.#shrink();
    return this.#parts.map(({ hash, layout, start, end }) => {
      return { hash, layout, timestamp, payload: encodeValues(this.#values.subarray(start, end)) };
    });
  }

  /** The usual case, in which no label is looked at twice: the same series in the same order as in the last tick. */
  #sameAsLast(samples: readonly Sample[]): boolean {
    const last = this.#lastSamples;
    if (samples.length !== last.length) return false;
    for (let i = 0; i < samples.length; i++) {
      const a = samples[i]!;
      const b = last[i]!;
      if (a.name !== b.name || Number.isFinite(a.value) !== Number.isFinite(b.value)) return false;
      if (!sameLabels(a.labels, b.labels)) return false;
    }
    return true;
  }

  /** Finds the column of every sample. The layout grows by the series that are new. */
  #place(samples: readonly Sample[]): number[] {
    const added = new Map<string, Labels>();
    const places = samples.map((sample) => {
      if (!Number.isFinite(sample.value)) return NOT_FINITE;
      const labels = labelsOf(this.#pairs(sample));
      const key = labelsKey(labels);
      if (this.#columns.has(key) || added.has(key)) return key;
      if (labelsFault(labels) !== undefined) return INVALID;
      if (this.#series.length + added.size >= MAX_EXPORTER_SERIES) return OVER_LIMIT;
      added.set(key, labels);
      return key;
    });
    if (added.size > 0) this.#rebuild([...this.#series, ...added.values()]);
    return places.map((place) => (typeof place === "string" ? this.#columns.get(place)! : place));
  }

  /** Later pairs win: a sample's labels over the agent's, and nothing over instance and name. */
  *#pairs({ name, labels }: Sample): Generator<readonly [name: string, value: string]> {
    yield ["job", DEFAULT_JOB];
    yield* Object.entries(this.options.labels);
    yield* labels;
    yield ["instance", this.options.instance];
    yield [METRIC_NAME, name];
  }

  /** @returns how many series are present. */
  #fill(samples: readonly Sample[]): number {
    const { drops, exporter } = this.options;
    const values = this.#values.fill(Number.NaN);
    let present = 0;
    for (let i = 0; i < samples.length; i++) {
      const sample = samples[i]!;
      const column = this.#lastColumns[i]!;
      if (column === INVALID) drops.add("invalid", exporter, sample);
      else if (column === OVER_LIMIT) drops.add("limit", exporter, sample);
      else if (column === NOT_FINITE) drops.add("non_finite", exporter, sample);
      else {
        if (Number.isNaN(values[column])) present++;
        else drops.add("duplicate", exporter, sample);
        values[column] = sample.value;
      }
    }
    return present;
  }

  #shrink(): void {
    const kept = this.#series.filter(
      (_, column) => !(Number.isNaN(this.#values[column]) && Number.isNaN(this.#before[column])),
    );
    if (kept.length < this.#series.length) this.#rebuild(kept);
  }

  /** Makes the layout anew; values and columns go along with their series. */
  #rebuild(series: readonly Labels[]): void {
    const keyed = series.map((labels) => ({ labels, key: labelsKey(labels) }));
    keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
    const columns = new Map(keyed.map(({ key }, column) => [key, column]));
    const moved = new Map<number, number>();
    for (const [key, column] of this.#columns) moved.set(column, columns.get(key) ?? INVALID);
    this.#series = keyed.map(({ labels }) => labels);
    this.#columns = columns;
    this.#values = moveValues(this.#values, moved, series.length);
    this.#before = moveValues(this.#before, moved, series.length);
    this.#lastColumns = this.#lastColumns.map((column) => moved.get(column) ?? column);
    this.#parts = partsOf(this.options, this.#series);
  }
}

function sameLabels(a: Sample["labels"], b: Sample["labels"]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i]![0] !== b[i]![0] || a[i]![1] !== b[i]![1]) return false;
  return true;
}

function moveValues(
  values: Float64Array,
  moved: ReadonlyMap<number, number>,
  length: number,
): Float64Array<ArrayBuffer> {
  const result = new Float64Array(length).fill(Number.NaN);
  for (const [from, to] of moved) if (to >= 0) result[to] = values[from]!;
  return result;
}

/** Cuts the series into as few layouts as the wire's bounds allow. */
function partsOf({ exporter, intervalMs }: ExporterLayoutOptions, series: readonly Labels[]): Part[] {
  const parts: Part[] = [];
  let start = 0;
  let bytes = LAYOUT_ENVELOPE_BYTES;
  const cut = (end: number) => {
    const layout: Layout = { exporter, interval: intervalMs, series: series.slice(start, end) };
    if (end > start) parts.push({ start, end, layout, hash: layoutHash(layout) });
    start = end;
    bytes = LAYOUT_ENVELOPE_BYTES;
  };
  for (const [column, labels] of series.entries()) {
    const size = Buffer.byteLength(JSON.stringify(labels)) + 1;
    if (column - start === MAX_LAYOUT_SERIES || bytes + size > MAX_LAYOUT_JSON_BYTES) cut(column);
    bytes += size;
  }
  cut(series.length);
  return parts;
}
