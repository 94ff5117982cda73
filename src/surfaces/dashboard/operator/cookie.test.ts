// The operator's cookie and the door before the operator's pages: time, tampering, other purposes, other sites. Runs in workerd.
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { app } from "../../app.ts";
import { seal } from "../../sign-in/sealed.ts";
import { clearedOperatorCookie, isOperator, operatorCookie, signOutOperator } from "./cookie.ts";
import { isForOperatorPage } from "./routes.tsx";
import { ownPath } from "./sign-in.tsx";

const token = { OPERATOR_TOKEN: "an operator's token of some length", DEPLOYMENT: env.DEPLOYMENT };
const now = Date.parse("2026-11-22T00:00:00Z");
const hourMs = 3_600_000;

const withCookie = (cookie: string): Request =>
  new Request("https://data.test/operator", { headers: { cookie: cookie.split(";")[0] ?? "" } });

describe("the cookie", () => {
  it("lets this origin's own pages in for eight hours, and says nothing of the token", async () => {
    const cookie = await operatorCookie(token, now);
    expect(cookie).toMatch(
      /^__Host-operator=[A-Za-z0-9_-]+; Path=\/; Max-Age=28800; Secure; HttpOnly; SameSite=Strict$/,
    );
    expect(cookie).not.toContain(token.OPERATOR_TOKEN);
    expect(await isOperator(withCookie(cookie), token, now)).toBe(true);
    expect(await isOperator(withCookie(cookie), token, now + 8 * hourMs - 1)).toBe(true);
    expect(await isOperator(withCookie(cookie), token, now + 8 * hourMs)).toBe(false);
  });

  it("is worth nothing changed, made for something else, under another token, or missing", async () => {
    const cookie = await operatorCookie(token, now);
    const value = cookie.slice(cookie.indexOf("=") + 1, cookie.indexOf(";"));
    const middle = Math.floor(value.length / 2);
    const other = value[middle] === "A" ? "B" : "A";
    const changed = value.slice(0, middle) + other + value.slice(middle + 1);
    const named = (text: string) => withCookie(`__Host-operator=${text}`);
    expect(await isOperator(named(changed), token, now)).toBe(false);
    expect(await isOperator(named(""), token, now)).toBe(false);
    expect(await isOperator(named("x".repeat(4_000)), token, now)).toBe(false);
    const elsewhere = await seal(token.OPERATOR_TOKEN, "sign-in", { is: "operator", session: "ops_x" }, now + hourMs);
    expect(await isOperator(named(elsewhere), token, now)).toBe(false);
    const somethingElse = await seal(
      token.OPERATOR_TOKEN,
      "operator pages",
      { is: "someone", session: "ops_x" },
      now + hourMs,
    );
    expect(await isOperator(named(somethingElse), token, now)).toBe(false);
    expect(await isOperator(withCookie(cookie), { ...token, OPERATOR_TOKEN: "the next token" }, now)).toBe(false);
    expect(await isOperator(withCookie(cookie), { ...token, OPERATOR_TOKEN: "" }, now)).toBe(false);
    expect(await isOperator(new Request("https://data.test/operator"), token, now)).toBe(false);
  });

  it("lets nobody in after its sign-out, and leaves another browser's session alone", async () => {
    const ended = withCookie(await operatorCookie(token, now));
    const other = withCookie(await operatorCookie(token, now));
    await signOutOperator(ended, token, now);
    await signOutOperator(withCookie("__Host-operator=forged"), token, now);
    expect(await isOperator(ended, token, now)).toBe(false);
    expect(await isOperator(other, token, now)).toBe(true);
    await signOutOperator(other, token, now);
    expect([await isOperator(ended, token, now), await isOperator(other, token, now)]).toEqual([false, false]);
  });

  it("is forgotten at sign-out", () => {
    expect(clearedOperatorCookie()).toBe("__Host-operator=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
  });
});

describe("the door", () => {
  const page = { accept: "text/html" };
  const form = { "content-type": "application/x-www-form-urlencoded" };

  it("takes browsers to the pages, and bearers and programs to the API", () => {
    const at = (method: string, headers: Record<string, string>): boolean =>
      isForOperatorPage(new Request("https://data.test/operator/teams", { method, headers }));
    expect(at("GET", page)).toBe(true);
    expect(at("POST", form)).toBe(true);
    expect(at("GET", { ...page, authorization: "Bearer x" })).toBe(false);
    expect(at("POST", { ...form, authorization: "Bearer x" })).toBe(false);
    expect(at("GET", { accept: "*/*" })).toBe(false);
    expect(at("POST", { "content-type": "application/json" })).toBe(false);
    expect(at("DELETE", page)).toBe(false);
  });

  it("leads back to the operator's own pages alone", () => {
    expect(ownPath("/operator/teams/demo")).toBe("/operator/teams/demo");
    for (const bad of [
      "//elsewhere.example",
      "/operator/..//x",
      "/operator?x",
      "https://elsewhere.example",
      "/t/demo",
      null,
    ]) {
      expect(ownPath(bad)).toBe("/operator");
    }
  });

  const ask = (path: string, init: RequestInit): Promise<Response> =>
    Promise.resolve(app.request(`https://data.test${path}`, init, env, createExecutionContext()));
  const ours = { ...form, origin: "https://data.test", "sec-fetch-site": "same-origin" };

  it("asks who has no cookie, or a forged one, for the token on every page", async () => {
    for (const path of [
      "/operator",
      "/operator/teams",
      "/operator/teams/demo",
      "/operator/dead-letters",
      "/operator/none",
    ]) {
      const answer = await ask(path, { headers: { ...page, cookie: "__Host-operator=forged" } });
      expect([path, answer.status]).toEqual([path, 401]);
      const text = await answer.text();
      expect(text).toContain("Sign in as the operator");
      expect(answer.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    }
    const made = await ask("/operator/teams", {
      method: "POST",
      headers: ours,
      body: "action=create&slug=forged-team",
    });
    expect(made.status).toBe(401);
  });

  it("does nothing for a form of another site, whatever cookie comes with it", async () => {
    const cookie = (await operatorCookie(env, Date.now())).split(";")[0] ?? "";
    const foreign = [
      { "sec-fetch-site": "cross-site", origin: "https://elsewhere.example" },
      { "sec-fetch-site": "same-site", origin: "https://other.data.test" },
      { origin: "null" },
      {},
    ];
    for (const headers of foreign) {
      for (const path of ["/operator/teams", "/operator/sign-in", "/operator/sign-out"]) {
        const body = "action=create&slug=foreign-team";
        const answer = await ask(path, { method: "POST", headers: { ...form, ...headers, cookie }, body });
        expect([path, answer.status]).toEqual([path, 403]);
        expect(answer.headers.get("set-cookie")).toBeNull();
      }
    }
  });

  it("tells a wrong token from none, and does not repeat it", async () => {
    const body = new URLSearchParams({ token: "guess-guess", return_to: "https://elsewhere.example" }).toString();
    const answer = await ask("/operator/sign-in", { method: "POST", headers: ours, body });
    expect(answer.status).toBe(401);
    const text = await answer.text();
    expect(text).toContain("That is not this deployment&#39;s operator token.");
    expect(text).not.toContain("guess-guess");
    expect(text).not.toContain("elsewhere.example");
  });

  it("counts wrong tokens against their address, as other guesses", async () => {
    const headers = { ...ours, "cf-connecting-ip": "203.0.113.77" };
    const body = "token=guess";
    const statuses = new Set<number>();
    for (let tries = 0; tries < 200 && !statuses.has(429); tries++) {
      statuses.add((await ask("/operator/sign-in", { method: "POST", headers, body })).status);
    }
    expect([...statuses]).toEqual([401, 429]);
  });

  it("lets the token in, to where it was wanted", async () => {
    const body = new URLSearchParams({ token: env.OPERATOR_TOKEN, return_to: "/operator/teams" }).toString();
    const answer = await ask("/operator/sign-in", { method: "POST", headers: ours, body });
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/operator/teams"]);
    const cookie = answer.headers.get("set-cookie") ?? "";
    expect((await ask("/operator/teams", { headers: { ...page, cookie: cookie.split(";")[0] ?? "" } })).status).toBe(
      200,
    );
  });

  it("says after a form what that page says, and nothing for what every object has", async () => {
    const cookie = (await operatorCookie(env, Date.now())).split(";")[0] ?? "";
    for (const done of ["constructor", "__proto__", "toString", "no_such"]) {
      const answer = await ask(`/operator/teams?done=${done}`, { headers: { ...page, cookie } });
      expect([done, answer.status, (await answer.text()).includes('id="done"')]).toEqual([done, 200, false]);
    }
  });

  it("takes a cookie no more once a browser signed out with it", async () => {
    const cookie = (await operatorCookie(env, Date.now())).split(";")[0] ?? "";
    const seen = async () => (await ask("/operator", { headers: { ...page, cookie } })).status;
    const before = await seen();
    const out = await ask("/operator/sign-out", { method: "POST", headers: { ...ours, cookie }, body: "" });
    expect([before, out.status, await seen()]).toEqual([200, 303, 401]);
  });
});
