import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { databasePath } from "../../src/store/files.ts";
import { ADMIN_TOKEN, AppFixture, cookieOf, FORM, form, ORIGIN } from "./app_fixture.ts";

let fixture: AppFixture;
beforeEach(async () => {
  fixture = await AppFixture.open();
});
afterEach(() => fixture.close());

const tokenForm = (token = ADMIN_TOKEN, next?: string) =>
  form({ token, ...(next !== undefined && { next }) });
const post = (fields = tokenForm(), headers: Record<string, string> = {}, address = "192.0.2.1") =>
  fixture.ask("/login", { ...fields, headers: { ...FORM, origin: ORIGIN, ...headers }, address });

describe("a login", () => {
  test("sets one cookie for this host alone, and goes on to the page that was asked for", async () => {
    const response = await post(tokenForm(ADMIN_TOKEN, "/dashboard?q=gpu"));
    expect([response.status, response.headers.get("location")]).toEqual([303, "/dashboard?q=gpu"]);
    expect(response.headers.get("set-cookie")).toMatch(
      /^__Host-dcmon=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict; Max-Age=43200$/,
    );
  });

  test("takes a token with the line break that it was copied with", async () => {
    expect((await post(tokenForm(`${ADMIN_TOKEN}\n`))).status).toBe(303);
  });

  test("never leads to another site", async () => {
    for (const next of [
      "//evil.example/",
      "https://evil.example/",
      "/\\evil.example",
      "\\\\evil",
      "javascript:alert(1)",
    ]) {
      const response = await post(tokenForm(ADMIN_TOKEN, next), {}, `198.51.100.${next.length}`);
      expect([next, response.headers.get("location")]).toEqual([next, "/dashboard"]);
    }
  });

  test("with a wrong token shows the form again and sets nothing", async () => {
    const response = await post(tokenForm("wrong"));
    expect([response.status, response.headers.get("set-cookie")]).toEqual([401, null]);
    expect(await response.text()).toContain("This is not the admin token.");
  });

  test("gives a new session each time and ends the one before", async () => {
    const first = await fixture.login("192.0.2.1");
    const again = await post(form({ token: ADMIN_TOKEN, csrf: first.csrf }), first.headers, "192.0.2.2");
    expect(again.status).toBe(303);
    expect(cookieOf(again)).not.toBe(first.headers.cookie!);
    expect((await fixture.ask("/dashboard", { headers: first.headers })).status).toBe(303);
  });

  test("from another site's page is refused", async () => {
    for (const origin of ["https://evil.example", "null", "http://localhost:8000", "https://localhost:8001"])
      expect([origin, (await post(tokenForm(), { origin })).status]).toEqual([origin, 403]);
  });

  test("without an Origin is refused", async () => {
    expect((await fixture.ask("/login", tokenForm())).status).toBe(403);
  });

  test("may fail five times a minute from one address, and the right token is taken all the same", async () => {
    const attempts = [];
    for (let i = 0; i < 7; i++) attempts.push((await post(tokenForm("wrong"))).status);
    expect(attempts).toEqual([401, 401, 401, 401, 401, 429, 429]);
    const limited = await post(tokenForm("wrong"));
    expect(Number(limited.headers.get("retry-after"))).toBeWithin(1, 61);
    expect((await post(tokenForm("wrong"), {}, "192.0.2.9")).status).toBe(401);
    expect((await post()).status).toBe(303);
  });

  test("counts the whole /64 of an IPv6 sender as one", async () => {
    for (let i = 0; i < 5; i++) await post(tokenForm("wrong"), {}, `2001:db8::${i}`);
    expect((await post(tokenForm("wrong"), {}, "2001:db8::ffff")).status).toBe(429);
    expect((await post(tokenForm("wrong"), {}, "2001:db8:0:1::1")).status).toBe(401);
  });

  test("flood from many addresses locks out nobody who has the right token", async () => {
    const { headers } = await fixture.login("203.0.113.1");
    for (let i = 0; i < 12; i++)
      for (let k = 0; k < 5; k++) await post(tokenForm("wrong"), {}, `192.0.2.${i}`);
    expect((await post(tokenForm("wrong"), {}, "198.51.100.1")).status).toBe(429);
    expect((await post(tokenForm(), {}, "198.51.100.1")).status).toBe(303);
    expect((await fixture.asAdmin("/api/clients")).status).toBe(200);
    expect((await fixture.ask("/dashboard", { headers })).status).toBe(200);
  });

  test("flood writes 60 lines a minute into the log", async () => {
    for (let i = 0; i < 200; i++) await post(tokenForm("wrong"), {}, `192.0.2.${i}`);
    expect(fixture.logged.length).toBe(60);
  });

  test("of another content type than a plain form is refused, and no failure of the server", async () => {
    const types = [
      "multipart/form-data",
      "multipart/form-data; boundary=x",
      "application/json",
      "text/plain",
      "",
    ];
    for (const type of types)
      expect([type, (await post(tokenForm(), { "content-type": type })).status]).toEqual([type, 415]);
    expect(fixture.logged).toEqual([]);
  });
});

