// OAuth as real MCP clients do it: the SDKs' own helpers, with a scripted browser where the person comes in. Runs in Node.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import {
  Client as ClientV2,
  type OAuthClientProvider,
  StreamableHTTPClientTransport as TransportV2,
  UnauthorizedError as UnauthorizedV2,
} from "@modelcontextprotocol/client";
import { UnauthorizedError as UnauthorizedV1 } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { type Browser, type Filling, textOf } from "./browser.ts";

export const callbackUrl = "http://127.0.0.1:33418/callback";

/** Opens an authorization request in the browser, allows it, and returns what the client's redirect URI is given. */
export async function allow(browser: Browser, url: URL, filling: Filling = {}): Promise<URL> {
  const page = await browser.open(url);
  const done = page.html.includes('name="handle"')
    ? await browser.submit(page, { form: 'name="handle"', press: "allow", ...filling })
    : page;
  if (!done.left) throw new Error(`consent ended on ${done.url}: ${textOf(done.html)}`);
  return done.url;
}

/** What a client keeps of one server, in memory; the person's part is done by `browser`. */
export class TestAuth {
  readonly redirectUrl = callbackUrl;
  readonly clientMetadata = {
    client_name: "SDK client",
    redirect_uris: [callbackUrl],
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  };
  readonly clientMetadataUrl?: string;
  /** What the person does on the consent page. */
  filling: Filling = {};
  /** The scopes asked for, once for each time the person was sent to consent. */
  readonly asked: (string | null)[] = [];
  /** What the last consent gave the client's redirect URI. */
  callback: URL | undefined;
  known: Record<string, unknown> | undefined;
  saved: Record<string, unknown> | undefined;
  readonly #browser: Browser;
  #verifier = "";
  #discovery: object | undefined;

  constructor(browser: Browser, clientMetadataUrl?: string) {
    this.#browser = browser;
    if (clientMetadataUrl !== undefined) this.clientMetadataUrl = clientMetadataUrl;
  }

  clientInformation(): Record<string, unknown> | undefined {
    return this.known;
  }

  saveClientInformation(information: object): void {
    this.known = { ...information };
  }

  tokens(): Record<string, unknown> | undefined {
    return this.saved;
  }

  saveTokens(tokens: object): void {
    this.saved = { ...tokens };
  }

  async redirectToAuthorization(url: URL): Promise<void> {
    this.asked.push(url.searchParams.get("scope"));
    this.callback = await allow(this.#browser, url, this.filling);
  }

  saveDiscoveryState(state: object): void {
    this.#discovery = { ...state };
  }

  discoveryState(): object | undefined {
    return this.#discovery;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  invalidateCredentials(scope: string): void {
    if (scope === "all" || scope === "tokens") this.saved = undefined;
    if (scope === "all" || scope === "client") this.known = undefined;
  }

  /** The token under which the client calls. */
  get accessToken(): string {
    return String(this.saved?.access_token);
  }
}

/** A client of either era that signs in by OAuth when it must. */
export interface OAuthClient {
  callTool(params: { name: string; arguments?: Record<string, unknown> }): Promise<unknown>;
  close(): Promise<void>;
}

/** Connects an SDK v2 client; a refusal for want of a login or a scope sends the person to consent, then the call is made again. */
export async function connectV2(url: string, auth: TestAuth): Promise<OAuthClient> {
  const open = async () => {
    const client = new ClientV2({ name: "oauth-v2", version: "1" }, { versionNegotiation: { mode: "auto" } });
    const transport = new TransportV2(new URL(url), { authProvider: auth as unknown as OAuthClientProvider });
    return { client, transport };
  };
  const finish = (transport: TransportV2, callback: URL) => transport.finishAuth(callback.searchParams);
  return connectWith(open, finish, auth, (error) => error instanceof UnauthorizedV2);
}

/** The same with SDK v1. */
export async function connectV1(url: string, auth: TestAuth): Promise<OAuthClient> {
  const open = async () => {
    const client = new ClientV1({ name: "oauth-v1", version: "1" });
    const transport = new TransportV1(new URL(url), { authProvider: auth as never });
    return { client, transport };
  };
  const finish = (transport: TransportV1, callback: URL) =>
    transport.finishAuth(callback.searchParams.get("code") ?? "");
  return connectWith(open, finish, auth, (error) => error instanceof UnauthorizedV1);
}

interface AnyClient<Transport> extends OAuthClient {
  connect(transport: Transport): Promise<void>;
}

async function connectWith<Transport>(
  open: () => Promise<{ client: AnyClient<Transport>; transport: Transport }>,
  finish: (transport: Transport, callback: URL) => Promise<void>,
  auth: TestAuth,
  isUnauthorized: (error: unknown) => boolean,
): Promise<OAuthClient> {
  const takeCallback = (): URL => {
    const { callback } = auth;
    if (callback === undefined) throw new Error("nobody was sent to consent");
    auth.callback = undefined;
    return callback;
  };
  let { client, transport } = await open();
  try {
    await client.connect(transport);
  } catch (error) {
    if (!isUnauthorized(error)) throw error;
    await finish(transport, takeCallback());
    ({ client, transport } = await open());
    await client.connect(transport);
  }
  return {
    callTool: async (params) => {
      try {
        return await client.callTool(params);
      } catch (error) {
        if (!isUnauthorized(error)) throw error;
        await finish(transport, takeCallback());
        return client.callTool(params);
      }
    },
    close: () => client.close(),
  };
}

export interface MetadataSite {
  /** The client id, which is the address of the document. */
  clientId: string;
  /** The certificate authority to trust, as NODE_EXTRA_CA_CERTS takes it. */
  caPath: string;
  close: () => void;
}

/** An https site on this machine that publishes a Client ID Metadata Document, with a certificate authority of its own. */
export async function publishClient(directory: string, name = "CIMD client"): Promise<MetadataSite> {
  const { key, cert, caPath } = makeCertificate(directory);
  const site = createServer({ key, cert }, (_request, response) => {
    const { port } = site.address() as AddressInfo;
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({
        client_id: `https://localhost:${port}/client.json`,
        client_name: name,
        redirect_uris: [callbackUrl],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: "none",
      }),
    );
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  const { port } = site.address() as AddressInfo;
  return { clientId: `https://localhost:${port}/client.json`, caPath, close: () => site.close() };
}

function makeCertificate(directory: string): { key: Buffer; cert: Buffer; caPath: string } {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: directory, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256"];
  openssl("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test CA");
  openssl(
    "req",
    ...newKey,
    "-keyout",
    "leaf.key",
    "-out",
    "leaf.csr",
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost",
  );
  openssl(
    "x509",
    "-req",
    "-in",
    "leaf.csr",
    "-CA",
    "ca.pem",
    "-CAkey",
    "ca.key",
    "-CAcreateserial",
    "-days",
    "2",
    "-copy_extensions",
    "copy",
    "-out",
    "leaf.pem",
  );
  const read = (name: string): Buffer => readFileSync(join(directory, name));
  return { key: read("leaf.key"), cert: read("leaf.pem"), caPath: join(directory, "ca.pem") };
}
