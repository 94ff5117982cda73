// Downloading to the end: a broken connection goes on where it broke off, and what came is checked. Runs under Node.
import { createHash } from "node:crypto";
import { CliError, exitCodes } from "./errors.ts";
import { type Api, unreachable } from "./http.ts";

const breaksAtMost = 5;

export interface Downloaded {
  bytes: number;
  etag: string;
  contentType: string;
}

export interface Download {
  /** Below the API's address. */
  path: string;
  /** What it is called in messages. */
  name: string;
  write: (chunk: Uint8Array) => Promise<void>;
}

/**
 * Gives the content's bytes to `write`, in order and once each. Throws `conflict` when it changes meanwhile, `checksum` when what came is not
 * what the server keeps.
 */
export async function download(api: Api, { path, name, write }: Download): Promise<Downloaded> {
  const hash = createHash("sha256");
  let done = 0;
  let first: { etag: string; contentType: string; digest: string | undefined } | undefined;
  for (let breaks = 0; ; ) {
    const answer = await ask(api, path, done, first?.etag);
    const etag = strong(answer.headers.get("etag") ?? "");
    if (first !== undefined && first.etag !== etag) throw changed(name);
    first ??= { etag, contentType: answer.headers.get("content-type") ?? "", digest: digestOf(answer.headers) };
    const before = done;
    try {
      for await (const chunk of after(answer, done)) {
        hash.update(chunk);
        done += chunk.length;
        await write(chunk);
      }
      check(name, first.digest, hash.digest("base64"));
      return { bytes: done, etag, contentType: first.contentType };
    } catch (error) {
      breaks = done > before ? 1 : breaks + 1;
      if (!isBreak(error)) throw error;
      if (breaks >= breaksAtMost) throw unreachable(new URL(answer.url).origin, error);
    }
  }
}

/** Asks for what is missing. One that broke off behind its last byte is asked for again from the start: nobody knows that it was the last. */
async function ask(api: Api, path: string, done: number, etag: string | undefined): Promise<Response> {
  const accept = { accept: "*/*" };
  if (done === 0 || etag === undefined) return api.send(path, { headers: accept });
  try {
    return await api.send(path, { headers: { ...accept, range: `bytes=${done}-`, "if-range": etag } });
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== "range_not_satisfiable") throw error;
    return api.send(path, { headers: accept });
  }
}

/** The bytes that are not here yet: all of a part; of all the content what follows `done`. */
async function* after(answer: Response, done: number): AsyncGenerator<Uint8Array> {
  if (answer.body === null) return;
  let left = answer.status === 206 ? 0 : done;
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    const rest = chunk.subarray(Math.min(left, chunk.length));
    left -= chunk.length - rest.length;
    if (rest.length > 0) yield rest;
  }
}

/** What fetch throws when the other side goes away in the middle of a body. */
const isBreak = (error: unknown): boolean => error instanceof TypeError && error.message === "terminated";

/** Sent compressed, content has a weak etag; its parts never are compressed and have the strong one. */
const strong = (etag: string): string => etag.replace(/^W\//, "");

/** The SHA-256 of all the content, where the server says it: by another name when it compresses. */
function digestOf(headers: Headers): string | undefined {
  const field = headers.get("repr-digest") ?? headers.get("unencoded-digest") ?? "";
  return /(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):/.exec(field)?.[1];
}

function changed(name: string): CliError {
  return new CliError("conflict", `${name} was changed while it was downloaded.`, {
    hint: "Run the command again for the new version.",
  });
}

function check(name: string, expected: string | undefined, found: string): void {
  if (expected === undefined || expected === found) return;
  throw new CliError("checksum", `What was downloaded of ${name} is not what the server keeps: the SHA-256 differs.`, {
    hint: "Something between here and the server changes content. Run the command again; over another network if it stays so.",
    exitCode: exitCodes.failed,
  });
}
