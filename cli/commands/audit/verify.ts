// `audit verify`: the chain of hashes, recomputed here from the team's export or a file. Runs under Node.
import { createReadStream } from "node:fs";
import { readHead, VerifyFailure, verify } from "../../../scripts/audit-verify.mjs";
import type { Command } from "../../core/command.ts";
import { CliError, exitCodes, usageError } from "../../core/errors.ts";
import { isMissing } from "../../core/files.ts";

export const verifyAudit: Command = {
  about: `Keep the head that it prints somewhere else and give it to the next check as --expect: only that shows an end that was cut off. By the format in
docs/guides/audit.md; nothing is shared with the server.`,
  options: {
    file: { type: "text", value: "FILE", help: "Check an export instead of the server." },
    expect: { type: "text", value: "SEQ:HASH", help: "The head an earlier check printed." },
  },
  examples: [
    "super-data audit verify",
    "super-data audit verify --expect 128:9f2c…",
    "super-data audit verify --file audit.ndjson",
  ],
  run: async ({ output, session }, input) => {
    const expect = input.text("expect");
    const expected = expect === undefined ? undefined : readHead(expect);
    if (expected === null) throw usageError("--expect takes SEQ:HASH, as an earlier check printed it.");
    const path = input.text("file");
    try {
      const head =
        path === undefined
          ? await verify(await serverExport(session), expected)
          : await verify(fileExport(path), expected);
      const { seq, hash } = head;
      await output.result(
        { holds: true, entries: seq, head: `${seq}:${hash}` },
        `The chain holds: ${seq} ${seq === 1 ? "entry" : "entries"}. Head: ${seq}:${hash}`,
      );
      return exitCodes.ok;
    } catch (error) {
      if (error instanceof VerifyFailure)
        throw new CliError("audit_broken", error.message, { exitCode: exitCodes.failed });
      if (isMissing(error)) throw new CliError("not_found", `There is no file ${path}.`);
      throw error;
    }
  },
};

async function serverExport(session: Parameters<typeof verifyAudit.run>[0]["session"]) {
  const { api } = await session();
  const open = async (after: number): Promise<AsyncIterable<Uint8Array>> => {
    const answer = await api.send("/audit/export", { query: { after }, headers: { accept: "*/*" } });
    return (answer.body ?? []) as unknown as AsyncIterable<Uint8Array>;
  };
  return { open, isWhole: false };
}

const fileExport = (path: string) => ({ open: async () => createReadStream(path), isWhole: true });
