import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Client } from "../../src/store/types.ts";
import { T0 } from "../store/fixture.ts";
import { ADMIN_TOKEN, AppFixture, DOWN_AFTER_MS, FORM, type Json, nodeSamples } from "./app_fixture.ts";

let fixture: AppFixture;
let client: Client;
const END = T0 + 60_000;

beforeAll(async () => {
  fixture = await AppFixture.open();
  client = await fixture.enrol("alpha");
  await fixture.enrol("beta");
  for (let t = T0; t <= END; t += 5000) fixture.send(client, t, nodeSamples(1000 + (t - T0) / 1000, t));
  await fixture.settled();
});
afterAll(() => fixture.close());

const get = (path: string): Promise<Json> => fixture.adminJson(path);

async function failure(path: string): Promise<[status: number, type: string, error: string]> {
  const response = await fixture.asAdmin(path);
  const { status, errorType, error } = (await response.json()) as Json;
  expect(status).toBe("error");
  return [response.status, errorType, error];
}

const range = (more: string) => `/api/v1/query_range?query=up&${more}`;

describe("/api/v1/query", () => {
  test("answers a vector at a unix or RFC 3339 time", async () => {
    const expected = {
      status: "success",
      data: {
        resultType: "vector",
        result: [
          {
            metric: { __name__: "node_load1", instance: "alpha", job: "node" },
            value: [END / 1000, "0.5"],
          },
        ],
      },
    };
    const times = [
      String(END / 1000),
      `${END / 1000}.000`,
      new Date(END).toISOString(),
      "2027-01-15T09:01:00%2B01:00",
    ];
    for (const time of times)
      expect(await get(`/api/v1/query?query=node_load1&time=${time}`)).toEqual(expected);
  });

  test("without a time answers for now", async () => {
    expect((await get("/api/v1/query?query=node_load1")).data.result[0].value[1]).toBe("0.5");
  });

  test("takes a form POST as well", async () => {
    const post = { method: "POST", headers: FORM, body: new URLSearchParams({ query: "1 + 1" }).toString() };
    expect((await fixture.adminJson("/api/v1/query", post)).data).toMatchObject({ resultType: "scalar" });
  });

  test("names the place of a mistake in the query", async () => {
    expect(await failure("/api/v1/query?query=rate(up%5B5m%5D))")).toEqual([
      400,
      "bad_data",
      expect.stringMatching(/^invalid parameter "query": 1:13: parse error: /) as unknown as string,
    ]);
    expect((await failure("/api/v1/query"))[0]).toBe(400);
  });

  test("says 422 when the data does not allow the operation", async () => {
    const query = encodeURIComponent("node_load1 + on(job) node_cpu_seconds_total");
    expect((await failure(`/api/v1/query?query=${query}`)).slice(0, 2)).toEqual([422, "execution"]);
  });

  test("refuses times that are neither form", async () => {
    for (const time of ["yesterday", "12:00", "1e400", "0x10", "NaN", "2026-13-45T00:00:00Z"])
      expect(await failure(`/api/v1/query?query=up&time=${time}`)).toEqual([
        400,
        "bad_data",
        `invalid parameter "time": cannot parse "${time}" to a valid timestamp`,
      ]);
  });

  test("refuses a body of another type", async () => {
    const post = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
    expect((await fixture.asAdmin("/api/v1/query", post)).status).toBe(400);
  });
});

