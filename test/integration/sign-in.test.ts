// Signing in through identity providers that are really there, with a scripted browser.
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Browser, linksOf, type Page, textOf } from "../helpers/browser.ts";
import { operator } from "../helpers/clients.ts";
import { client, type Issuer, signInAtIssuer, startGitHub, startIssuer } from "../helpers/oidc.ts";
import { freePort, type RunningServer, startServer } from "../helpers/server.ts";

const accounts = {
  ada: { name: "Ada", email: "ada@example.com", email_verified: true },
  bob: { name: "Bob", email: "bob@example.com", email_verified: true },
  eve: { name: "Eve", email: "eve@elsewhere.test", email_verified: true },
  mal: { name: "Mal", email: "mal@example.com", email_verified: false },
};
const octocat = {
  id: 583231,
  login: "octocat",
  emails: [
    { email: "old@example.org", primary: false, verified: true },
    { email: "octo@example.org", primary: true, verified: true },
  ],
};

let server: RunningServer;
let acme: Issuer;
let partner: Issuer;
let github: Issuer;

beforeAll(async () => {
  const [port, acmePort, partnerPort, githubPort] = await Promise.all([1, 2, 3, 4].map(() => freePort()));
  if (port === undefined || acmePort === undefined || partnerPort === undefined || githubPort === undefined) return;
  const origin = `http://127.0.0.1:${port}`;
  acme = await startIssuer(acmePort, `${origin}/sign-in/acme/callback`, accounts);
  partner = await startIssuer(partnerPort, `${origin}/sign-in/partner/callback`, accounts);
  github = await startGitHub(githubPort, octocat);
  const varsFile = join(tmpdir(), `super-data-${port}.env`);
  const vars = {
    OIDC_ACME_ISSUER: acme.origin,
    OIDC_ACME_CLIENT_ID: client.id,
    OIDC_ACME_CLIENT_SECRET: client.secret,
    OIDC_ACME_LABEL: "Acme",
    OIDC_DOWN_LABEL: "Down $1",
    OIDC_ACME_DOMAINS: "example.com",
    OIDC_PARTNER_ISSUER: partner.origin,
    OIDC_PARTNER_CLIENT_ID: client.id,
    OIDC_PARTNER_CLIENT_SECRET: client.secret,
    OIDC_PARTNER_TEAMS: "partners",
    OIDC_DOWN_ISSUER: "http://127.0.0.1:1",
    OIDC_DOWN_CLIENT_ID: client.id,
    OIDC_DOWN_CLIENT_SECRET: client.secret,
    GITHUB_URL: github.origin,
    GITHUB_CLIENT_ID: client.id,
    GITHUB_CLIENT_SECRET: client.secret,
    TEAM_CREATION: "@example.com",
  };
  writeFileSync(
    varsFile,
    Object.entries(vars)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  server = await startServer({ port, args: ["--vars", varsFile] });
});

afterAll(async () => {
  await server.stop();
  await Promise.all([acme, partner, github].map((issuer) => issuer.stop()));
});

function newBrowser(): Browser {
  return new Browser([server.origin, acme.origin, partner.origin, github.origin]);
}

/** Goes to the sign-in page and through Acme under a login. */
async function signIn(browser: Browser, login: string, returnTo = "/"): Promise<Page> {
  const page = await browser.open(`${server.origin}/sign-in/acme?${new URLSearchParams({ return_to: returnTo })}`);
  return signInAtIssuer(browser, page, login);
}

async function invitation(team: string, body: Record<string, unknown>): Promise<string> {
  const answer = await operator(server, `/teams/${team}/invitations`, { method: "POST", body: JSON.stringify(body) });
  return server.origin + new URL(((await answer.json()) as { url: string }).url).pathname;
}

const whoami = (browser: Browser, team: string) =>
  fetch(`${server.origin}/t/${team}/api/v1/whoami`, { headers: { cookie: browser.cookies(server.origin) } });

describe("an OpenID Connect provider", () => {
  it("signs people in, who create a team and are the same person in another browser", async () => {
    const browser = newBrowser();
    const page = await browser.open(`${server.origin}/sign-in`);
    expect([...linksOf(page).keys()]).toEqual([
      "Skip to content",
      "Super Data",
      "Sign in with Acme",
      "Sign in with Down $1",
      "Sign in with GitHub",
      "http://localhost:".concat(new URL(server.origin).port),
    ]);
    const home = await signIn(browser, "ada");
    expect([home.status, home.url.pathname, textOf(home.html)]).toMatchObject([
      200,
      "/",
      expect.stringContaining("You are in no team yet."),
    ]);

    const form = await browser.open(`${server.origin}/teams/new`);
    const created = await browser.submit(form, {
      form: 'action="/teams/new"',
      set: { name: "Acme data", slug: "acme" },
    });
    expect(textOf(created.html)).toContain("You are in Acme data. Next: add its MCP URL to your assistant.");
    expect(created.html).toContain(`value="${server.origin}/t/acme/mcp"`);
    expect(await (await whoami(browser, "acme")).json()).toMatchObject({ username: "ada", role: "owner" });

    const elsewhere = newBrowser();
    expect(textOf((await signIn(elsewhere, "ada")).html)).toContain("Acme data owner");
  });

  it("goes on to where the browser was going, but never to another site", async () => {
    const invited = await invitation("demo", { role: "viewer", email: "bob@example.com" });
    const bob = newBrowser();
    const there = await signIn(bob, "bob", new URL(invited).pathname);
    expect(textOf(there.html)).toContain("You are signed in as Bob.");
    expect(textOf((await bob.submit(there, { form: "Join demo" })).html)).toContain("Demo viewer");
    expect((await signIn(newBrowser(), "bob", "//evil.test/")).url.href).toBe(`${server.origin}/`);
    expect((await signIn(newBrowser(), "bob", "https://evil.test/")).url.href).toBe(`${server.origin}/`);
  });

  it("lets only verified addresses of its domains in", async () => {
    const browser = newBrowser();
    const eve = await signIn(browser, "eve");
    expect([eve.status, textOf(eve.html)]).toMatchObject([
      401,
      expect.stringContaining(
        "You are not signed in Your email address is not of a domain that may sign in here. Sign in with an account whose address ends in @example.com.",
      ),
    ]);
    expect(browser.cookies(server.origin)).toBe("");
    expect(textOf((await signIn(newBrowser(), "mal")).html)).toContain(
      "Acme did not confirm an email address of yours; one is needed here. Verify an address that ends in @example.com with Acme, then sign in again.",
    );
  });

  it("takes back only the browser that left, once", async () => {
    const browser = newBrowser();
    const words =
      "This sign-in was not started in this browser, has expired, or another one replaced it. Start again here, in one tab, with cookies allowed.";
    const forged = await browser.open(`${server.origin}/sign-in/acme/callback?code=x&state=y`);
    expect([forged.status, textOf(forged.html)]).toMatchObject([401, expect.stringContaining(words)]);

    let callback: URL | undefined;
    const watched = new Browser([server.origin, acme.origin], (request) => {
      if (request.url.includes("/callback?")) callback = new URL(request.url);
      return fetch(request);
    });
    expect((await signIn(watched, "bob")).status).toBe(200);
    const again = await watched.open(callback ?? "");
    expect([again.status, textOf(again.html)]).toMatchObject([401, expect.stringContaining(words)]);
  });

  it("says what to do when the person cancels or the provider is down", async () => {
    const browser = newBrowser();
    const login = await browser.open(`${server.origin}/sign-in/acme`);
    const cancel = [...linksOf(login)].find(([text]) => text.includes("Cancel"))?.[1];
    const cancelled = await browser.open(cancel ?? "");
    expect([cancelled.status, textOf(cancelled.html)]).toMatchObject([
      401,
      expect.stringContaining(
        "The sign-in with Acme was cancelled. Start again, or choose another way. Back to sign-in",
      ),
    ]);
    const down = await browser.open(`${server.origin}/sign-in/down`);
    expect([down.status, textOf(down.html)]).toMatchObject([
      401,
      expect.stringContaining("Down $1 could not be reached or gave an answer that cannot be used."),
    ]);
    const unknown = await browser.open(`${server.origin}/sign-in/nothing`);
    expect([unknown.status, textOf(unknown.html)]).toMatchObject([
      404,
      expect.stringContaining("There is no such way to sign in here."),
    ]);
  });
});

describe("a provider of one team", () => {
  it("is all that is offered on the way to that team, and opens no other", async () => {
    await operator(server, "/teams/partners", { method: "PUT" });
    const page = await newBrowser().open(`${server.origin}/sign-in?team=partners`);
    expect([...linksOf(page).keys()]).toEqual(["Skip to content", "Super Data", "Sign in with PARTNER"]);

    const browser = newBrowser();
    const start = await browser.open(`${server.origin}/sign-in/partner`);
    expect((await signInAtIssuer(browser, start, "ada")).status).toBe(200);
    // Another issuer, so another person, although the address is the same.
    const demo = await browser.open(await invitation("demo", { role: "viewer", email: "ada@example.com" }));
    expect(textOf(demo.html)).toContain("You are signed in with PARTNER, which this team does not accept.");
    const forced = await browser.post(demo.url, new URLSearchParams(), server.origin);
    expect([forced.status, textOf(forced.html)]).toMatchObject([
      403,
      expect.stringContaining("You signed in with PARTNER, which is not for the team demo."),
    ]);
    const own = await browser.open(await invitation("partners", { role: "viewer", email: "ada@example.com" }));
    expect(textOf((await browser.submit(own, { form: "Join partners" })).html)).toContain("partners viewer");
    expect((await browser.open(`${server.origin}/teams/new`)).status).toBe(403);
  });
});

describe("GitHub", () => {
  it("signs in by number, with the verified primary address", async () => {
    const browser = newBrowser();
    const link = await invitation("demo", { role: "viewer", email: "octo@example.org" });
    const page = await browser.open(
      `${server.origin}/sign-in/github?${new URLSearchParams({ return_to: new URL(link).pathname })}`,
    );
    expect(textOf(page.html)).toContain("You are signed in as octocat.");
    const joined = await browser.submit(page, { form: "Join demo" });
    expect(textOf(joined.html)).toContain("Demo viewer");
  });

  it("is not taken from whoever signs in with it already", async () => {
    const bob = newBrowser();
    await signIn(bob, "bob");
    const account = await bob.open(`${server.origin}/account`);
    const taken = await bob.open(linksOf(account).get("Add an account of GitHub") ?? "");
    expect([taken.status, textOf(taken.html)]).toMatchObject([
      409,
      expect.stringContaining("Someone already signs in with that account, so it was not added to yours."),
    ]);
  });
});

describe("a further account", () => {
  it("signs in as the person it was added to, until it is removed", async () => {
    const ada = newBrowser();
    await signIn(ada, "ada");
    const account = await ada.open(`${server.origin}/account`);
    const start = await ada.open(linksOf(account).get("Add an account of PARTNER") ?? "");
    const added = await signInAtIssuer(ada, start, "bob");
    expect(textOf(added.html)).toContain("The account is added: you can sign in with it from now on.");

    const byPartner = async () => {
      const browser = newBrowser();
      const page = await browser.open(`${server.origin}/sign-in/partner`);
      return textOf((await signInAtIssuer(browser, page, "bob")).html);
    };
    expect(await byPartner()).toContain("Acme data owner");
    const removed = await ada.submit(await ada.open(`${server.origin}/account`), { form: partner.origin });
    expect(textOf(removed.html)).toContain("It is removed from your account.");
    expect(await byPartner()).toContain("You are in no team yet.");

    const last = await ada.submit(removed, { form: acme.origin });
    expect([last.status, textOf(last.html)]).toMatchObject([409, expect.stringContaining("Nothing was removed yet.")]);
  });

  it("is added only from the person's own page", async () => {
    const browser = newBrowser();
    await signIn(browser, "ada");
    const forged = await browser.open(`${server.origin}/sign-in/github?link=guess`);
    expect([forged.status, textOf(forged.html)]).toMatchObject([
      403,
      expect.stringContaining("This link is not from your own account page, so nothing was done."),
    ]);
  });
});

describe("sessions", () => {
  it("are rotated at sign-in, listed, and end when they are revoked", async () => {
    const first = newBrowser();
    await signIn(first, "ada");
    const before = first.cookies(server.origin);
    await signIn(first, "ada");
    const replayed = await fetch(`${server.origin}/t/acme/api/v1/whoami`, { headers: { cookie: before } });
    expect(replayed.status).toBe(401);
    expect((await whoami(first, "acme")).status).toBe(200);

    const second = newBrowser();
    await signIn(second, "ada");
    const account = await second.open(`${server.origin}/account`);
    expect(textOf(account.html)).toContain("this browser");
    const out = await second.submit(account, { form: "/account/sign-out-everywhere" });
    expect([out.url.pathname, second.cookies(server.origin)]).toEqual(["/", ""]);
    expect((await whoami(first, "acme")).status).toBe(401);
    const gone = await first.open(`${server.origin}/account`);
    expect(gone.url.href).toBe(`${server.origin}/sign-in?return_to=%2Faccount`);
  });

  it("change nothing for another site's forms", async () => {
    const ada = newBrowser();
    await signIn(ada, "ada");
    const page = await ada.post(
      `${server.origin}/account/sign-out-everywhere`,
      new URLSearchParams(),
      "https://evil.test",
    );
    expect([page.status, textOf(page.html)]).toMatchObject([
      403,
      expect.stringContaining("This request did not come from a page of this site, so nothing was done."),
    ]);
    expect((await whoami(ada, "acme")).status).toBe(200);
  });
});
