// Sign-in, invitations and the account as a browser meets them, in the Worker itself. Providers and passkeys: test/integration, test/browser.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { Browser, linksOf, type Page, textOf } from "../../../test/helpers/browser.ts";
import { invite } from "../../../test/helpers/people.ts";
import { freshTeam } from "../../../test/helpers/team.ts";
import { accessEndedCode } from "../../core/feed.ts";
import { systemCaller } from "../../features/access/access.ts";
import { newPersonId } from "../../features/sign-in/sign-in.ts";
import { personClient } from "../../platform/person-client.ts";
import { app } from "../app.ts";
import { makeSessionSecret, readSession, sessionCookie } from "./session-cookie.ts";

const origin = "https://data.test";

/** A browser at the Worker, which has these variables too. */
function newBrowser(vars: Record<string, string> = {}): Browser {
  return new Browser([origin], async (request) => {
    const ctx = createExecutionContext();
    const response = await app.fetch(request, { ...env, ...vars }, ctx);
    await waitOnExecutionContext(ctx);
    return response;
  });
}

/** What a person reads below the header. */
const read = (page: Page) => textOf(page.html.slice(page.html.indexOf("<main")));

async function aLink(team: Awaited<ReturnType<typeof freshTeam>>, input: Parameters<typeof invite>[1] = {}) {
  const { id, secret } = await invite(team.client, { signsIn: true, ...input });
  return { id, url: `${origin}/join/${team.slug}/${secret}` };
}

/** Someone who came by a link. */
async function signedIn(vars: Record<string, string> = {}) {
  const team = await freshTeam();
  const browser = newBrowser(vars);
  const page = await browser.open((await aLink(team, { role: "member" })).url);
  const account = await browser.submit(page, { form: 'id="link-name"', set: { display_name: "Ada" } });
  return { team, browser, account };
}

const whoami = async (browser: Browser, slug: string): Promise<number> =>
  (await browser.open(`${origin}/t/${slug}/api/v1/whoami`)).status;

beforeAll(async () => {
  await freshTeam();
}, 60_000);

describe("every page", () => {
  it.each(["/", "/sign-in", "/join/none/x", "/account", "/nothing"])(
    "%s has a strict policy and is never kept",
    async (path) => {
      const browser = newBrowser();
      const request = new Request(origin + path, { headers: { accept: "text/html" } });
      const answer = await app.fetch(request, env, createExecutionContext());
      const page =
        answer.status === 303 ? await browser.open(new URL(answer.headers.get("location") ?? "", origin)) : answer;
      expect(Object.fromEntries([...page.headers].filter(([name]) => name !== "x-request-id"))).toEqual({
        "content-type": "text/html; charset=utf-8",
        "content-security-policy":
          "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
      });
    },
  );

  it("says what this is and how to sign in", async () => {
    const page = await newBrowser().open(`${origin}/`);
    expect(read(page)).toBe(
      "A data server for teams and their assistants Super Data keeps a team's datasets and the tools that query them, and serves both to AI assistants over MCP. What an assistant may see and change is what the person it acts for may. Sign in New here? Open the invitation link that someone of your team sent you.",
    );
  });
});

