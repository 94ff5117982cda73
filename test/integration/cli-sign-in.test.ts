// Signing in on the command line: OAuth with a scripted browser, stored tokens, profiles, renewal and the end of it.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { Browser, type Filling } from "../helpers/browser.ts";
import { type Cli, errorOf, openCli, type Ran } from "../helpers/cli.ts";
import { createTeam, rest } from "../helpers/clients.ts";
import { allow } from "../helpers/oauth.ts";
import { joinTeam } from "../helpers/sign-in.ts";

const server = inject("server");
let cli: Cli;
let team: Awaited<ReturnType<typeof createTeam>>;
let ada: Browser;

interface Profiles {
  current?: string;
  profiles: Record<
    string,
    {
      url: string;
      credential: { kind: string; access_token: string; refresh_token: string; expires_at: number; scope: string };
    }
  >;
}

const configPath = (): string => join(cli.folder, "config", "super-data", "config.json");
const config = (): Profiles => JSON.parse(readFileSync(configPath(), "utf8")) as Profiles;
const credential = (profile: string) => {
  const found = config().profiles[profile]?.credential;
  if (found === undefined) throw new Error(`no profile ${profile}`);
  return found;
};

beforeAll(async () => {
  team = await createTeam(server, "signed");
  cli = await openCli();
  ada = new Browser([server.origin.replace("127.0.0.1", "localhost")]);
  await joinTeam(ada, server, "signed", "admin", "ada");
});
afterAll(() => cli?.remove());

/** Runs `login` with a person at the browser: the address it prints is opened, and the browser comes back to it. */
async function signIn(args: readonly string[], filling: Filling = {}): Promise<Ran> {
  let visit: Promise<unknown> | undefined;
  const ran = await cli.run(["login", ...args, "--no-browser"], {
    onErr: (text) => {
      const address = /https?:\/\/\S+\/authorize\?\S+/.exec(text)?.[0];
      if (address !== undefined)
        visit ??= allow(ada, new URL(address), filling)
          .then((back) => fetch(back))
          .then((page) => page.text());
    },
  });
  await visit;
  return ran;
}

