import { catalogue } from "../../metrics/catalogue.ts";
import { isLabelName, type Labels } from "../../metrics/labels.ts";
import { QueryError } from "../../promql/error.ts";
import { parseMatchers } from "../../promql/matchers.ts";
import type { Matcher } from "../../promql/source.ts";
import type { AppContext } from "../services.ts";
import { apiData } from "./answers.ts";
import { invalid, limitParameter, ParameterError, parametersOf, timeParameter } from "./parameters.ts";

/** The version of the Prometheus API and of PromQL that clients may expect here. Grafana asks, to know what it may use. */
const PROMETHEUS_VERSION = "3.0.0";
/** Each is looked for among all series. */
const MAX_SELECTORS = 64;

/** `match[]` (at least one). */
export async function listSeries(c: AppContext): Promise<Response> {
  const parameters = await parametersOf(c);
  const sets = matcherSets(parameters);
  if (sets.length === 0) throw new ParameterError("no match[] parameter provided");
  const series = await c.var.services.store.series(sets);
  return limited(c, parameters, series, asObject);
}

/** `match[]` (optional): the names of labels. */
export async function listLabels(c: AppContext): Promise<Response> {
  const parameters = await parametersOf(c);
  const names = await c.var.services.store.labelNames(matcherSets(parameters));
  return limited(c, parameters, names.toSorted());
}

/** `match[]` (optional): the values of the label in the path. */
export async function listLabelValues(c: AppContext): Promise<Response> {
  const parameters = await parametersOf(c);
  const name = c.req.param("name") ?? "";
  if (!isLabelName(name)) throw new ParameterError(`invalid label name: ${JSON.stringify(name)}`);
  const values = await c.var.services.store.labelValues(name, matcherSets(parameters));
  return limited(c, parameters, values.toSorted());
}

/** Type, help and unit of the metrics that dcmon knows: `metric` (optional), `limit`. */
export async function showMetadata(c: AppContext): Promise<Response> {
  const parameters = await parametersOf(c);
  const wanted = parameters.get("metric") || undefined;
  const names = wanted === undefined ? [...catalogue.names()] : [wanted];
  const data: Record<string, unknown[]> = {};
  for (const name of names.slice(0, limitParameter(parameters))) {
    const family = catalogue.get(name);
    if (family !== undefined) data[name] = [family];
  }
  return apiData(c, data);
}

export function showBuildInfo(c: AppContext): Response {
  const revision = `dcmon ${c.var.services.version}`;
  return apiData(c, {
    version: PROMETHEUS_VERSION,
    revision,
    branch: "",
    buildUser: "",
    buildDate: "",
    goVersion: "",
  });
}

/** The times are checked, as clients may rely on that, but do not narrow: the index knows series, not when they lived. */
function matcherSets(parameters: URLSearchParams): Matcher[][] {
  timeParameter(parameters, "start", 0);
  timeParameter(parameters, "end", 0);
  const selectors = parameters.getAll("match[]");
  if (selectors.length > MAX_SELECTORS)
    throw invalid("match[]", `at most ${MAX_SELECTORS} selectors are allowed, not ${selectors.length}`);
  return selectors.map(matchersOf);
}

function matchersOf(selector: string): Matcher[] {
  try {
    return parseMatchers(selector);
  } catch (error) {
    if (error instanceof QueryError) throw invalid("match[]", error.message);
    throw error;
  }
}

function limited<T>(
  c: AppContext,
  parameters: URLSearchParams,
  items: readonly T[],
  form: (item: T) => unknown = (item) => item,
): Response {
  const limit = limitParameter(parameters);
  const kept = limit === undefined ? items : items.slice(0, limit);
  const warnings = kept.length < items.length ? ["results truncated due to limit"] : [];
  return apiData(c, kept.map(form), warnings);
}

function asObject(labels: Labels): Record<string, string> {
  const object: Record<string, string> = Object.create(null);
  for (let i = 0; i < labels.length; i += 2) object[labels[i]!] = labels[i + 1]!;
  return object;
}
