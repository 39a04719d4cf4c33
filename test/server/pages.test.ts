import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Client } from "../../src/store/types.ts";
import { CHARTS } from "../../static/charts/definitions.ts";
import { T0 } from "../store/fixture.ts";
import { AppFixture, nodeSamples, type TestSample } from "./app_fixture.ts";

let fixture: AppFixture;
beforeEach(async () => {
  fixture = await AppFixture.open();
});
afterEach(() => fixture.close());

const MINUTE = 60_000;

/** A node that has sent for a minute. */
async function node(name: string, busy = 0.25, more: readonly TestSample[] = []): Promise<Client> {
  const client = await fixture.enrol(name);
  for (let t = T0; t <= T0 + MINUTE; t += 5000)
    fixture.send(client, t, [...nodeSamples(1000 + (t - T0) / 1000, T0, busy), ...more]);
  await fixture.settled();
  return client;
}

async function html(path: string): Promise<string> {
  const response = await fixture.asAdmin(path);
  expect(response.headers.get("content-type")).toStartWith("text/html");
  return response.text();
}

/** The words of a piece of HTML, as a reader sees them. */
function textOf(markup: string): string {
  return markup
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

const rowsOf = (page: string) =>
  [...page.matchAll(/<tr id="client-[^"]*".*?<\/tr>/gs)].map(([row]) => textOf(row));
const namesOf = (page: string) => [...page.matchAll(/class="row-link">([^<]*)</g)].map(([, name]) => name!);

describe("the dashboard", () => {
  test("says how to add a node while there is none", async () => {
    expect(textOf(await html("/dashboard"))).toContain("No nodes yet");
    expect(await html("/dashboard")).toContain("dcmon token create");
  });

  test("shows one row for each node, with its figures", async () => {
    await node("alpha");
    await fixture.enrol("silent");
    const page = await html("/dashboard");
    expect(rowsOf(page)).toEqual([
      "alpha Online 25.0 % 0.50 0.25 0.13 25.0 % 95.0 % 2.00 KiB/s 1.00 KiB/s 2 h 1 min now",
      "silent No data yet – – – – – – – never",
    ]);
    expect(page).toStartWith("<!doctype html>");
    expect(textOf(page)).toContain("Nodes online 1 of 2 1 without data");
    expect(textOf(page)).toContain("CPU 25.0 % 0.25 of 1 CPUs busy");
    expect(textOf(page)).toContain("Memory 25.0 % 2.00 GiB of 8.00 GiB");
  });

  test("has a column of temperatures once a node has a sensor", async () => {
    await node("alpha");
    await node("beta", 0.25, [["node_hwmon_temp_celsius", { chip: "c", sensor: "temp1" }, 40.4]]);
    const [alpha, beta] = rowsOf(await html("/dashboard"));
    expect([alpha, beta]).toEqual([expect.stringContaining("– 2 h"), expect.stringContaining("40 °C 2 h")]);
  });

  test("says how to add a node while there are few", async () => {
    for (const name of ["a", "b", "c"]) await fixture.enrol(name);
    expect(textOf(await html("/dashboard"))).toContain("Add a node: dcmon token create");
    await fixture.enrol("d");
    expect(textOf(await html("/dashboard"))).not.toContain("Add a node");
  });

  test("colours what is nearly full", async () => {
    await node("alpha");
    expect(await html("/dashboard")).toMatch(/95\.0 %<svg class="critical"/);
  });

  test("shows no old figures of a node that is down", async () => {
    await node("alpha");
    fixture.store.clock.time += 301_000;
    expect(rowsOf(await html("/dashboard"))).toEqual(["alpha Down – – – – – – – 5 min ago"]);
  });

  test("sorts and filters as the URL says, and refreshes to the same view", async () => {
    await node("node-2", 0.2);
    await node("node-10", 0.6);
    await fixture.enrol("other");
    expect(namesOf(await html("/dashboard"))).toEqual(["node-2", "node-10", "other"]);
    expect(namesOf(await html("/dashboard?sort=-name"))).toEqual(["other", "node-10", "node-2"]);
    expect(namesOf(await html("/dashboard?sort=-cpu"))).toEqual(["node-10", "node-2", "other"]);
    expect(namesOf(await html("/dashboard?sort=cpu"))).toEqual(["node-2", "node-10", "other"]);
    expect(namesOf(await html("/dashboard?sort=nonsense"))).toEqual(["node-2", "node-10", "other"]);
    const filtered = await html("/dashboard?q=NODE+1&sort=-cpu");
    expect(namesOf(filtered)).toEqual(["node-10"]);
    expect(filtered).toContain('hx-get="/dashboard/refresh/clients?q=NODE+1&amp;sort=-cpu"');
    expect(textOf(await html("/dashboard?q=zzz"))).toContain("No node matches “zzz”.");
  });

  test("tells two nodes of one name apart by their instances, and finds them by these", async () => {
    await fixture.enrol("twin");
    await fixture.enrol("twin", "twin-2");
    expect(rowsOf(await html("/dashboard")).map((row) => row.split(" No data")[0])).toEqual([
      "twin",
      "twin twin-2",
    ]);
    expect(rowsOf(await html("/dashboard?q=TWIN-2"))).toHaveLength(1);
  });

  test("gives the refresh as a fragment that names the URL of the same view", async () => {
    await node("alpha");
    const fragment = await html("/dashboard/refresh/clients?q=al&sort=-cpu");
    expect(fragment).toStartWith('<section id="fleet"');
    expect(fragment).toContain('data-page-url="/dashboard?q=al&amp;sort=-cpu"');
    expect(namesOf(fragment)).toEqual(["alpha"]);
  });
});

describe("the page of a node", () => {
  test("shows its facts and a card for each chart that it has series for", async () => {
    const client = await node("alpha");
    const page = await html(`/dashboard/client/${client.id}`);
    expect(textOf(page)).toContain(
      "System Debian GNU/Linux 12 (bookworm) Kernel 6.1.0-test · x86_64 CPUs 1 Memory 8.00 GiB Uptime 2 h 1 min Last seen now",
    );
    const cards = [...page.matchAll(/data-chart="([^"]+)"/g)].map(([, id]) => id);
    expect(cards).toEqual(CHARTS.filter(({ needs }) => needs === undefined).map(({ id }) => id));
    expect(page).toContain('data-instance="alpha"');
    expect(page).toContain('data-interval="5000"');
  });

  test("keeps what was last known of a node that went down, but not its uptime", async () => {
    const client = await node("alpha");
    fixture.store.clock.time += 3 * 3_600_000;
    const page = await html(`/dashboard/client/${client.id}`);
    expect(textOf(page)).toContain(
      "Down System Debian GNU/Linux 12 (bookworm) Kernel 6.1.0-test · x86_64 CPUs 1 Memory 8.00 GiB Uptime – Last seen 3 h",
    );
    expect(page).toContain('class="facts old"');
  });

  test("says its instance where that differs from its name", async () => {
    const { id } = await fixture.enrol("twin", "twin-2");
    const page = await html(`/dashboard/client/${id}`);
    expect(page).toContain("<title>twin (twin-2) · dcmon</title>");
    expect(textOf(page)).toContain("twin twin-2 No data yet");
  });

  test("has a card for temperatures when there are sensors", async () => {
    const client = await node("alpha", 0.25, [
      ["node_hwmon_temp_celsius", { chip: "c", sensor: "temp1" }, 40],
    ]);
    expect(await html(`/dashboard/client/${client.id}`)).toContain('data-chart="temperatures"');
  });

  test("marks the range of the URL", async () => {
    const client = await node("alpha");
    const current = async (query: string) =>
      /data-range="([^"]+)" aria-current/.exec(await html(`/dashboard/client/${client.id}${query}`))?.[1];
    expect(await current("")).toBe("-15m");
    expect(await current("?from=-1h")).toBe("-1h");
    expect(await current("?from=2026-11-21T10:00:00Z&to=2026-11-21T11:00:00Z")).toBeUndefined();
  });

  test("that is not there says so", async () => {
    const response = await fixture.asAdmin("/dashboard/client/nobody");
    expect(response.status).toBe(404);
    expect(textOf(await response.text())).toContain("No such node");
  });
});

