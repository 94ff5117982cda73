// The proof's pages: each is read with names, cursors and words of this team and of others; its forms, which our own pages alone may send,
// change nothing when a program sends them. Runs anywhere.
import { type Operations, type RouteUse, type Situation, someCursor, someThing, withoutUndefined } from "./plan.ts";
import type { Right, Thing } from "./world.ts";

type Kind = Thing["kind"];

interface Page {
  /** Left out: every credential may read it. */
  needs?: Right;
  /** What `:name` or `:ref` stands for. */
  names?: Kind;
  log?: "executions" | "audit";
  /** It is its author's alone. */
  ofAuthor?: true;
}

/** What can be read, below the team's address. */
const read: Readonly<Record<string, Page>> = {
  "": { log: "executions" },
  "/find": {},
  "/datasets": { needs: "data:read" },
  "/datasets/-/deleted": { needs: "data:read" },
  "/datasets/-/upload": { needs: "data:write" },
  "/datasets/:name": { needs: "data:read", names: "dataset" },
  "/datasets/:name/versions": { needs: "data:read", names: "dataset" },
  "/datasets/:name/compare": { needs: "data:read", names: "dataset" },
  "/tables": { needs: "data:read" },
  "/tables/-/frames": { needs: "data:read" },
  "/tables/-/frames/:ref": { needs: "data:read", names: "frame" },
  "/tables/:name": { needs: "data:read", names: "table" },
  "/library": { needs: "data:read" },
  "/library/functions": { needs: "data:read" },
  "/library/out-of-use": { needs: "data:read" },
  "/library/graph": { needs: "data:read" },
  "/library/completions": { needs: "data:read" },
  "/library/tools/new": { needs: "library:propose" },
  "/library/tools/:name": { needs: "data:read", names: "tool" },
  "/library/tools/:name/definition": { needs: "data:read", names: "tool" },
  "/library/tools/:name/edit": { needs: "library:propose", names: "tool" },
  "/library/tools/:name/tests": { needs: "data:read", names: "tool" },
  "/library/tools/:name/history": { needs: "data:read", names: "tool" },
  "/library/tools/:name/run": { needs: "data:read", names: "tool" },
  "/library/tools/:name/advice": { needs: "data:read", names: "tool" },
  "/library/functions/new": { needs: "library:propose" },
  "/library/functions/:name": { needs: "data:read", names: "function" },
  "/library/functions/:name/definition": { needs: "data:read", names: "function" },
  "/library/functions/:name/edit": { needs: "library:propose", names: "function" },
  "/library/functions/:name/tests": { needs: "data:read", names: "function" },
  "/library/functions/:name/history": { needs: "data:read", names: "function" },
  "/playground": { needs: "data:read", log: "executions" },
  "/playground/download": { needs: "data:read" },
  "/proposals": { needs: "data:read" },
  "/proposals/suggestions": { needs: "data:read" },
  "/proposals/suggestions/:id": { needs: "data:read" },
  "/proposals/:id": { needs: "data:read" },
  "/proposals/:id/edit": { needs: "library:propose", ofAuthor: true },
  "/activity": { needs: "data:read", log: "executions" },
  "/activity/audit": { needs: "audit:read", log: "audit" },
  "/activity/audit/verify": { needs: "audit:read" },
  "/activity/notifications": { needs: "notifications:own" },
  "/monitoring": { needs: "metrics:read" },
  "/people": { needs: "people:read" },
  "/people/invitations": { needs: "people:manage" },
  "/people/tokens": { needs: "tokens:own" },
  "/people/apps": { needs: "tokens:own" },
  "/settings": { needs: "people:read" },
  "/settings/sign-in": { needs: "settings:manage" },
  "/settings/webhooks": { needs: "webhooks:manage" },
  "/settings/notifications": { needs: "notifications:own" },
  "/settings/backups": { needs: "backups:manage" },
  "/settings/library": { needs: "data:read" },
  "/settings/danger": { needs: "owners:manage" },
};

