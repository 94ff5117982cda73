// What went wrong in a deployment, in words that say the next step. Pure; runs under Node.
import { stripVTControlCharacters } from "node:util";

/** A failure whose message and next step are all there is to say. */
export class DeployError extends Error {
  constructor(message, next, kind) {
    super(message);
    this.next = next;
    this.kind = kind;
  }
}

const permissions =
  "Workers Scripts: Edit, Workers KV Storage: Edit, Workers R2 Storage: Edit, Queues: Edit, Account Settings: Read (and Workers Routes: Edit for --domain)";

export function notLoggedIn() {
  return new DeployError(
    "You are not logged in to Cloudflare.",
    "Run `npx wrangler login`, or where there is no browser set CLOUDFLARE_API_TOKEN, then run this again.",
    "not_logged_in",
  );
}

/** Each: what it is told by (a code of Cloudflare's API, or words of wrangler's own), and what to say. `at` is where it happened. */
const known = [
  {
    kind: "not_logged_in",
    words: /not logged in|You need to be logged in|necessary to set a CLOUDFLARE_API_TOKEN|Not authenticated/i,
    say: notLoggedIn,
  },
  {
    kind: "r2_not_enabled",
    codes: [10042],
    say: ({ accountId }) => [
      "R2 is not enabled in this account.",
      `Enable it at https://dash.cloudflare.com/${accountId}/r2/overview (it asks for a means of payment; a free amount is included), then run this again.`,
    ],
  },
  {
    kind: "queues_not_in_plan",
    codes: [100129, 11002],
    say: ({ accountId }) => [
      "Queues are not available in this account's plan.",
      `Choose the Workers Paid plan at https://dash.cloudflare.com/${accountId}/workers/plans or enable queues at https://dash.cloudflare.com/${accountId}/workers/queues, then run this again.`,
    ],
  },
  {
    kind: "cpu_limit_not_in_plan",
    codes: [100328],
    say: ({ accountId }) => [
      "This account's plan takes no CPU limit (limits.cpu_ms in wrangler.toml).",
      `Run this again with --no-cpu-limit, or choose the Workers Paid plan at https://dash.cloudflare.com/${accountId}/workers/plans. On the free plan large queries end early.`,
    ],
  },
  {
    kind: "consumer_taken",
    codes: [11004],
    say: () => [
      "Another Worker takes the messages of one of this deployment's queues.",
      "Run `npx wrangler queues info NAME` to see which, and remove that consumer, or deploy under other names with --env NAME.",
    ],
  },
  {
    kind: "name_taken",
    codes: [10004, 11009, 10014],
    words: /already (?:exists|taken)|is taken/i,
    say: ({ at, words }) => [
      `A name is taken: \`wrangler ${at}\` was refused (${words})`,
      "Deploy under other names with --env NAME, or remove what has the name.",
    ],
  },
  {
    kind: "queue_quota",
    at: /^queues /,
    words: /limit|maximum|quota|too many|exceed/i,
    say: ({ accountId, words }) => [
      `This account may have no more queues (${words})`,
      `Delete queues that nothing uses at https://dash.cloudflare.com/${accountId}/workers/queues, or ask Cloudflare for more, then run this again.`,
    ],
  },
  {
    kind: "no_subdomain",
    codes: [10063],
    words: /register a workers\.dev subdomain/i,
    say: ({ accountId }) => [
      "This account has no workers.dev name yet.",
      `Choose one at https://dash.cloudflare.com/${accountId}/workers/onboarding, or give --domain, then run this again.`,
    ],
  },
  {
    kind: "missing_permission",
    codes: [10000, 9109, 9106, 9103, 10001, 6003],
    words: /permission|unauthorized|not authorized|forbidden|authentication error/i,
    say: ({ at }) => [
      `Your login may not do this: \`wrangler ${at}\` was refused.`,
      `An API token needs: ${permissions}. With \`wrangler login\`, log in anew, or ask an administrator of the account for these rights.`,
    ],
  },
  {
    kind: "unreachable",
    words: /fetch failed|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|timed out|Unable to resolve Cloudflare/i,
    say: () => [
      "Cloudflare's API could not be reached.",
      "Check the network and any proxy (HTTPS_PROXY), then run this again; it goes on where it was.",
    ],
  },
];

/**
 * The error of a wrangler command that failed. `code` is Cloudflare's, when there is one; `words` is what wrangler said, `at` the command without
 * its values.
 */
export function failureOf({ at, code, words, accountId }) {
  const entry =
    known.find(({ codes }) => code !== undefined && codes?.includes(code)) ??
    known.find((one) => one.words?.test(words) && (one.at?.test(at) ?? true));
  const context = { at, words: firstWords(words), accountId: accountId ?? "" };
  if (entry === undefined) {
    return new DeployError(
      `\`wrangler ${at}\` failed${code === undefined ? "" : ` with code ${code}`}: ${context.words}`,
      "Mend that, then run this again; it goes on where it was.",
      "wrangler_failed",
    );
  }
  const said = entry.say(context);
  return said instanceof DeployError ? said : new DeployError(said[0], said[1], entry.kind);
}

/** wrangler's words on one line, without its own advice about logs and bug reports. */
function firstWords(words) {
  const line = stripVTControlCharacters(words)
    .replace(/If you think this is a bug[\s\S]*$/, "")
    .replace(/🪵[^\n]*/gu, "")
    .replace(/✘ \[ERROR\] ?/g, "")
    .replace(/A request to the Cloudflare API \([^)]*\) failed\.\s*/g, "")
    .replace(/\s+/g, " ")
    .trim();
  return line === "" ? "it said nothing" : line.slice(0, 500);
}

/** -1, 0 or 1: how version `a` stands to `b`, by their three numbers. */
export function compareVersions(a, b) {
  const [left, right] = [a, b].map((text) => text.split("-")[0].split(".").map(Number));
  for (let i = 0; i < 3; i += 1) if (left[i] !== right[i]) return left[i] < right[i] ? -1 : 1;
  return 0;
}