test("a request that fails is logged twenty times a minute, however often it is made", async () => {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  fixture.store.store.series = () => {
    throw new Error("the index is damaged");
  };
  for (let i = 0; i < 100; i++)
    expect((await fixture.ask("/api/v1/series?match[]=up", { headers })).status).toBe(500);
  expect(fixture.logged.length).toBe(20);
  expect(fixture.logged[0]).toMatchObject({ level: "error", message: "request failed" });
});

describe("the login page", () => {
  const page = async (path: string, address?: string) =>
    (await fixture.ask(path, address === undefined ? {} : { address })).text();

  test("names the token's file to visitors from this machine alone", async () => {
    for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
      expect(await page("/login", address)).toContain("/var/lib/dcmon/admin_token");
    for (const address of ["192.0.2.1", "2001:db8::1", undefined])
      expect(await page("/login", address)).not.toContain("/var/lib/dcmon");
    expect(await page("/login", "192.0.2.1")).toContain("the file named in the server&#39;s start line");
  });

  test("says that a session has ended, and leads back to the view that was open", async () => {
    const { headers } = await fixture.login();
    fixture.store.clock.time += 12 * 3_600_000 + 1;
    const current = `${ORIGIN}/dashboard?q=gpu&sort=-cpu`;
    const refresh = { "hx-request": "true", "hx-current-url": current };
    const part = await fixture.ask("/dashboard/refresh/clients", { headers: { ...headers, ...refresh } });
    const target = `/login?${new URLSearchParams({ next: "/dashboard?q=gpu&sort=-cpu", ended: "1" })}`;
    expect([part.status, part.headers.get("hx-redirect")]).toEqual([401, target]);
    const whole = await fixture.ask("/dashboard?q=gpu&sort=-cpu", { headers });
    expect([whole.status, whole.headers.get("location")]).toEqual([303, target]);
    expect(await page(target)).toContain("Your session has ended.");
    expect(await page("/login")).not.toContain("has ended");
  });
});

describe("a session", () => {
  test("opens pages and the API", async () => {
    const { headers } = await fixture.login();
    for (const path of ["/dashboard", "/api/clients", "/api/v1/query?query=1"])
      expect([path, (await fixture.ask(path, { headers })).status]).toEqual([path, 200]);
  });

  test("ends after 12 idle hours, and lasts while it is used", async () => {
    const { headers } = await fixture.login();
    const { clock } = fixture.store;
    for (let i = 0; i < 3; i++) {
      clock.time += 11 * 3_600_000;
      expect((await fixture.ask("/dashboard", { headers })).status).toBe(200);
    }
    clock.time += 12 * 3_600_000 + 1;
    expect((await fixture.ask("/dashboard", { headers })).status).toBe(303);
  });

  test("survives a restart of the server, of which it is known by its hash alone", async () => {
    const { headers } = await fixture.login();
    const cookie = headers.cookie!.split("=")[1]!;
    const hash = new Bun.CryptoHasher("sha256").update(cookie).digest("hex");
    expect(fixture.store.store.sessions.find(hash)).toBeDefined();
    expect(fixture.store.store.sessions.find(cookie)).toBeUndefined();
  });

  test("ends with the logout", async () => {
    const { headers, csrf } = await fixture.login();
    const response = await fixture.ask("/logout", { ...form({ csrf }), headers: { ...FORM, ...headers } });
    expect([response.status, response.headers.get("location")]).toEqual([303, "/login"]);
    expect(response.headers.get("set-cookie")).toContain("__Host-dcmon=; ");
    expect((await fixture.ask("/dashboard", { headers })).status).toBe(303);
  });

  test("does not stand in for a wrong token beside it", async () => {
    const { headers } = await fixture.login();
    const wrong = { ...headers, authorization: "Bearer wrong" };
    expect((await fixture.ask("/api/clients", { headers: wrong })).status).toBe(401);
  });
});

