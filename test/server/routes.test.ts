import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Route } from "../../src/server/route.ts";
import { routes } from "../../src/server/routes.ts";
import { ADMIN_TOKEN, AppFixture, type Ask, FORM, ORIGIN } from "./app_fixture.ts";

let fixture: AppFixture;
beforeAll(async () => {
  fixture = await AppFixture.open();
});
afterAll(() => fixture.close());

const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString("base64")}`;
const STRANGERS: Record<string, Record<string, string>> = {
  "no authentication": {},
  "a wrong token": { authorization: "Bearer wrong" },
  "an empty token": { authorization: "Bearer " },
  "the token under another user": { authorization: basic(`root:${ADMIN_TOKEN}`) },
  "the token in an unknown scheme": { authorization: `Digest ${ADMIN_TOKEN}` },
  "a cookie that no login gave": { cookie: `__Host-dcmon=${"A".repeat(43)}` },
};
const ADMINS: Record<string, Record<string, string>> = {
  "a bearer token": { authorization: `Bearer ${ADMIN_TOKEN}` },
  "Basic admin:token": { authorization: basic(`admin:${ADMIN_TOKEN}`) },
};

let asked = 0;

/** A request that only lacks the right to be answered. */
function askFor(route: Route, headers: Record<string, string>): [path: string, ask: Ask] {
  const path = route.path.replace(":id", "0123456789abcdef").replace(":name", "job");
  const unsafe = route.method === "POST";
  return [
    path,
    {
      method: route.method,
      headers: { ...headers, ...(unsafe && { ...FORM, origin: ORIGIN }) },
      ...(unsafe && { body: "" }),
      // Attempts to log in are limited by address.
      address: `192.0.2.${++asked % 250}`,
    },
  ];
}

for (const [name, route] of Object.entries<Route>(routes)) {
  describe(`${route.method} ${route.path} (${name})`, () => {
    for (const [who, headers] of Object.entries(STRANGERS)) {
      test(`${route.access === "public" ? "answers" : "refuses"} ${who}`, async () => {
        const response = await fixture.ask(...askFor(route, headers));
        const refused =
          response.status === 401 ||
          (response.status === 303 && response.headers.get("location")!.startsWith("/login?next="));
        // A login without a token is refused by the login itself.
        expect(refused).toBe(route.access !== "public" || name === "createSession");
      });
    }
    for (const [who, headers] of Object.entries(ADMINS)) {
      test(`answers ${who}`, async () => {
        const { status } = await fixture.ask(...askFor(route, headers));
        expect([403, 405, 500]).not.toContain(status);
        // Whoever authenticates already need not log in, but the login asks for its field all the same.
        expect(status === 401).toBe(name === "createSession");
      });
    }
  });
}

test("a refused API caller is told how to authenticate, in Prometheus's error shape", async () => {
  const response = await fixture.ask("/api/v1/query?query=up");
  expect(response.status).toBe(401);
  expect(response.headers.get("www-authenticate")).toBe('Bearer realm="dcmon"');
  expect(await response.json()).toEqual({
    status: "error",
    errorType: "unauthorized",
    error: 'a valid token is needed: send "Authorization: Bearer <token>" or Basic "admin:<token>"',
  });
});

test("a refused browser goes to the login and comes back to where it wanted to be", async () => {
  const response = await fixture.ask("/dashboard?q=gpu");
  expect(response.status).toBe(303);
  expect(response.headers.get("location")).toBe("/login?next=%2Fdashboard%3Fq%3Dgpu");
});

test("a refused refresh sends the whole page to the login", async () => {
  const response = await fixture.ask("/dashboard/refresh/clients", { headers: { "hx-request": "true" } });
  expect([response.status, response.headers.get("hx-redirect")]).toEqual([
    401,
    "/login?next=%2Fdashboard&ended=1",
  ]);
});

test("unknown API paths are 404 in JSON", async () => {
  for (const path of ["/api", "/api/", "/api/v1/nothing", "/api/v1/label/a/b", "/api/v1/query/"]) {
    const response = await fixture.asAdmin(path);
    expect([path, response.status, (await response.json()) as unknown]).toEqual([
      path,
      404,
      { status: "error", errorType: "not_found", error: `there is no ${path} here` },
    ]);
  }
});

test("unsupported methods are 405 and name the supported ones", async () => {
  const cases: [string, string, string][] = [
    ["DELETE", "/api/v1/query", "GET, HEAD, POST"],
    ["POST", "/api/v1/label/job/values", "GET, HEAD"],
    ["GET", "/api/enroll", "POST"],
    ["PUT", "/dashboard", "GET, HEAD"],
    ["POST", "/health", "GET, HEAD"],
  ];
  for (const [method, path, allow] of cases) {
    const response = await fixture.asAdmin(path, { method });
    expect([method, path, response.status, response.headers.get("allow")]).toEqual([
      method,
      path,
      405,
      allow,
    ]);
  }
});

test("no path leaves the map of assets", async () => {
  const paths = [
    "//etc/passwd",
    "/assets//etc/passwd",
    "/assets/..%2F..%2Fetc%2Fpasswd",
    "/assets/%2e%2e/%2e%2e/etc/passwd",
    "/assets/%00",
    "/assets/app.css%00.js",
    "/assets/__proto__",
    "/assets/app.css",
    "/%00",
    "/%ff",
    "/..%5c..%5cwindows",
  ];
  for (const path of paths) expect([path, (await fixture.ask(path)).status]).toEqual([path, 404]);
});

test("assets are found under hashed names, compressed, to be kept for good", async () => {
  const page = await (await fixture.ask("/login")).text();
  const paths = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((match) => match[1]!);
  expect(paths.length).toBeGreaterThanOrEqual(6);
  for (const path of paths) {
    expect(path).toMatch(/-[0-9a-f]{12}\.(?:js|css|svg|webmanifest)$/);
    const response = await fixture.ask(path, { headers: { "accept-encoding": "gzip" } });
    expect([response.status, response.headers.get("content-encoding")]).toEqual([200, "gzip"]);
    expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    const plain = await fixture.ask(path);
    expect(Buffer.from(Bun.gunzipSync(await response.arrayBuffer()))).toEqual(
      Buffer.from(await plain.arrayBuffer()),
    );
  }
});

test("every answer carries the security headers; pages are not kept", async () => {
  for (const path of [
    "/",
    "/login",
    "/health",
    "/api/nothing",
    "/nothing",
    "/dashboard",
    "/assets/nothing",
  ]) {
    const { headers } = await fixture.ask(path);
    expect(headers.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    );
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("same-origin");
    expect(headers.get("cache-control")).toBe("no-store");
  }
});

test("a body larger than 64 KiB is refused before it is read", async () => {
  const response = await fixture.asAdmin("/api/v1/query", {
    method: "POST",
    headers: FORM,
    body: `query=${"a".repeat(70_000)}`,
  });
  expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([
    413,
    "the body is larger than 65536 bytes",
  ]);
});

describe("the Host of a request", () => {
  const answer = async (host: string) => (await fixture.ask("/health", { headers: { host } })).status;

  test("may be any name of the certificate, with any port", async () => {
    for (const host of [
      "localhost",
      "localhost:8000",
      "LOCALHOST",
      "localhost.",
      "127.0.0.1:9",
      "[::1]:8000",
      "dcmon.example",
      "dcmon.example:443",
    ])
      expect([host, await answer(host)]).toEqual([host, 200]);
  });

  test("may be nothing else", async () => {
    for (const host of [
      "evil.example",
      "localhost.evil.example",
      "localhost@evil",
      "evil:80:80",
      "[::2]",
      "",
    ])
      expect([host, await answer(host)]).toEqual([host, 421]);
  });

  test("that is refused is answered with the option to change", async () => {
    const response = await fixture.ask("/dashboard", { headers: { host: "evil.example" } });
    expect(await response.text()).toBe(
      'This server does not answer to the name "evil.example". Use a name that is in its certificate, or add this ' +
        'one to "server.names" and restart the server.\n',
    );
  });
});