describe("what a hostile node sends", () => {
  const PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title><script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "\u202eevil",
    "&lt;script&gt;",
  ];

  test("is text on every page", async () => {
    for (const payload of PAYLOADS) {
      const client = await fixture.enrol(payload);
      fixture.send(client, T0, [
        ["node_os_info", { pretty_name: payload }, 1],
        ["node_uname_info", { release: payload, machine: payload }, 1],
        ["node_load1", {}, 1],
      ]);
      await fixture.settled();
      const pages = [
        await html("/dashboard"),
        await html(`/dashboard?q=${encodeURIComponent(payload)}`),
        await html(`/dashboard/client/${client.id}?from=${encodeURIComponent(payload)}`),
        await html("/dashboard/refresh/clients"),
      ];
      for (const page of pages) expect(foreignMarkup(page)).toEqual([]);
    }
  });

  test("does not break out of the login page either", async () => {
    for (const payload of PAYLOADS) {
      const page = await (await fixture.ask(`/login?next=${encodeURIComponent(payload)}`)).text();
      expect(foreignMarkup(page)).toEqual([]);
    }
  });
});

test("no page has an inline script, an inline style or an address elsewhere", async () => {
  const client = await node("alpha");
  const login = await (await fixture.ask("/login")).text();
  for (const page of [login, await html("/dashboard"), await html(`/dashboard/client/${client.id}`)]) {
    expect(page).not.toMatch(/<style|\sstyle=|\son[a-z]+=|hx-on|javascript:/i);
    expect([...page.matchAll(/<script([^>]*)>(.*?)<\/script>/gs)].every(([, , body]) => body === "")).toBe(
      true,
    );
    const urls = [...page.matchAll(/(?:src|href|action)="([^"]*)"/g)].map(([, url]) => url!);
    expect(urls.filter((url) => !/^[/?#](?!\/)/.test(url))).toEqual([]);
  }
});

/** Elements and attributes that none of our pages has. */
function foreignMarkup(page: string): string[] {
  const found: string[] = [];
  new HTMLRewriter()
    .on("*", {
      element(element) {
        if (element.tagName === "img" || (element.tagName === "script" && !element.getAttribute("src")))
          found.push(element.tagName);
        for (const [name, value] of element.attributes)
          if (/^(?:on|style$)/.test(name) || /^\s*javascript:/i.test(value)) found.push(`${name}=${value}`);
      },
    })
    .transform(page);
  // A value of ours may begin with "javascript:" as plain text, in a field's value.
  return found.filter((entry) => !/^(?:value|title|data-instance|content)=/.test(entry));
}

test("a thousand nodes come in pages, each rendered within 50 ms beside the queries", async () => {
  for (let i = 0; i < 1000; i += 100)
    await Promise.all(Array.from({ length: 100 }, (_, k) => fixture.enrol(`node-${i + k}`)));
  const first = await html("/dashboard?sort=-name");
  expect(namesOf(first)).toHaveLength(200);
  expect(namesOf(first)[0]).toBe("node-999");
  expect(textOf(first)).toContain("1–200 of 1000 Next");
  const last = await html("/dashboard?sort=-name&page=77");
  expect(namesOf(last).at(-1)).toBe("node-0");
  expect(textOf(last)).toContain("801–1000 of 1000 Previous");
  expect(last).toContain('hx-get="/dashboard/refresh/clients?sort=-name&amp;page=5"');

  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const start = performance.now();
    await html("/dashboard/refresh/clients");
    times.push(performance.now() - start);
  }
  // Whatever else the machine does only adds time: the quickest tells what a page costs.
  expect(Math.min(...times)).toBeLessThan(50);
});