describe("the configuration", () => {
  it("that is half there is named to the operator, and offers nothing of it", async () => {
    const page = await newBrowser({ OIDC_ACME_ISSUER: "https://a.example", PASSKEYS: "off" }).open(`${origin}/sign-in`);
    expect([page.status, read(page)]).toEqual([
      500,
      "Sign-in is not set up Some ways to sign in are missing here, because this server's configuration has mistakes. Its operator corrects: OIDC_ACME_CLIENT_ID is not set, but OIDC_ACME_ISSUER is OIDC_ACME_CLIENT_SECRET is not set, but OIDC_ACME_ISSUER is This server offers no way to sign in. Its operator configures an identity provider, or passkeys with PASSKEYS=on; the guide is docs/guides/sign-in.md. Go to the home page",
    ]);
  });

  it("with a mistake still offers the rest", async () => {
    const vars = { GOOGLE_CLIENT_ID: "a", GITHUB_CLIENT_ID: "a", GITHUB_CLIENT_SECRET: "b" };
    const page = await newBrowser(vars).open(`${origin}/sign-in`);
    expect([page.status, [...linksOf(page).keys()]]).toEqual([
      200,
      ["Skip to content", "Super Data", "Sign in with GitHub"],
    ]);
    expect(read(page)).toContain("GOOGLE_CLIENT_SECRET is not set, but GOOGLE_CLIENT_ID is");
  });

  it("without any way says so", async () => {
    const page = await newBrowser({ PASSKEYS: "off" }).open(`${origin}/sign-in`);
    expect([page.status, read(page)]).toEqual([503, expect.stringContaining("This server offers no way to sign in.")]);
  });

  it("sends people to a provider with PKCE and a state of their own", async () => {
    const vars = { GITHUB_CLIENT_ID: "a", GITHUB_CLIENT_SECRET: "b" };
    const [one, two] = await Promise.all([1, 2].map(() => newBrowser(vars).open(`${origin}/sign-in/github`)));
    const query = Object.fromEntries(one?.url.searchParams ?? []);
    expect([one?.left, one?.url.origin, query]).toEqual([
      true,
      "https://github.com",
      {
        client_id: "a",
        redirect_uri: `${origin}/sign-in/github/callback`,
        scope: "read:user user:email",
        state: expect.stringMatching(/^[\w-]{43}$/),
        code_challenge: expect.stringMatching(/^[\w-]{43}$/),
        code_challenge_method: "S256",
      },
    ]);
    expect(two?.url.searchParams.get("state")).not.toBe(query.state);
  });
});

describe("an invitation", () => {
  it("is not used up by looking at it", async () => {
    const team = await freshTeam();
    const { url } = await aLink(team, { role: "admin" });
    for (let looks = 0; looks < 3; looks++) {
      const page = await newBrowser().open(url);
      expect([page.status, read(page)]).toEqual([
        200,
        expect.stringContaining(
          `Join ${team.slug} The operator of this server invites you to the team ${team.slug} as admin.`,
        ),
      ]);
    }
  });

  it("that signs in does so once, and says how to come back", async () => {
    const { team, browser, account } = await signedIn();
    expect(account.url.pathname + account.url.search).toBe("/account?done=joined");
    expect(read(account)).toContain(
      "You have no way to sign in again: a one-time link let you in. Add a passkey or an account below before you sign out.",
    );
    expect(await whoami(browser, team.slug)).toBe(200);
    expect(read(await browser.open(origin))).toContain(`${team.slug} member MCP URL`);
  });

  it("that was used, revoked or never made is refused with the next step", async () => {
    const team = await freshTeam();
    const { url } = await aLink(team);
    const first = newBrowser();
    await first.submit(await first.open(url), { form: 'id="link-name"', set: { display_name: "Ada" } });
    const used = await newBrowser().open(url);
    const none = await newBrowser().open(`${origin}/join/${team.slug}/nonsense`);
    const nowhere = await newBrowser().open(`${origin}/join/no-such-team/nonsense`);
    expect([used, none, nowhere].map((page) => [page.status, read(page).replace(/Request .*/, "")])).toEqual([
      [
        410,
        "This invitation cannot be used This invitation has been used. Ask an admin of the team for a new one. Go to the home page ",
      ],
      [
        410,
        "This invitation cannot be used There is no such invitation. Ask an admin of the team for a new one. Go to the home page ",
      ],
      [
        410,
        "This invitation cannot be used There is no such invitation. Ask an admin of the team for a new one. Go to the home page ",
      ],
    ]);
  });

  it("is not accepted by another site's form, nor without a name", async () => {
    const team = await freshTeam();
    const { url } = await aLink(team);
    const browser = newBrowser();
    const forged = await browser.post(url, new URLSearchParams({ display_name: "Ada" }), "https://evil.test");
    expect([forged.status, browser.cookies(origin)]).toEqual([403, ""]);
    const nameless = await browser.post(url, new URLSearchParams({ display_name: " " }), origin);
    expect([nameless.status, read(nameless)]).toEqual([
      400,
      expect.stringContaining("A name is needed for the team to know you by."),
    ]);
    expect((await browser.open(url)).status).toBe(200);
  });

  it("that does not sign in sends nobody in without a sign-in", async () => {
    const team = await freshTeam();
    const { url } = await aLink(team, { signsIn: false });
    const browser = newBrowser();
    const page = await browser.post(url, new URLSearchParams({ display_name: "Ada" }), origin);
    expect([page.status, page.url.href, browser.cookies(origin)]).toEqual([200, url, ""]);
    expect(page.html).toContain('data-passkey="register"');
  });

  it("is joined by who is signed in already, with the same person", async () => {
    const { browser, team } = await signedIn();
    const other = await freshTeam();
    const page = await browser.open((await aLink(other, { role: "viewer", signsIn: false })).url);
    const home = await browser.submit(page, { form: `Join ${other.slug}` });
    expect(home.url.search).toBe(`?joined=${other.slug}`);
    expect(read(home)).toContain(`You are in ${other.slug}.`);
    expect([await whoami(browser, team.slug), await whoami(browser, other.slug)]).toEqual([200, 200]);
  });

  it("shows names as text", async () => {
    const team = await freshTeam();
    const browser = newBrowser();
    const page = await browser.open((await aLink(team)).url);
    const account = await browser.submit(page, {
      form: 'id="link-name"',
      set: { display_name: "<img src=x onerror=a()>" },
    });
    expect(account.html).not.toContain("<img");
    expect(account.html).toContain("&lt;img src=x onerror=a()&gt;");
  });
});