/** Where forms are sent to, and what the sender must be allowed before anything else is looked at. */
const sent: Readonly<Record<string, Right | undefined>> = {
  "": undefined,
  "/datasets": "data:write",
  "/datasets/-/deleted": "data:write",
  "/datasets/-/upload": "data:write",
  "/datasets/:name": "data:write",
  "/datasets/:name/versions": "data:write",
  "/tables": "data:write",
  "/tables/-/frames": "data:write",
  "/tables/-/frames/:ref": "data:write",
  "/tables/:name": "data:write",
  "/library/out-of-use": "library:propose",
  "/library/check": "data:read",
  "/library/tools/new": "library:propose",
  "/library/tools/:name": "library:propose",
  "/library/tools/:name/edit": "library:propose",
  "/library/tools/:name/history": "library:propose",
  "/library/functions/new": "library:propose",
  "/library/functions/:name": "library:propose",
  "/library/functions/:name/edit": "library:propose",
  "/library/functions/:name/history": "library:propose",
  "/playground": "data:read",
  "/playground/download": "data:read",
  "/proposals/suggestions/:id": "library:propose",
  "/proposals/:id": "library:propose",
  "/proposals/:id/edit": "library:propose",
  "/activity/notifications": "notifications:own",
  "/people": "people:read",
  "/people/invitations": "people:manage",
  "/people/tokens": "tokens:own",
  "/people/apps": "tokens:own",
  "/settings": "settings:manage",
  "/settings/sign-in": "settings:manage",
  "/settings/webhooks": "webhooks:manage",
  "/settings/notifications": "notifications:own",
  "/settings/backups": "backups:manage",
  "/settings/library": "library:write",
  "/settings/danger": "owners:manage",
};

/** A page may refuse in words of its own, as a page. */
const refusals = [
  "not_found",
  "invalid_argument",
  "cursor_invalid",
  "cursor_stale",
  "http 400",
  "http 404",
  "http 409",
];

function placed(situation: Situation, names: Kind | undefined): { path: Record<string, string>; thing?: Thing } {
  const { world, team } = situation;
  const owner = world.random.chance(0.8) ? team : (world.random.pick(world.teams) ?? team);
  const id = world.random.pick(owner.loot.proposals)?.id ?? "nothing";
  if (names === undefined) return { path: { name: "nothing_here", ref: "df_nothing", id } };
  const thing = someThing(situation, names, true);
  const name = thing?.name ?? "nothing_here";
  return { path: { name, ref: name, id }, ...(thing === undefined ? {} : { thing }) };
}

function readPage({ needs, names, log, ofAuthor }: Page): (situation: Situation) => RouteUse {
  return (situation) => {
    const { path, thing } = placed(situation, names);
    const { random } = situation.world;
    const dataset = someThing(situation, "dataset", true)?.name;
    return {
      path,
      query: withoutUndefined<string>({
        cursor: someCursor(situation),
        q: random.chance(0.3) ? (someThing(situation, "tool", true)?.name ?? "x") : undefined,
        dataset: random.chance(0.3) ? dataset : undefined,
      }),
      needs: needs === undefined ? [] : [needs],
      things: [thing],
      codes: ofAuthor === true ? ["forbidden", ...refusals] : refusals,
      ...(log === undefined ? {} : { log }),
    };
  };
}

/** A program has no page to send a form from; a browser's session that does, asks for an action that no page has. */
function sendForm(needs: Right | undefined, names: Kind | undefined): (situation: Situation) => RouteUse {
  return (situation) => ({
    path: placed(situation, names).path,
    text: "action=nothing",
    type: "application/x-www-form-urlencoded",
    needs: needs === undefined ? [] : [needs],
    codes: ["forbidden", ...refusals],
    neverOk: true,
  });
}

export const pageOperations: Operations<RouteUse> = {
  ...Object.fromEntries(Object.entries(read).map(([path, page]) => [`GET /t/:team${path}`, readPage(page)])),
  ...Object.fromEntries(
    Object.entries(sent).map(([path, needs]) => [`POST /t/:team${path}`, sendForm(needs, read[path]?.names)]),
  ),
};
