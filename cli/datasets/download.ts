// Downloading a dataset to its end: a broken connection is taken up again, and the content's checksum must be right. Runs under Node.
import { createHash } from "node:crypto";
import { CliError, exitCodes } from "../core/errors.ts";
import { type Api, segment, unreachable } from "../core/http.ts";

const breaksAtMost = 5;

export interface Downloaded {
  bytes: number;
  etag: string;
  contentType: string;
}

/**
 * Gives the dataset's bytes to `write`, in order and once each. Throws `conflict` when it changes meanwhile, `checksum` when what came is
 * not what the server keeps.
 */
export async function download(
  api: Api,
  name: string,
  write: (chunk: Uint8Array) => Promise<void>,
  onOpen: (contentType: string) => void = () => undefined,
): Promise<Downloaded> {
  const hash = createHash("sha256");
  let done = 0;
  let etag: string | undefined;
  for (let breaks = 0; ; ) {
    const answer = await api.send(`/datasets/${segment(name)}/content`, { headers: { accept: "*/*" } });
    const current = answer.headers.get("etag") ?? "";
    const contentType = answer.headers.get("content-type") ?? "";
    if (etag === undefined) onOpen(contentType);
    else if (etag !== current) throw changed(name);
    etag = current;
    const before = done;
    try {
      // The server sends it from the start again; what is here already is passed over.
      for await (const chunk of after(answer, done)) {
        hash.update(chunk);
        done += chunk.length;
        await write(chunk);
      }
      check(name, etag, `"${hash.digest("hex")}"`);
      return { bytes: done, etag, contentType };
    } catch (error) {
      breaks = done > before ? 1 : breaks + 1;
      if (!isBreak(error) || breaks >= breaksAtMost)
        throw isBreak(error) ? unreachable(new URL(answer.url).origin, error) : error;
    }
  }
}

async function* after(answer: Response, skipped: number): AsyncGenerator<Uint8Array> {
  if (answer.body === null) return;
  let left = skipped;
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    const rest = chunk.subarray(Math.min(left, chunk.length));
    left -= chunk.length - rest.length;
    if (rest.length > 0) yield rest;
  }
}

/** What fetch throws when the other side goes away in the middle of a body. */
const isBreak = (error: unknown): boolean => error instanceof TypeError && error.message === "terminated";

function changed(name: string): CliError {
  return new CliError("conflict", `${name} was changed while it was downloaded.`, {
    hint: "Run the command again for the new version.",
  });
}

function check(name: string, etag: string, found: string): void {
  if (etag.replace(/^W\//, "") === found) return;
  throw new CliError("checksum", `What was downloaded of ${name} is not what the server keeps: the SHA-256 differs.`, {
    hint: "Something between here and the server changes content. Run the command again; over another network if it stays so.",
    exitCode: exitCodes.failed,
  });
}
