// The consent page: what it shows, to whom, and who can answer it. Driven as HTTP by a scripted browser. Runs in workerd.
import { describe, expect, it } from "vitest";
import { type Page, textOf } from "../../../test/helpers/browser.ts";
import {
  aPerson,
  authorizeUrl,
  origin,
  type Person,
  register,
  resource,
  send,
  teamOf,
  verifier,
} from "../../../test/helpers/oauth-worker.ts";

describe("consent", () => {
  const show = async (person: Person, changes: Record<string, string | undefined>, metadata = {}): Promise<Page> =>
    person.browser.open(await authorizeUrl(await register(metadata), changes));

  it("says who asks, where tokens go, for which team and what for; only what the role can use", async () => {
    const ada = await aPerson("Ada");
    const team = await teamOf(ada, "viewer");
    const page = await show(ada, { resource: resource(team), scope: "data:read data:write" });
    const text = textOf(page.html);
    expect(page.status).toBe(200);
    expect(text).toContain(`Allow Test app to use the team ${team}?`);
    expect(text).toContain("This app registered itself; nobody has verified its name.");
    expect(text).toContain("Access is sent to app.example.");
    expect(text).toContain("It also asks for data:write, which your role viewer does not allow.");
    expect(
      [...page.html.matchAll(/name="scope" value="([^"]+)"([^>]*)/g)].map(([, scope, rest]) => [
        scope,
        /checked/.test(rest ?? ""),
      ]),
    ).toEqual([
      ["data:read", true],
      ["admin", false],
    ]);
    expect(page.headers.get("x-frame-options")).toBe("DENY");
    expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(page.headers.get("content-security-policy")).toContain("form-action 'self' https://app.example");
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect(page.html).not.toContain("<script");
  });

  it("shows a client's own words as text", async () => {
    const ada = await aPerson("Ada");
    const team = await teamOf(ada);
    const name = '"><script>alert(1)</script><b>';
    const page = await show(ada, { resource: resource(team), scope: "<img>" }, { client_name: name });
    expect(page.html).not.toContain("<script");
    expect(page.html).not.toContain("<b>");
    expect(page.html).not.toContain("<img>");
    expect(textOf(page.html)).toContain(`Allow ${name}`);
  });

  it("warns of an app on this computer", async () => {
    const ada = await aPerson("Ada");
    const team = await teamOf(ada);
    const local = { redirect_uris: ["http://127.0.0.1/cb"] };
    const page = await show(ada, { resource: resource(team), redirect_uri: "http://127.0.0.1:4711/cb" }, local);
    expect(textOf(page.html)).toContain("This address is an app on your own computer");
    expect(page.headers.get("content-security-policy")).toContain("form-action 'self' http://127.0.0.1:4711");
  });

  it("keeps a redirect's odd host out of its policy", async () => {
    const ada = await aPerson("Ada");
    const team = await teamOf(ada);
    const odd = "https://app.example;sandbox/cb";
    const page = await show(ada, { resource: resource(team), redirect_uri: odd }, { redirect_uris: [odd] });
    expect(page.status).toBe(200);
    expect(page.headers.get("content-security-policy")).toContain("form-action 'self' https:; frame-ancestors 'none'");
    expect(page.headers.get("content-security-policy")).not.toContain("sandbox");
  });

  it("answers HEAD as it does GET", async () => {
    const url = await authorizeUrl(await register(), { resource: resource("nobody") });
    expect((await send(new Request(url, { method: "HEAD" }))).status).toBe(303);
  });

  it("sends who is not signed in to sign in and back", async () => {
    const url = await authorizeUrl(await register(), { resource: resource("nobody") });
    const answer = await send(new Request(url));
    expect(answer.status).toBe(303);
    const location = new URL(answer.headers.get("location") ?? "", origin);
    expect(location.pathname).toBe("/sign-in");
    expect(new URL(location.searchParams.get("return_to") ?? "", origin).href).toBe(url);
  });

  it("tells who is not a member the same as of a team that does not exist", async () => {
    const [ada, eve] = [await aPerson("Ada"), await aPerson("Eve")];
    const team = await teamOf(ada);
    const missing = `o-${"x".repeat(18)}`;
    const pages = [await show(eve, { resource: resource(team) }), await show(eve, { resource: resource(missing) })];
    expect(pages.map((page) => page.status)).toEqual([403, 403]);
    expect(textOf(pages[0]?.html ?? "").replaceAll(team, "T")).toBe(
      textOf(pages[1]?.html ?? "").replaceAll(missing, "T"),
    );
    expect(textOf(pages[0]?.html ?? "")).toContain("Ask an admin of the team for an invitation");
  });

  it("asks which team when the client does not say, unless there is only one", async () => {
    const ada = await aPerson("Ada");
    const url = await authorizeUrl(await register());
    expect((await ada.browser.open(url)).status).toBe(403);
    const first = await teamOf(ada);
    expect(textOf((await ada.browser.open(url)).html)).toContain(`Allow Test app to use the team ${first}?`);
    const second = await teamOf(ada);
    const chooser = await ada.browser.open(url);
    expect(textOf(chooser.html)).toContain("Which team is it for?");
    for (const team of [first, second]) expect(chooser.html).toContain(encodeURIComponent(resource(team)));
  });

  it("tells the client what only it can mend, and the person when it cannot be trusted", async () => {
    const ada = await aPerson("Ada");
    const team = await teamOf(ada);
    const bad = await show(ada, { resource: "https://elsewhere.example/mcp" });
    expect([bad.left, bad.url.searchParams.get("error")]).toEqual([true, "invalid_target"]);
    const noPkce = await show(ada, {
      resource: resource(team),
      code_challenge: undefined,
      code_challenge_method: undefined,
    });
    expect(noPkce.url.searchParams.get("error")).toBe("invalid_request");
    const secret = await show(
      ada,
      { resource: resource(team), code_challenge: undefined, code_challenge_method: undefined },
      { token_endpoint_auth_method: "client_secret_post" },
    );
    expect(Object.fromEntries(secret.url.searchParams)).toMatchObject({
      error: "invalid_request",
      state: "st4te",
      iss: origin,
    });
    const plain = await show(ada, {
      resource: resource(team),
      code_challenge: verifier,
      code_challenge_method: "plain",
    });
    expect(plain.url.searchParams.get("error")).toBe("invalid_request");
    const foreign = await show(ada, { resource: resource(team), redirect_uri: "https://evil.example/cb" });
    expect([foreign.left, foreign.status, textOf(foreign.html).includes("Invalid redirect URI")]).toEqual([
      false,
      400,
      true,
    ]);
  });

  it("cannot be given by another site, another browser, or twice", async () => {
    const ada = await aPerson("Ada");
    const team = await teamOf(ada);
    const page = await show(ada, { resource: resource(team) });
    const field = (name: string): string => new RegExp(`name="${name}" value="([^"]+)"`).exec(page.html)?.[1] ?? "";
    const form = new URLSearchParams({ handle: field("handle"), csrf: field("csrf"), decision: "allow" });
    expect((await ada.browser.post(`${origin}/authorize`, form, "https://evil.example")).status).toBe(403);
    const eve = await aPerson("Eve");
    expect((await eve.browser.post(`${origin}/authorize`, form, origin)).status).toBe(400);
    const wrong = new URLSearchParams({ ...Object.fromEntries(form), csrf: "x" });
    expect((await ada.browser.post(`${origin}/authorize`, wrong, origin)).status).toBe(400);
    expect((await ada.browser.post(`${origin}/authorize`, form, origin)).left).toBe(true);
    expect((await ada.browser.post(`${origin}/authorize`, form, origin)).status).toBe(400);
  });

  it("can be denied", async () => {
    const ada = await aPerson("Ada");
    const page = await show(ada, { resource: resource(await teamOf(ada)) });
    const denied = await ada.browser.submit(page, { form: 'name="handle"', press: "deny" });
    expect(Object.fromEntries(denied.url.searchParams)).toMatchObject({
      error: "access_denied",
      state: "st4te",
      iss: origin,
    });
  });
});
