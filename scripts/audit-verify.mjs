// `npm run audit:verify`: checks a team's audit log from outside, by the format in docs/guides/audit.md. It shares no code with the server.
// Exit code 0: the chain holds. 1: it does not, or it could not be checked. `super-data audit verify` uses it too. Runs under Node.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const usage = `Usage:
  npm run audit:verify -- --url http://127.0.0.1:8787 --team demo --token sdp_… [--expect seq:hash]
  npm run audit:verify -- --file export.ndjson [--expect seq:hash]
The token may also come in the environment as SUPER_DATA_TOKEN; it must be an admin's.
--expect: the head that an earlier run printed; finds an end that was cut off.`;

/** What an entry's hash covers, in this order. */
const sealed = [
  "seq",
  "at",
  "user_id",
  "username",
  "credential_kind",
  "credential_id",
  "credential_label",
  "through",
  "client",
  "address",
  "request_id",
  "action",
  "target_kind",
  "target_name",
  "before_json",
  "after_json",
];

/** What is wrong with a chain, or why it could not be checked. */
export class VerifyFailure extends Error {}

/** The head `<seq>:<hash>` that an earlier run printed; null for a text that is none. */
export function readHead(text) {
  const [, seq, hash] = /^([1-9][0-9]{0,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  return hash === undefined ? null : { seq: Number(seq), hash };
}

function readArguments() {
  const options = { url: {}, team: {}, token: {}, file: {}, expect: {}, help: { type: "boolean", short: "h" } };
  for (const option of Object.values(options)) option.type ??= "string";
  let values;
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    throw new VerifyFailure(`${error.message}\n${usage}`);
  }
  if (values.help) return { help: true };
  const expected = values.expect === undefined ? undefined : readHead(values.expect);
  if (expected === null) throw new VerifyFailure("--expect takes <seq>:<hash>, as an earlier run printed it.");
  if (values.file !== undefined && values.url === undefined) return { file: values.file, expected };
  if (values.url === undefined || values.file !== undefined || !URL.canParse(values.url))
    throw new VerifyFailure(usage);
  const { origin, pathname } = new URL(values.url);
  const team = values.team ?? /^\/t\/([^/]+)/.exec(pathname)?.[1];
  const token = values.token ?? process.env.SUPER_DATA_TOKEN;
  if (team === undefined || token === undefined) throw new VerifyFailure(usage);
  return { address: `${origin}/t/${encodeURIComponent(team)}/api/v1/audit/export`, token, expected };
}

async function openExport({ file, address, token }, after) {
  if (file !== undefined) return createReadStream(file);
  const response = await fetch(`${address}?after=${after}`, { headers: { authorization: `Bearer ${token}` } }).catch(
    (error) => {
      throw new VerifyFailure(`${address} cannot be reached: ${error.cause?.message ?? error.message}.`);
    },
  );
  if (response.ok) return response.body;
  const text = await response.text();
  let detail = text.slice(0, 500);
  try {
    const problem = JSON.parse(text);
    detail = [problem.detail, problem.hint].filter(Boolean).join(" ");
  } catch {
    // Not the server's own answer; its text is shown as it is.
  }
  throw new VerifyFailure(`${address} answered ${response.status}: ${detail}`);
}

async function* linesOf(stream) {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop();
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}

function parseLine(line, number) {
  try {
    const value = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Falls through: either way it is no entry.
  }
  throw new VerifyFailure(`Line ${number} of the export is not a JSON object.`);
}

function broken(seq, why) {
  return new VerifyFailure(`The chain is broken at entry ${seq}. ${why}`);
}

/** Throws unless the entry is the next of the chain. */
function checkEntry(last, entry, expected) {
  const { seq } = entry;
  if (!Number.isSafeInteger(seq)) throw new VerifyFailure(`After entry ${last.seq} comes a line without a number.`);
  if (seq > last.seq + 1) throw broken(last.seq + 1, `It is missing: entry ${last.seq} is followed by entry ${seq}.`);
  if (seq <= last.seq) throw broken(seq, `It is out of order: it follows entry ${last.seq}.`);
  const values = JSON.stringify(sealed.map((field) => entry[field] ?? null));
  const hash = createHash("sha256").update(`${entry.previous_hash}\n${values}`).digest("hex");
  if (hash !== entry.hash) throw broken(seq, "It was changed: its content is not what its hash was made of.");
  if (entry.previous_hash !== last.hash) {
    const before = last.seq === 0 ? "the start of the chain" : `entry ${last.seq}`;
    throw broken(seq, `It does not follow ${before}: one of the two was replaced, moved or put in.`);
  }
  if (seq === expected?.seq && entry.hash !== expected.hash) {
    throw broken(seq, "It is not the entry that was here: its hash differs from the expected head's.");
  }
}

/** Reads one export, which begins after `start`. Returns the last entry that holds and, if the export came to its end, the head it names. */
async function readExport(stream, start, expected) {
  let last = start;
  let head;
  let number = 0;
  try {
    for await (const line of linesOf(stream)) {
      number += 1;
      if (line.trim() === "") continue;
      if (head !== undefined)
        throw new VerifyFailure(`Line ${number} comes after the head, which is the last line of an export.`);
      const value = parseLine(line, number);
      if (value.filtered === true)
        throw new VerifyFailure("This export was filtered, so its entries are no chain. Export without filters.");
      if (value.head !== undefined) {
        head = value.head;
        continue;
      }
      checkEntry(last, value, expected);
      last = { seq: value.seq, hash: value.hash };
    }
  } catch (error) {
    // A connection that breaks is no fault of the chain; the next export goes on from here.
    if (error instanceof VerifyFailure || last.seq === start.seq) throw error;
  }
  return { last, head };
}

/**
 * Follows the chain to its head and returns it. `open(after)` gives the export's bytes after an entry; `isWhole`: it always gives all of it, so
 * one that breaks off cannot go on. Throws VerifyFailure at the first entry that is wrong, or before `expected`, an earlier head, that is missing.
 */
export async function verify({ open, isWhole }, expected) {
  let last = { seq: 0, hash: "0".repeat(64) };
  let head;
  for (;;) {
    const read = await readExport(await open(last.seq), last, expected);
    const isStuck = read.last.seq === last.seq || isWhole;
    ({ last, head } = read);
    if (head !== undefined) break;
    if (isStuck)
      throw new VerifyFailure(`The export broke off after entry ${last.seq}: its last line, the head, is missing.`);
  }
  if (head.seq !== last.seq || head.hash !== last.hash) {
    throw broken(
      last.seq + 1,
      `The end was cut off: the export ends at entry ${last.seq} and names ${head.seq} as its head.`,
    );
  }
  if (expected !== undefined && last.seq < expected.seq) {
    throw broken(
      last.seq + 1,
      `The end was cut off: the log ends at entry ${last.seq}, and entry ${expected.seq} was there.`,
    );
  }
  return last;
}

async function main() {
  try {
    const asked = readArguments();
    if (asked.help) {
      console.log(usage);
      return;
    }
    const isWhole = asked.file !== undefined;
    const head = await verify({ open: (after) => openExport(asked, after), isWhole }, asked.expected);
    console.log(`The chain holds: ${head.seq} ${head.seq === 1 ? "entry" : "entries"}. Head: ${head.seq}:${head.hash}`);
  } catch (error) {
    console.error(error instanceof VerifyFailure ? error.message : `The audit log could not be read: ${error.message}`);
    process.exitCode = 1;
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
