import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { newPersonId } from "../../features/sign-in/sign-in.ts";
import { personClient } from "../../platform/person-client.ts";
import {
  makeSessionSecret,
  readSession,
  requireSameOrigin,
  safeReturnTo,
  sessionCookie,
  signInRedirect,
} from "./session-cookie.ts";

const request = (headers: Record<string, string> = {}) => new Request("https://data.test/here", { headers });

it("sets a cookie that only this host gets, over https, without scripts", () => {
  expect(sessionCookie("per_x.y", 60_000)).toBe(
    "__Host-session=per_x.y; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax",
  );
});

// The first use of an object loads the whole Worker.
it("finds the session of its cookie and of nothing else", { timeout: 60_000 }, async () => {
  const personId = newPersonId();
  const { cookie, hash } = await makeSessionSecret(personId);
  const session = { hash, provider: "passkey", userAgent: null, address: null };
  const { sessionId } = await personClient(env, personId).openSession({ personId, displayName: "Ada" }, session);
  const found = await readSession(request({ cookie: `a=b; __Host-session=${cookie}; c=d` }), env);
  expect(found).toEqual({
    personId,
    sessionId,
    provider: "passkey",
    displayName: "Ada",
    expiresAt: expect.any(Number),
    emails: [],
    verifiedEmails: [],
    csrf: expect.stringMatching(/^[0-9a-f]{43}$/),
  });
  const other = cookie.slice(0, -1) + (cookie.endsWith("A") ? "B" : "A");
  for (const text of [other, `${newPersonId()}.${cookie.split(".")[1]}`, "", "x", `${personId}.`, `../${cookie}`]) {
    expect(await readSession(request({ cookie: `__Host-session=${text}` }), env)).toBeUndefined();
  }
  expect(await readSession(request({ cookie: `session=${cookie}` }), env)).toBeUndefined();
});

describe("where a sign-in leads", () => {
  it.each([
    ["/join/demo/x?a=b#c", "/join/demo/x?a=b"],
    ["/", "/"],
    ["", "/"],
    ["//evil.test/", "/"],
    ["/\\evil.test/", "/"],
    ["/.//evil.test", "/"],
    ["/a/..//evil.test", "/"],
    ["/\t/evil.test", "/"],
    ["https://evil.test/", "/"],
    ["javascript:alert(1)", "/"],
    ["account", "/"],
  ])("%j becomes %j", (from, to) => {
    expect(safeReturnTo(request(), from)).toBe(to);
  });

  it("is kept over the sign-in page", () => {
    const location = (path: string) => signInRedirect(request(), path).headers.get("location");
    expect(location("/authorize?client_id=a&scope=b c")).toBe(
      "/sign-in?return_to=%2Fauthorize%3Fclient_id%3Da%26scope%3Db%2520c",
    );
    expect([location("/"), location("https://evil.test")]).toEqual(["/sign-in", "/sign-in"]);
  });
});

describe("requireSameOrigin", () => {
  const check = (headers: Record<string, string>) => {
    try {
      requireSameOrigin(request(headers));
      return "ours";
    } catch {
      return "refused";
    }
  };

  it("takes what a page of ours sent, and nothing else", () => {
    expect(check({ "sec-fetch-site": "same-origin" })).toBe("ours");
    expect(check({ origin: "https://data.test" })).toBe("ours");
    expect(check({ "sec-fetch-site": "same-site", origin: "https://data.test" })).toBe("refused");
    expect(check({ "sec-fetch-site": "cross-site" })).toBe("refused");
    expect(check({ origin: "https://evil.test" })).toBe("refused");
    expect(check({ origin: "null" })).toBe("refused");
    expect(check({})).toBe("refused");
  });
});
