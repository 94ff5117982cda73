// Asking a person: yes or no, and a secret that is not shown. Runs under Node.
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { usageError } from "./errors.ts";
import type { Output } from "./output.ts";

/** True when the person says yes. Throws `usage` where there is nobody to ask: `flag` names what says it instead. */
export async function confirm(output: Output, question: string, flag: string): Promise<boolean> {
  if (output.json || process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
    throw usageError(`${question} There is no terminal to answer at.`, `Add ${flag} to say yes.`);
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}

/** A line from standard input; typed at a terminal it is not shown. */
export async function readSecret(label: string): Promise<string> {
  if (process.stdin.isTTY !== true) return (await readAll(process.stdin)).toString("utf8").trim();
  process.stderr.write(label);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return (await lines.question("")).trim();
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}

/** A stream to its end. */
export async function readAll(stream: AsyncIterable<Uint8Array | string>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