describe("the account", () => {
  it("renames, and lists this browser", async () => {
    const { browser, account } = await signedIn();
    const renamed = await browser.submit(account, { form: "/account/name", set: { display_name: "Ada L." } });
    expect(read(renamed)).toContain("Your name is changed.");
    expect(textOf(renamed.html)).toContain("Ada L. Sign out");
    expect(read(renamed)).toContain("this browser One-time link");
  });

  it("signs out, after which the cookie opens nothing", async () => {
    const { browser, account, team } = await signedIn();
    const stolen = browser.cookies(origin);
    const out = await browser.submit(account, { form: 'action="/sign-out"' });
    expect([out.url.href, browser.cookies(origin)]).toEqual([`${origin}/`, ""]);
    const thief = newBrowser();
    thief.setCookie(origin, stolen);
    expect(await whoami(thief, team.slug)).toBe(401);
    expect((await thief.open(`${origin}/account`)).url.pathname).toBe("/sign-in");
  });

  it("ends the streams that its session opened", async () => {
    const { browser, account, team } = await signedIn();
    const personId = /per_[\w-]+/.exec(browser.cookies(origin))?.[0] ?? "";
    const session = await readSession(new Request(origin, { headers: { cookie: browser.cookies(origin) } }), env);
    const credential = {
      kind: "session",
      id: session?.sessionId,
      personId,
      provider: "link",
      expiresAt: session?.expiresAt,
    };
    const opened = await team.client.fetch("https://team/feed", {
      headers: { upgrade: "websocket", "x-credential": JSON.stringify(credential) },
    });
    const socket = opened.webSocket;
    const closed = new Promise<number>((resolve) => socket?.addEventListener("close", (event) => resolve(event.code)));
    socket?.accept();
    await browser.submit(account, { form: "/account/sign-out-everywhere" });
    expect(await closed).toBe(accessEndedCode);
  });

  it("lists the apps connected in each team, and disconnects one's own alone", async () => {
    const { team, browser } = await signedIn();
    const other = await signedIn();
    const connect = async ({ team: { client, slug }, browser: who }: typeof other, name: string): Promise<string> => {
      const session = await readSession(new Request(origin, { headers: { cookie: who.cookies(origin) } }), env);
      if (session === undefined) throw new Error("not signed in");
      const { sessionId: id, personId, provider } = session;
      const connection = { id: `con_${name}-${slug}`, clientId: name, clientName: name, redirectHost: "app.example" };
      const given = { ...connection, scopes: ["data:read" as const], isSharedClient: false };
      await client.connections().openConnection({ id, personId, provider }, given, by);
      // The client comes for its tokens; until then there is nothing to end.
      await client.connections().connectionState(connection.id);
      return connection.id;
    };
    const by = { client: null, address: null, requestId: "r" };
    const mine = await connect({ team, browser, account: other.account }, "notes");
    const theirs = await connect(other, "mail");
    const account = await browser.open(`${origin}/account`);
    expect(read(account)).toContain("notes");
    expect(read(account)).not.toContain("mail");
    const form = (id: string, slug: string) => new URLSearchParams({ id, team: slug });
    const foreign = [form(theirs, other.team.slug), form(theirs, team.slug), form("con_none", team.slug)];
    for (const wrong of foreign) {
      expect((await browser.post(`${origin}/account/apps/disconnect`, wrong, origin)).status).toBe(404);
    }
    const done = await browser.submit(account, { form: "/account/apps/disconnect" });
    expect(done.url.search).toBe("?done=disconnected");
    expect(read(done)).not.toContain("notes");
    expect([
      await team.client.connections().connectionState(mine),
      await other.team.client.connections().connectionState(theirs),
    ]).toEqual([undefined, { scopes: ["data:read"] }]);
  });

  it("needs a sign-in, and forms of its own", async () => {
    const stranger = newBrowser();
    const page = await stranger.post(`${origin}/account/name`, new URLSearchParams({ display_name: "Eve" }), origin);
    expect(page.url.href).toBe(`${origin}/sign-in?return_to=%2Faccount`);
    const { browser } = await signedIn();
    for (const path of [
      "name",
      "sessions/revoke",
      "apps/disconnect",
      "sign-out-everywhere",
      "passkeys/rename",
      "passkeys/remove",
      "identities/remove",
    ]) {
      const forged = await browser.post(
        `${origin}/account/${path}`,
        new URLSearchParams({ id: "x" }),
        "https://evil.test",
      );
      expect([path, forged.status]).toEqual([path, 403]);
    }
    expect((await browser.post(`${origin}/sign-out`, new URLSearchParams(), "https://evil.test")).status).toBe(403);
    expect((await browser.open(`${origin}/account`)).status).toBe(200);
  });
});