describe("while the disk takes nothing", () => {
  const HOUR_MS = 3_600_000;

  /** Holds what the store's writer must have to commit, until `end`. */
  function stalledDisk(): { end(): void } {
    const database = new Database(databasePath(fixture.store.dataDir));
    database.run("BEGIN IMMEDIATE");
    return { end: () => database.close() };
  }

  test("people log in and look at pages", async () => {
    const disk = stalledDisk();
    const { headers } = await fixture.login();
    fixture.store.clock.time += HOUR_MS;
    expect((await fixture.ask("/dashboard", { headers })).status).toBe(200);
    disk.end();
  });

  test("a logout stays one, though the session was being prolonged", async () => {
    const { headers, csrf } = await fixture.login();
    fixture.store.clock.time += HOUR_MS;
    const disk = stalledDisk();
    const leaving = fixture.ask("/logout", { ...form({ csrf }), headers: { ...FORM, ...headers } });
    const looking = fixture.ask("/dashboard", { headers });
    await Bun.sleep(50);
    disk.end();
    expect([(await looking).status, (await leaving).status]).toEqual([200, 303]);
    expect((await fixture.ask("/dashboard", { headers })).status).toBe(303);
  });
});

describe("an unsafe request with a session", () => {
  const BODIES: Record<string, string> = {
    "application/x-www-form-urlencoded": "query=1",
    "text/plain": "query=1",
    "application/json": '{"query":"1"}',
    "multipart/form-data; boundary=x":
      '--x\r\nContent-Disposition: form-data; name="query"\r\n\r\n1\r\n--x--\r\n',
  };

  test("needs the exact Origin and the session's own CSRF token, whatever its content type", async () => {
    const { headers, csrf } = await fixture.login();
    const other = await fixture.login("192.0.2.77");
    const cookie = headers.cookie!;
    const wrong: Record<string, string>[] = [
      { cookie },
      { cookie, origin: ORIGIN },
      { cookie, "x-csrf-token": csrf },
      { cookie, origin: "https://evil.example", "x-csrf-token": csrf },
      { cookie, origin: "null", "x-csrf-token": csrf },
      { cookie, origin: ORIGIN, "x-csrf-token": other.csrf },
      { cookie, origin: ORIGIN, "x-csrf-token": "" },
    ];
    for (const [type, body] of Object.entries(BODIES))
      for (const path of ["/api/v1/query", "/api/tokens", "/logout"])
        for (const headers of wrong) {
          const ask = { method: "POST", headers: { ...headers, "content-type": type }, body };
          expect([type, path, headers, (await fixture.ask(path, ask)).status]).toEqual([
            type,
            path,
            headers,
            403,
          ]);
        }
    const right = { cookie, origin: ORIGIN, "x-csrf-token": csrf };
    const ask = { method: "POST", headers: { ...FORM, ...right }, body: "query=1" };
    expect((await fixture.ask("/api/v1/query", ask)).status).toBe(200);
  });

  test("is told what was wrong", async () => {
    const { headers } = await fixture.login();
    const evil = { ...FORM, cookie: headers.cookie!, origin: "https://evil.example" };
    const response = await fixture.ask("/api/tokens", { method: "POST", headers: evil, body: "" });
    expect(await response.json()).toEqual({
      status: "error",
      errorType: "forbidden",
      error:
        "Cannot accept this request: its Origin is https://evil.example, expected https://localhost:8000.",
    });
  });

  test("needs neither with a bearer token", async () => {
    const { status } = await fixture.asAdmin("/api/tokens", { method: "POST", body: "" });
    expect(status).toBe(201);
  });
});