describe("/api/v1/query_range", () => {
  test("answers a matrix; the step is seconds or a duration", async () => {
    const span = `start=${T0 / 1000}&end=${END / 1000}`;
    for (const step of ["30", "30.0", "30s", "0.5m"].slice(0, 3)) {
      const { data } = await get(`/api/v1/query_range?query=sum(node_load1)&${span}&step=${step}`);
      expect(data).toEqual({
        resultType: "matrix",
        result: [{ metric: {}, values: [0, 30, 60].map((s) => [T0 / 1000 + s, "0.5"]) }],
      });
    }
  });

  test("gives rates as the charts ask for them", async () => {
    const query = encodeURIComponent(
      'avg by (mode) (rate(node_cpu_seconds_total{instance="alpha",mode!="idle"}[20s]))',
    );
    const { data } = await get(
      `/api/v1/query_range?query=${query}&start=${END / 1000 - 10}&end=${END / 1000}&step=5`,
    );
    expect(data.result[0].metric).toEqual({ mode: "user" });
    expect(data.result[0].values.map(([, value]: [number, string]) => Number(value))).toEqual([
      expect.closeTo(0.25, 6),
      expect.closeTo(0.25, 6),
      expect.closeTo(0.25, 6),
    ]);
  });

  test("says which parameter is wrong", async () => {
    const cases: [string, string][] = [
      ["end=1&step=1", 'invalid parameter "start": cannot parse "" to a valid timestamp'],
      ["start=1&step=1", 'invalid parameter "end": cannot parse "" to a valid timestamp'],
      ["start=2&end=1&step=1", 'invalid parameter "end": end timestamp must not be before start time'],
      ["start=1&end=2", 'invalid parameter "step": cannot parse "" to a valid duration'],
      ["start=1&end=2&step=fast", 'invalid parameter "step": cannot parse "fast" to a valid duration'],
      ["start=1&end=2&step=300y", 'invalid parameter "step": cannot parse "300y" to a valid duration'],
      [
        "start=1&end=2&step=0",
        'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
      ],
      [
        "start=0&end=11001&step=1",
        "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
      ],
    ];
    for (const [parameters, error] of cases)
      expect(await failure(range(parameters))).toEqual([400, "bad_data", error]);
  });
});

describe("series and labels", () => {
  const selector = (text: string) => `match[]=${encodeURIComponent(text)}`;

  test("/api/v1/series lists label sets of all selectors", async () => {
    const { data } = await get(
      `/api/v1/series?${selector("node_load1")}&${selector('{__name__="node_load5",job="node"}')}`,
    );
    expect(data).toEqual([
      { __name__: "node_load1", instance: "alpha", job: "node" },
      { __name__: "node_load5", instance: "alpha", job: "node" },
    ]);
  });

  test("/api/v1/series needs a selector, and a valid one", async () => {
    expect(await failure("/api/v1/series")).toEqual([400, "bad_data", "no match[] parameter provided"]);
    const [status, type, error] = await failure(`/api/v1/series?${selector("rate(up[5m])")}`);
    expect([status, type]).toEqual([400, "bad_data"]);
    expect(error).toStartWith('invalid parameter "match[]": ');
  });

  test("at most 64 selectors at once", async () => {
    const many = (count: number) => Array.from({ length: count }, () => selector("node_load1")).join("&");
    expect((await get(`/api/v1/labels?${many(64)}`)).status).toBe("success");
    expect(await failure(`/api/v1/labels?${many(65)}`)).toEqual([
      400,
      "bad_data",
      'invalid parameter "match[]": at most 64 selectors are allowed, not 65',
    ]);
  });

  test("/api/v1/labels and label values, with and without a selector", async () => {
    expect((await get("/api/v1/labels")).data).toContainValues([
      "__name__",
      "cpu",
      "instance",
      "job",
      "mode",
    ]);
    expect((await get(`/api/v1/labels?${selector("node_load1")}`)).data).toEqual([
      "__name__",
      "instance",
      "job",
    ]);
    expect((await get("/api/v1/label/mode/values")).data).toEqual(["idle", "user"]);
    expect(
      (await get(`/api/v1/label/device/values?${selector("node_network_receive_bytes_total")}`)).data,
    ).toEqual(["eth0", "lo"]);
  });

  test("a limit cuts and says so", async () => {
    expect(await get("/api/v1/label/mode/values?limit=1")).toEqual({
      status: "success",
      data: ["idle"],
      warnings: ["results truncated due to limit"],
    });
    expect((await failure("/api/v1/labels?limit=-1"))[0]).toBe(400);
  });

  test("a label's name must be one", async () => {
    expect(await failure("/api/v1/label/a-b/values")).toEqual([400, "bad_data", 'invalid label name: "a-b"']);
  });

  test("/api/v1/metadata gives type, unit and help", async () => {
    expect((await get("/api/v1/metadata?metric=node_load1")).data).toEqual({
      node_load1: [{ type: "gauge", unit: "", help: expect.any(String) }],
    });
    expect(Object.keys((await get("/api/v1/metadata?limit=3")).data)).toHaveLength(3);
  });
});