describe("a new team", () => {
  it("is made by who may, and says what was wrong", async () => {
    const { browser } = await signedIn({ TEAM_CREATION: "anyone" });
    const slug = `n-${crypto.randomUUID().slice(0, 8)}`;
    const form = await browser.open(`${origin}/teams/new`);
    const wrong = await browser.submit(form, { form: 'action="/teams/new"', set: { name: "Mine", slug: "No Good" } });
    expect([wrong.status, wrong.html.includes('value="No Good"')]).toEqual([400, true]);
    const home = await browser.submit(wrong, { form: 'action="/teams/new"', set: { name: "Mine", slug } });
    expect([home.url.search, await whoami(browser, slug)]).toEqual([`?joined=${slug}`, 200]);
    const other = await signedIn({ TEAM_CREATION: "anyone" });
    const taken = await other.browser.submit(await other.browser.open(`${origin}/teams/new`), {
      form: 'action="/teams/new"',
      set: { name: "Theirs", slug },
    });
    expect([taken.status, read(taken)]).toEqual([409, expect.stringContaining(`The slug ${slug} is taken.`)]);
  });

  it("is not made where only the operator may", async () => {
    const { browser } = await signedIn();
    const page = await browser.open(`${origin}/teams/new`);
    expect([page.status, read(page)]).toEqual([
      403,
      expect.stringContaining("This deployment does not let you create teams."),
    ]);
    const forced = await browser.post(
      `${origin}/teams/new`,
      new URLSearchParams({ name: "a", slug: "abc-def" }),
      origin,
    );
    expect(forced.status).toBe(403);
  });
});

