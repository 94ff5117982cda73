import { describe, expect, it } from "vitest";
import { teamOf } from "./offers.ts";
import { providerServes, providersFor, readProviders } from "./providers.ts";

const acme = {
  OIDC_ACME_ISSUER: "https://login.acme.example",
  OIDC_ACME_CLIENT_ID: "id",
  OIDC_ACME_CLIENT_SECRET: "secret",
};
const bigCorp = {
  OIDC_BIG_CORP_ISSUER: "http://127.0.0.1:9500/oidc",
  OIDC_BIG_CORP_CLIENT_ID: "id2",
  OIDC_BIG_CORP_CLIENT_SECRET: "secret2",
  OIDC_BIG_CORP_LABEL: "Big Corp",
  OIDC_BIG_CORP_DOMAINS: "@Big.example",
  OIDC_BIG_CORP_TEAMS: "big, bigger",
};

describe("readProviders", () => {
  it("reads several providers at once", () => {
    const env = {
      ...acme,
      ...bigCorp,
      GITHUB_CLIENT_ID: "g",
      GITHUB_CLIENT_SECRET: "h",
      ALLOWED_EMAIL_DOMAINS: "acme.example",
    };
    expect(readProviders(env)).toEqual({
      providers: [
        {
          id: "acme",
          kind: "oidc",
          label: "ACME",
          issuer: "https://login.acme.example",
          clientId: "id",
          clientSecret: "secret",
          domains: ["acme.example"],
          teams: undefined,
        },
        {
          id: "big-corp",
          kind: "oidc",
          label: "Big Corp",
          issuer: "http://127.0.0.1:9500/oidc",
          clientId: "id2",
          clientSecret: "secret2",
          domains: ["big.example"],
          teams: ["big", "bigger"],
        },
        {
          id: "github",
          kind: "github",
          label: "GitHub",
          issuer: "https://github.com",
          clientId: "g",
          clientSecret: "h",
          domains: ["acme.example"],
          teams: undefined,
        },
      ],
      passkeys: false,
      faults: [],
    });
  });

  it("offers passkeys when nothing else is configured, or when told to", () => {
    const passkeys = (env: object) => readProviders(env).passkeys;
    expect([
      passkeys({}),
      passkeys({ PASSKEYS: "off" }),
      passkeys(acme),
      passkeys({ ...acme, PASSKEYS: "on" }),
    ]).toEqual([true, false, false, true]);
  });

  it.each([
    [
      { OIDC_ACME_ISSUER: "https://a.example" },
      [
        "OIDC_ACME_CLIENT_ID is not set, but OIDC_ACME_ISSUER is",
        "OIDC_ACME_CLIENT_SECRET is not set, but OIDC_ACME_ISSUER is",
      ],
    ],
    [
      { OIDC_ACME_LABEL: "Acme" },
      [
        "OIDC_ACME_ISSUER is not set, but others of its kind are",
        "OIDC_ACME_CLIENT_ID is not set, but others of its kind are",
        "OIDC_ACME_CLIENT_SECRET is not set, but others of its kind are",
      ],
    ],
    [
      { ...acme, OIDC_ACME_ISSUER: "http://login.acme.example" },
      ["OIDC_ACME_ISSUER is http; only a provider on this machine (localhost, 127.0.0.1) may be"],
    ],
    [
      { ...acme, OIDC_ACME_ISSUER: "login.acme.example" },
      ["OIDC_ACME_ISSUER is not an https URL without query and fragment"],
    ],
    [{ ...acme, OIDC_ACME_DOMAINS: "acme" }, ['OIDC_ACME_DOMAINS has "acme", which is not a domain']],
    [{ ...acme, OIDC_ACME_TEAMS: "Acme!" }, ['OIDC_ACME_TEAMS has "Acme!", which is not a team\'s slug']],
    [
      { OIDC_LINK_ISSUER: "https://a.example", OIDC_LINK_CLIENT_ID: "a", OIDC_LINK_CLIENT_SECRET: "b" },
      ["OIDC_LINK_ISSUER uses the name LINK, which is taken; choose another"],
    ],
    [{ GOOGLE_CLIENT_ID: "a" }, ["GOOGLE_CLIENT_SECRET is not set, but GOOGLE_CLIENT_ID is"]],
    [{ GITHUB_CLIENT_SECRET: "a" }, ["GITHUB_CLIENT_ID is not set, but GITHUB_CLIENT_SECRET is"]],
    [{ PASSKEYS: "yes" }, ["PASSKEYS is neither on nor off"]],
  ])("names what is wrong with %j and offers nothing of it", (env, faults) => {
    const config = readProviders(env);
    expect(config.faults.map(({ variable, problem }) => `${variable} ${problem}`)).toEqual(faults);
    expect([config.providers, config.passkeys]).toEqual([[], false]);
  });
});

describe("what a team accepts", () => {
  const config = readProviders({ ...acme, ...bigCorp, PASSKEYS: "on" });
  const offered = (team: string, allowed: string[] | null) => {
    const { providers, passkeys } = providersFor(config, team, allowed);
    return [...providers.map(({ id }) => id), ...(passkeys ? ["passkey"] : [])];
  };

  it("is every provider that is for all teams, and passkeys", () => {
    expect(offered("other", null)).toEqual(["acme", "passkey"]);
    expect(offered("other", ["acme"])).toEqual(["acme"]);
    expect(offered("other", ["passkey", "big-corp"])).toEqual(["passkey"]);
  });

  it("is its own provider alone where it has one", () => {
    expect(offered("big", null)).toEqual(["big-corp"]);
    expect(offered("big", ["acme"])).toEqual(["acme"]);
  });

  it("holds for sessions", () => {
    const env = { ...acme, ...bigCorp };
    const serves = (provider: string, team: string) => providerServes(env, provider, team);
    expect([
      serves("big-corp", "big"),
      serves("big-corp", "other"),
      serves("acme", "big"),
      serves("gone", "big"),
    ]).toEqual([true, false, true, false]);
    expect([serves("link", "big"), serves("passkey", "big")]).toEqual([true, false]);
  });
});

it("finds the team that a browser is on its way to", () => {
  const paths = [
    "/t/big/anything",
    "/join/big/secret",
    `/authorize?${new URLSearchParams({ resource: "https://data.test/t/big/mcp" })}`,
    "/?team=big",
    "/account?team=big",
    "/authorize?resource=nonsense",
    "/",
  ];
  expect(paths.map(teamOf)).toEqual(["big", "big", "big", "big", undefined, undefined, undefined]);
});