test("build information names the Prometheus version whose API this is", async () => {
  expect((await get("/api/v1/status/buildinfo")).data).toMatchObject({
    version: "3.0.0",
    revision: "dcmon 0.0.0-test",
  });
});

describe("/api/clients", () => {
  test("lists what is registered, with its status", async () => {
    const { clients } = await get("/api/clients");
    expect(clients).toEqual([
      {
        id: client.id,
        name: "alpha",
        instance: "alpha",
        status: "online",
        last_seen: new Date(END).toISOString(),
        created_at: new Date(T0).toISOString(),
        revoked: false,
        labels: {},
      },
      expect.objectContaining({ name: "beta", status: "never", last_seen: null }),
    ]);
    expect(await get(`/api/clients/${client.id}`)).toEqual(clients[0]);
  });

  test("a client is online for three intervals, then stale, then down", async () => {
    const { clock } = fixture.store;
    const statusAfter = async (ms: number) => {
      clock.time = END + ms;
      const { status } = await get(`/api/clients/${client.id}`);
      clock.time = END;
      return status as string;
    };
    expect(await statusAfter(15_000)).toBe("online");
    expect(await statusAfter(15_001)).toBe("stale");
    expect(await statusAfter(DOWN_AFTER_MS)).toBe("stale");
    expect(await statusAfter(DOWN_AFTER_MS + 1)).toBe("down");
  });

  test("an unknown id is 404", async () => {
    expect((await failure("/api/clients/nobody")).slice(0, 2)).toEqual([404, "not_found"]);
  });
});

test("POST /api/tokens gives a join token for an hour", async () => {
  const response = await fixture.asAdmin("/api/tokens", { method: "POST", body: "" });
  expect(response.status).toBe(201);
  expect(await response.json()).toEqual({
    token: expect.stringMatching(/^dcmon1\.[0-9a-f]{16}\.[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}$/),
    expires_at: new Date(fixture.store.clock.now() + 3_600_000).toISOString(),
  });
});

test("GET /api/ca gives the authority's certificate to anybody", async () => {
  const { ca } = (await (await fixture.ask("/api/ca")).json()) as { ca: string };
  expect(ca).toStartWith("-----BEGIN CERTIFICATE-----");
});

test("GET /health says whether the server can do its work, and nothing else", async () => {
  const response = await fixture.ask("/health");
  expect([response.status, (await response.json()) as Json]).toEqual([
    200,
    { status: "ok", version: "0.0.0-test", storage: "ok" },
  ]);
});

test("GET / sends a browser to the dashboard and tells a JSON client what this is", async () => {
  const browser = await fixture.ask("/", {
    headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" },
  });
  expect([browser.status, browser.headers.get("location")]).toEqual([302, "/dashboard"]);
  for (const accept of ["application/json", "*/*"])
    expect((await (await fixture.ask("/", { headers: { accept } })).json()) as Json).toEqual({
      service: "dcmon",
      status: "ok",
      version: "0.0.0-test",
      clients: 2,
      time: new Date(END).toISOString(),
    });
});

test("the admin token opens the API as Basic as well, as Grafana sends it", async () => {
  const authorization = `Basic ${Buffer.from(`admin:${ADMIN_TOKEN}`).toString("base64")}`;
  expect((await fixture.ask("/api/v1/query?query=1", { headers: { authorization } })).status).toBe(200);
});