describe("a deleted team", () => {
  it("is brought back on the home page by an owner of it, and by nobody else", async () => {
    const { browser, team } = await signedIn();
    const owner = newBrowser();
    const joined = await owner.open((await aLink(team, { role: "owner" })).url);
    await owner.submit(joined, { form: 'id="link-name"', set: { display_name: "Olga" } });
    await team.client.teams().delete(team.slug, systemCaller("operator", "test"));
    expect(await whoami(owner, team.slug)).toBe(410);

    expect(read(await browser.open(`${origin}/`))).toContain("You are in no team yet.");
    const stranger = (await signedIn()).browser;
    const fields = new URLSearchParams({ team: team.slug });
    for (const other of [browser, stranger]) {
      const refused = await other.post(`${origin}/teams/restore`, fields, origin);
      expect([refused.status, read(refused)]).toEqual([
        404,
        expect.stringContaining("There is no deleted team of this name that you can restore here."),
      ]);
    }
    expect((await owner.post(`${origin}/teams/restore`, fields, "https://evil.test")).status).toBe(403);
    expect(await whoami(owner, team.slug)).toBe(410);

    const home = await owner.open(`${origin}/?deleted=${team.slug}`);
    expect(read(home)).toContain("is deleted and nobody gets in any more. You can restore it below.");
    const back = await owner.submit(home, { form: 'action="/teams/restore"' });
    expect([back.url.search, read(back)]).toEqual([
      `?restored=${team.slug}`,
      expect.stringContaining("is back as it was."),
    ]);
    expect([await whoami(owner, team.slug), await whoami(browser, team.slug)]).toEqual([200, 200]);
    expect((await owner.post(`${origin}/teams/restore`, fields, origin)).status).toBe(404);
  });

  it("asks who is not signed in to sign in first", async () => {
    const page = await newBrowser().post(`${origin}/teams/restore`, new URLSearchParams({ team: "demo" }), origin);
    expect(page.url.pathname).toBe("/sign-in");
  });
});

describe("passkey endpoints", () => {
  const post = (path: string, body: unknown, vars: Record<string, string> = {}, headers: Record<string, string> = {}) =>
    app.fetch(
      new Request(`${origin}/sign-in/passkey/${path}`, {
        method: "POST",
        headers: { "sec-fetch-site": "same-origin", ...headers },
        body: JSON.stringify(body),
      }),
      { ...env, ...vars },
      createExecutionContext(),
    );
  const problem = async (answer: Response) => [answer.status, ((await answer.json()) as { detail: string }).detail];

  it("make nobody a passkey without an invitation", async () => {
    expect(await problem(await post("register/options", { display_name: "Eve" }))).toEqual([
      401,
      "A passkey is made with an invitation, or by who is signed in.",
    ]);
    expect(await problem(await post("register/options", { display_name: "Eve", invitation: "demo/none" }))).toEqual([
      410,
      "There is no such invitation.",
    ]);
  });

  it("refuse answers to prompts that were not opened here, and other sites", async () => {
    const answer = { response: { id: "abc", response: { userHandle: "abc" } }, return_to: "/" };
    expect(await problem(await post("verify", answer))).toEqual([
      401,
      "This passkey prompt was not opened from this page, or has expired.",
    ]);
    expect(await problem(await post("options", {}, {}, { "sec-fetch-site": "cross-site" }))).toEqual([
      403,
      "This request did not come from a page of this site, so nothing was done.",
    ]);
    expect(await problem(await post("options", {}, { PASSKEYS: "off" }))).toEqual([
      404,
      "This server does not use passkeys.",
    ]);
    expect((await post("verify", "nonsense")).status).toBe(400);
  });
});

