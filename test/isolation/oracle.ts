// The judge: whether an answer shows what its reader may not see, and whether it refuses what it must. Runs anywhere.
import type { Canary } from "./canaries.ts";
import type { Expectation } from "./plan.ts";
import type { SiteUse } from "./site-operations.ts";
import type { Answer, Ask } from "./wire.ts";
import { refusalOf, sees, type Viewer, type World } from "./world.ts";

export interface Violation {
  kind: "leak" | "refusal" | "state" | "server";
  operation: string;
  detail: string;
  excerpt: string;
}

/** What a secret is read in: an answer of an operation, or something that came by itself. */
export interface Reading {
  operation: string;
  viewer: Viewer | undefined;
  /** What the reader sent; it may come back. */
  sent: string;
  log?: Expectation["log"];
  /** Whose place the text comes from, so that new identifiers in it are known as that team's. */
  team: string;
}

/** The leaks in a text. Identifiers in it that nobody has seen become the team's own. */
export function findLeaks(world: World, text: string, reading: Reading): Violation[] {
  const { canaries, unknown } = world.canaries.find(text);
  const { viewer, team, sent, operation } = reading;
  if (viewer !== undefined)
    for (const id of unknown) world.canaries.note(id, team, "an identifier", (reader) => reader.team === team);
  const echoed = canaries.length === 0 ? undefined : new Set(world.canaries.find(sent).canaries);
  return canaries
    .filter((canary) => echoed?.has(canary) !== true && !maySee(viewer, canary, reading.log))
    .map((canary) => ({
      kind: "leak" as const,
      operation,
      detail: `${who(viewer)} was shown ${canary.what} of team ${canary.team} (${canary.text})`,
      excerpt: excerptOf(text, canary.text),
    }));
}

function maySee(viewer: Viewer | undefined, canary: Canary<Viewer>, log: Expectation["log"]): boolean {
  if (viewer === undefined) return false;
  if (canary.places.some((place) => place(viewer))) return true;
  if (log === undefined) return false;
  // Executions show nothing of what is hidden, not even to whoever sent it: it may have been through a credential that sees more.
  if (canary.inThing && canary.team === viewer.team && log === "executions") return false;
  if ([...canary.logged.values()].some((place) => place(viewer))) return true;
  return log === "audit" && canary.team === viewer.team && refusalOf(viewer, "audit:read") === undefined;
}

export function who(viewer: Viewer | undefined): string {
  if (viewer === undefined) return "nobody";
  const through = viewer.through === undefined ? "" : ` through ${viewer.through}`;
  return `${viewer.role} ${viewer.username} of team ${viewer.team}${through} (${viewer.scopes.join(" ")})`;
}

function excerptOf(text: string, around: string): string {
  const place = text.indexOf(around);
  return place < 0 ? text.slice(0, 300) : text.slice(Math.max(0, place - 150), place + around.length + 150);
}

/** The code that the model wants of an answer is not the one that came. */
export function findWrongCode(
  operation: string,
  viewer: Viewer | undefined,
  use: Expectation,
  answer: Answer,
): Violation[] {
  if (viewer === undefined) return [];
  const wrong = (wanted: string): Violation[] => [
    {
      kind: "refusal",
      operation,
      detail: `${who(viewer)} was answered ${answer.status} ${answer.code}, but it should be ${wanted}`,
      excerpt: answer.text.slice(0, 600),
    },
  ];
  if (answer.status >= 500 && answer.code !== "busy") return wrong("no failure of the server");
  const hidden = (use.things ?? []).some((thing) => thing !== undefined && !sees(viewer, thing));
  // What is hidden may be said not to exist before or after the right to it is asked for.
  if (hidden && answer.code === "not_found") return [];
  if (use.before?.includes(answer.code) === true) return [];
  const refusals = use.needs.map((right) => refusalOf(viewer, right)).filter((code) => code !== undefined);
  if (refusals.length > 0) return refusals.some((code) => code === answer.code) ? [] : wrong(refusals.join(" or "));
  const codes = use.codes ?? [];
  if (hidden) {
    // A name that is taken by something hidden cannot be taken again.
    const allowed = ["not_found", ...(use.writes === true ? ["conflict", "already_exists"] : []), ...codes];
    return allowed.includes(answer.code) ? [] : wrong(`as if it did not exist: ${allowed.join(" or ")}`);
  }
  const allowed = [...(use.neverOk === true ? [] : ["ok"]), ...codes, "busy"];
  return allowed.includes(answer.code) ? [] : wrong(allowed.join(" or "));
}

/** Outside of teams: nobody is the operator, and nothing fails. */
export function findOddSiteAnswer(operation: string, site: SiteUse, answer: Answer): Violation[] {
  const refused = site.operatorOnly !== true || (answer.status === 401 && answer.code === "unauthorized");
  if (refused && answer.status < 500) return [];
  const detail = `it was answered ${answer.status} ${answer.code}${site.operatorOnly === true ? ", but only the operator may" : ""}`;
  return [{ kind: "refusal", operation, detail, excerpt: answer.text.slice(0, 600) }];
}

/** What a refusal says, without what differs from request to request: the same for every team, there or not. */
export function refusalText(answer: Answer, team: string): string {
  const challenge = answer.headers.find(([name]) => name === "www-authenticate")?.[1] ?? "";
  const text = answer.text.replace(/"request_id":"[^"]*"/, "");
  return `${answer.status} ${challenge} ${text}`.replaceAll(team, "<team>");
}

/** Everything of a request that could come back in its answer. */
export function sentText(ask: Ask): string {
  const headers = Object.entries(ask.headers).filter(([name]) => name !== "authorization");
  return [decode(ask.path), ...headers.map(([, value]) => value), ask.body ?? ""].join("\n");
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path.replaceAll("+", " "));
  } catch {
    return path;
  }
}