describe("in the browser", () => {
  it("signs in by PKCE with a redirect to this machine, and keeps the tokens to its owner", async () => {
    const { code, out } = await signIn([`${server.origin}/t/signed`, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      profile: "signed",
      url: `${server.origin}/t/signed`,
      username: "ada",
      role: "admin",
      team: "signed",
      scopes: ["data:read", "data:write", "library:write"],
      signed_in_by: "oauth",
    });
    expect(statSync(configPath()).mode & 0o777).toBe(0o600);
    expect(out).not.toContain(credential("signed").access_token);
    expect(await cli.json(["whoami"])).toMatchObject({
      username: "ada",
      profile: "signed",
      source: "oauth",
      credential: { kind: "connection" },
    });
  });

  it("renews a token that has ended, also when many commands find it so at once", async () => {
    const before = config();
    const profile = before.profiles.signed;
    if (profile === undefined) throw new Error("not signed in");
    const { refresh_token } = profile.credential;
    profile.credential = { ...profile.credential, access_token: "ended", expires_at: 0 };
    writeFileSync(configPath(), JSON.stringify(before));
    const ran = await Promise.all(Array.from({ length: 4 }, () => cli.run(["whoami", "--json"])));
    expect(ran.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(credential("signed").refresh_token).not.toBe(refresh_token);
    expect(credential("signed").expires_at).toBeGreaterThan(Date.now());
  });

  it("renews a token that the server refuses", async () => {
    const before = config();
    const profile = before.profiles.signed;
    if (profile === undefined) throw new Error("not signed in");
    profile.credential.access_token = "refused";
    writeFileSync(configPath(), JSON.stringify(before));
    expect((await cli.run(["query", "none", "."])).code).toBe(5);
    profile.credential.access_token = "refused";
    expect((await cli.run(["whoami"])).code).toBe(0);
    expect(credential("signed").access_token).not.toBe("refused");
  });

  it("says which scope is missing; signing in again with it replaces the sign-in", async () => {
    const { code, err } = await cli.run(["backup", "list"]);
    expect([code, err]).toEqual([
      4,
      expect.stringContaining("`super-data login --scope data:read,data:write,library:write,admin`"),
    ]);
    const before = credential("signed").access_token;
    expect((await signIn(["--scope", "data:read,admin"], { tick: ["admin"] })).code).toBe(0);
    expect((await cli.run(["backup", "list"])).code).toBe(0);
    expect(await cli.json(["whoami"])).toMatchObject({ scopes: ["data:read", "admin"] });
    expect((await rest({ ...team, token: before }, "/whoami")).status).toBe(401);
  });

  it("says so when the person does not allow it, or nobody comes", async () => {
    const kept = credential("signed").access_token;
    const denied = await signIn([`${server.origin}/t/signed`], { press: "deny" });
    expect([denied.code, denied.err]).toEqual([
      1,
      expect.stringContaining("error: Signing in did not work: you did not allow it."),
    ]);
    const nobody = await cli.run(["login", `${server.origin}/t/signed`, "--no-browser", "--timeout", "1"]);
    expect([nobody.code, nobody.err]).toEqual([
      1,
      expect.stringContaining("error: Nobody signed in within 1 seconds."),
    ]);
    expect(credential("signed").access_token).toBe(kept);
  });

  it("takes no answer that it did not ask for", async () => {
    let forged: Promise<[number, number]> | undefined;
    const { code } = await cli.run(["login", `${server.origin}/t/signed`, "--no-browser", "--timeout", "3"], {
      onErr: (text) => {
        const address = /https?:\/\/\S+\/authorize\?\S+/.exec(text)?.[0];
        const back = address === undefined ? undefined : new URL(address).searchParams.get("redirect_uri");
        if (back === undefined || back === null) return;
        forged ??= Promise.all([fetch(`${back}?code=stolen&state=guessed`), fetch(new URL("/", back))]).then(
          ([one, other]) => [one.status, other.status],
        );
      },
    });
    expect([code, await forged]).toEqual([1, [404, 404]]);
  });

  it("is signed out once revoked by an admin, and revokes when it signs out", async () => {
    const { connections } = (await (await rest(team, "/connections?everyone=true")).json()) as {
      connections: { id: string }[];
    };
    for (const { id } of connections) await rest(team, `/connections/${id}`, { method: "DELETE" });
    const { code, err } = await cli.run(["whoami"]);
    expect([code, err]).toEqual([3, expect.stringContaining("super-data login --profile signed")]);
    expect((await signIn(["--profile", "signed"])).code).toBe(0);
    const token = credential("signed").access_token;
    expect((await rest({ ...team, token }, "/whoami")).status).toBe(200);
    expect(await cli.json(["logout"])).toEqual({
      signed_out: [{ profile: "signed", url: `${server.origin}/t/signed`, revoked: true }],
    });
    expect((await rest({ ...team, token }, "/whoami")).status).toBe(401);
    expect(config().profiles).toEqual({});
    expect((await cli.run(["whoami"])).code).toBe(3);
  });
});

describe("with tokens", () => {
  it("keeps several teams, and the one that is meant is the one that is used", async () => {
    const login = (target: { url: string; token: string }) =>
      cli.json(["login", target.url, "--token", "-"], { input: `${target.token}\n` });
    expect(await login(server)).toMatchObject({ profile: "demo", signed_in_by: "token" });
    expect(await login(team)).toMatchObject({ profile: "signed" });
    const teamOf = async (args: readonly string[], env = {}) =>
      (await cli.json<{ team: string }>(["whoami", ...args], { env })).team;
    expect(await teamOf([])).toBe("signed");
    expect(await teamOf(["--profile", "demo"])).toBe("demo");
    expect(await teamOf(["--url", server.url])).toBe("demo");
    expect(await teamOf([], { SUPER_DATA_PROFILE: "demo" })).toBe("demo");
    expect(await teamOf([], { SUPER_DATA_URL: server.url })).toBe("demo");
    expect(await teamOf([], { SUPER_DATA_URL: server.url, SUPER_DATA_TOKEN: server.token })).toBe("demo");
    await cli.json(["profiles", "demo"]);
    expect(await teamOf([])).toBe("demo");
    const unknown = await cli.run(["whoami", "--profile", "nope"]);
    expect([unknown.code, unknown.err]).toEqual([
      3,
      expect.stringContaining('error: There is no profile "nope".\n  There are: demo, signed.'),
    ]);
  });

  it("sends a profile's token to its own server alone", async () => {
    const other = await cli.run(["whoami", "--url", "https://super-data.example.com/t/demo", "--json"]);
    expect([other.code, errorOf(other).code]).toEqual([3, "not_signed_in"]);
  });

  it("stores none that the team does not take, and none over plain http", async () => {
    const before = config();
    const wrong = await cli.run(["login", team.url, "--token", "-"], { input: "sdp_wrong" });
    expect([wrong.code, wrong.err]).toEqual([
      3,
      expect.stringContaining("does not accept this token, so it was not stored."),
    ]);
    const plain = await cli.run(["login", "http://super-data.example.com/t/demo", "--token", "-"], {
      input: "sdp_wrong",
    });
    expect([plain.code, plain.err]).toEqual([2, expect.stringContaining("plain http")]);
    expect(config()).toEqual(before);
  });

  it("does not take a file of others for its own", async () => {
    const folder = await openCli();
    writeFileSync(join(folder.folder, "x"), "");
    const path = join(folder.folder, "config", "super-data", "config.json");
    await folder.json(["login", team.url, "--token", "-"], { input: team.token });
    writeFileSync(path, "{}");
    const { code, err } = await folder.run(["whoami"]);
    expect([code, err]).toEqual([1, expect.stringContaining("is not a file of super-data's")]);
    expect(readFileSync(path, "utf8")).toBe("{}");
    folder.remove();
  });
});