it("a session that only some teams accept changes no way to sign in", async () => {
  const partner = { ISSUER: "https://p.example", CLIENT_ID: "i", CLIENT_SECRET: "s", TEAMS: "partners" };
  const vars = Object.fromEntries(Object.entries(partner).map(([name, value]) => [`OIDC_PARTNER_${name}`, value]));
  const personId = newPersonId();
  const { cookie, hash } = await makeSessionSecret(personId);
  const opened = { hash, provider: "partner", userAgent: null, address: null };
  await personClient(env, personId).openSession({ personId, displayName: "Ada" }, opened);
  const browser = newBrowser({ ...vars, PASSKEYS: "on", GITHUB_CLIENT_ID: "g", GITHUB_CLIENT_SECRET: "h" });
  browser.setCookie(origin, sessionCookie(cookie, 1_000_000));
  const account = await browser.open(`${origin}/account`);
  expect(account.html).not.toMatch(/data-passkey|link=/);
  expect(read(account)).toContain(
    "To change these, sign in another way: you came with an account of some teams alone.",
  );
  const headers = { cookie: `__Host-session=${cookie}` };
  const csrf = (await readSession(new Request(origin, { headers }), env))?.csrf ?? "";
  const none = new URLSearchParams({ id: "x", issuer: "x", subject: "x", confirm: "yes" });
  const pages = [
    await browser.open(`${origin}/sign-in/github?link=${csrf}`),
    await browser.post(`${origin}/account/passkeys/remove`, none, origin),
    await browser.post(`${origin}/account/identities/remove`, none, origin),
  ];
  expect(pages.map(({ status }) => status)).toEqual([403, 403, 403]);
  const request = new Request(`${origin}/sign-in/passkey/register/options`, {
    method: "POST",
    headers: { ...headers, "sec-fetch-site": "same-origin" },
    body: "{}",
  });
  const refused = await app.fetch(request, { ...env, ...vars, PASSKEYS: "on" }, createExecutionContext());
  expect([refused.status, ((await refused.json()) as { detail: string }).detail]).toEqual([
    403,
    "You signed in with an account of some teams alone, so your other ways to sign in stay as they are.",
  ]);
});

it("an address that keeps guessing has to wait", async () => {
  const guess = async () => {
    const headers = { "cf-connecting-ip": "203.0.113.77", accept: "text/html" };
    const request = new Request(`${origin}/join/demo/guess`, { headers });
    return app.fetch(request, { ...env, SIGN_IN_FAILURES_PER_MINUTE: "1" }, createExecutionContext());
  };
  const statuses: number[] = [];
  for (let tries = 0; tries < 40 && !statuses.includes(429); tries++) statuses.push((await guess()).status);
  const refused = await guess();
  expect([statuses.at(0), statuses.at(-1), refused.status]).toEqual([410, 429, 429]);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(textOf(await refused.text())).toContain(
    "Too many tries Too many sign-ins from your network address have failed.",
  );
});

it("an address loses no tries to what a page elsewhere loads unseen", async () => {
  const load = async (path: string, dest: string): Promise<number> => {
    const headers = { "cf-connecting-ip": "203.0.113.78", "sec-fetch-site": "cross-site", "sec-fetch-dest": dest };
    const variables = { SIGN_IN_FAILURES_PER_MINUTE: "0.1" };
    const request = new Request(`${origin}${path}`, { headers });
    return (await app.fetch(request, { ...env, ...variables }, createExecutionContext())).status;
  };
  const unseen: number[] = [];
  for (const path of ["/join/demo/guess", "/sign-in/github/callback?state=x", "/sign-in/github"]) {
    unseen.push(await load(path, "image"), await load(path, "iframe"));
  }
  expect(unseen).toEqual([403, 403, 403, 403, 403, 403]);
  expect([await load("/join/demo/guess", "document"), await load("/join/demo/guess", "document")]).toEqual([410, 429]);
});
