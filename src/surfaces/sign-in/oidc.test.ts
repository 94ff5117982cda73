// What an issuer's answer must hold to count: a stand-in issuer that lies in one way at a time. A real one is in test/integration.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { base64Url } from "../../core/ids.ts";
import { oidcAccount } from "./oidc.ts";
import type { PendingProvider } from "./pending.ts";
import type { Provider } from "./providers.ts";

const redirectUri = "https://data.test/sign-in/acme/callback";
const algorithm = {
  name: "RSASSA-PKCS1-v1_5",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: "SHA-256",
};
const pending: PendingProvider = {
  provider: "acme",
  state: "the-state",
  nonce: "the-nonce",
  verifier: "v".repeat(43),
  returnTo: "/",
};

let provider: Provider;
let keys: CryptoKeyPair;
let claims: Record<string, unknown>;
let signingKey: CryptoKey;
const encode = (value: unknown) => base64Url(new TextEncoder().encode(JSON.stringify(value)));

async function idToken(): Promise<string> {
  const text = `${encode({ alg: "RS256" })}.${encode(claims)}`;
  const signature = await crypto.subtle.sign(algorithm, signingKey, new TextEncoder().encode(text));
  return `${text}.${base64Url(new Uint8Array(signature))}`;
}

async function answer(input: RequestInfo | URL): Promise<Response> {
  const { pathname } = new URL(input instanceof Request ? input.url : input);
  const { issuer } = provider;
  if (pathname === "/.well-known/openid-configuration") {
    return Response.json({
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/me`,
      jwks_uri: `${issuer}/jwks`,
    });
  }
  if (pathname === "/jwks") return Response.json({ keys: [await crypto.subtle.exportKey("jwk", keys.publicKey)] });
  if (pathname === "/me") return Response.json({ sub: "1", email: "ada@a.example", email_verified: "true" });
  return Response.json({ access_token: "a", token_type: "bearer", id_token: await idToken() });
}

beforeEach(async () => {
  // An issuer of its own for each test, since what issuers publish is remembered.
  const issuer = `https://${crypto.randomUUID()}.example`;
  const teams = undefined;
  provider = { id: "acme", kind: "oidc", label: "Acme", issuer, clientId: "id", clientSecret: "s", domains: [], teams };
  keys = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  signingKey = keys.privateKey;
  const now = Math.floor(Date.now() / 1000);
  claims = { iss: issuer, aud: "id", sub: "1", nonce: "the-nonce", iat: now, exp: now + 60, name: "Ada" };
  vi.stubGlobal("fetch", answer);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const account = (query = "code=c&state=the-state") =>
  oidcAccount(provider, redirectUri, new URL(`${redirectUri}?${query}`), pending);

const unusable = "Acme could not be reached or gave an answer that cannot be used.";

it("takes a right answer, with what only the userinfo endpoint says", async () => {
  expect(await account()).toEqual({
    issuer: provider.issuer,
    subject: "1",
    name: "Ada",
    email: "ada@a.example",
    emailVerified: true,
  });
});

it.each([
  ["another issuer", { iss: "https://evil.example" }],
  ["another client", { aud: "other" }],
  ["another sign-in", { nonce: "other" }],
  ["no sign-in", { nonce: undefined }],
  ["another person than userinfo", { sub: "2" }],
])("refuses an ID token for %s", async (_what, change) => {
  Object.assign(claims, change);
  await expect(account()).rejects.toThrow(unusable);
});

it("refuses an ID token that another key signed", async () => {
  const other = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  signingKey = other.privateKey;
  await expect(account()).rejects.toThrow(unusable);
});

it("allows a clock that is a little off, and says so when it is more", async () => {
  const now = Math.floor(Date.now() / 1000);
  Object.assign(claims, { iat: now - 90, exp: now - 30 });
  expect((await account()).subject).toBe("1");
  Object.assign(claims, { iat: now - 900, exp: now - 600 });
  await expect(account()).rejects.toThrow(
    "The clocks of Acme and this server differ too much, so its answer does not count.",
  );
});

it("refuses a callback that names another issuer, an error, and another state", async () => {
  await expect(account(`code=c&state=the-state&iss=${encodeURIComponent("https://evil.example")}`)).rejects.toThrow(
    unusable,
  );
  await expect(account("error=access_denied&state=the-state")).rejects.toThrow("The sign-in with Acme was cancelled.");
  await expect(account("error=server_error&state=the-state")).rejects.toThrow("Acme refused the sign-in.");
  await expect(account("code=c&state=other")).rejects.toThrow(unusable);
});

it("does not believe an issuer that publishes another's name", async () => {
  vi.stubGlobal("fetch", async () => Response.json({ issuer: "https://evil.example" }));
  await expect(account()).rejects.toThrow(unusable);
});
