// What applying a proposal comes to, as the documentation tells it: the three-way merge, and whether the library still holds. Runs anywhere.
import { type Action, type Content, current, type Item, keyOf, type Proposal, type Team } from "./model.ts";

export type Merge = { kind: "clean"; content: Content; active: boolean } | { kind: "conflict" } | { kind: "moot" };

const sameCalls = (a: Content, b: Content): boolean => a.calls.join() === b.calls.join();
const sameCode = (a: Content, b: Content): boolean => a.value === b.value && sameCalls(a, b);
export const sameContent = (a: Content, b: Content): boolean => sameCode(a, b) && a.note === b.note;

/** What a proposal makes of the item as it stands before `versions` further ones are made. */
export function mergeOf(proposal: Pick<Proposal, "action" | "content" | "base">, item: Item | undefined): Merge {
  const now = current(item);
  const base = proposal.base === undefined ? undefined : item?.versions[proposal.base - 1];
  if (proposal.action === "deactivate" || proposal.action === "restore") {
    if (now === undefined) return { kind: "conflict" };
    const active = proposal.action === "restore";
    return now.active === active ? { kind: "moot" } : { kind: "clean", content: now.content, active };
  }
  const ours = proposal.content;
  if (ours === undefined) return { kind: "conflict" };
  if (now === undefined) return { kind: "clean", content: ours, active: true };
  // Whoever would create what is there by now has nothing left to do.
  if (proposal.action === "create" && now.active) return { kind: "moot" };
  // Created anew in the place of what is out of use: nothing of that is kept.
  if (proposal.action === "create" && !now.active) return { kind: "clean", content: ours, active: true };
  if (now.active && sameContent(now.content, ours)) return { kind: "moot" };
  if (proposal.base === item?.versions.length) return { kind: "clean", content: ours, active: true };
  if (base === undefined || !now.active) return { kind: "conflict" };
  const code = pick(base.content, now.content, ours, sameCode);
  const note = pick(base.content, now.content, ours, (a, b) => a.note === b.note);
  if (code === undefined || note === undefined) return { kind: "conflict" };
  const merged = { value: code.value, calls: code.calls, note: note.note };
  return sameContent(merged, now.content) ? { kind: "moot" } : { kind: "clean", content: merged, active: true };
}

/** Whichever side changed a part; undefined when both did, to different ends. */
function pick(
  base: Content,
  theirs: Content,
  ours: Content,
  same: (a: Content, b: Content) => boolean,
): Content | undefined {
  if (same(base, ours)) return theirs;
  if (same(base, theirs) || same(ours, theirs)) return ours;
  return undefined;
}

/** True when the library holds once this item is as given: all that is called is there, and nothing active is left without. */
export function holdsWith(team: Team, item: Pick<Item, "kind" | "name">, content: Content, active: boolean): boolean {
  const functions = new Map<string, Content>();
  const callers: Content[] = [];
  const changed = keyOf(item.kind, item.name);
  const states = [...team.items.values()].filter((other) => keyOf(other.kind, other.name) !== changed);
  const all = states.map((other) => ({ ...other, now: current(other) }));
  for (const { kind, name, now } of all) {
    if (now?.active !== true) continue;
    callers.push(now.content);
    if (kind === "function") functions.set(name, now.content);
  }
  if (active) {
    callers.push(content);
    if (item.kind === "function") functions.set(item.name, content);
  }
  return callers.every(({ calls }) => calls.every((name) => functions.has(name)));
}

/** What an item gives when it is run; undefined when something it calls is not there. */
export function resultOf(team: Team, content: Content, depth = 0): number | undefined {
  let sum = content.value;
  for (const name of content.calls) {
    const callee = current(team.items.get(keyOf("function", name)));
    if (callee?.active !== true || depth > 20) return undefined;
    const value = resultOf(team, callee.content, depth + 1);
    if (value === undefined) return undefined;
    sum += value;
  }
  return sum;
}

/** The jq of it. */
export const expressionOf = ({ value, calls }: Content): string => [...calls, String(value)].join(" + ");
export const definitionOf = (name: string, content: Content): string => `def ${name}: ${expressionOf(content)};`;
export const descriptionOf = ({ note }: Content): string => `Note ${note}.`;

/** A row's jq and description read back; undefined for what the proof did not write. */
export function contentOf(jq: string, description: string): Content | undefined {
  const body = /^(?:def \w+: )?(.*?);?$/s.exec(jq.trim())?.[1];
  const note = /^Note (\d+)\.$/.exec(description)?.[1];
  const parts = body?.split(" + ") ?? [];
  const value = Number(parts.at(-1));
  if (note === undefined || !Number.isInteger(value)) return undefined;
  return { value, calls: parts.slice(0, -1), note: Number(note) };
}

export const isContentAction = (action: Action): boolean => action === "create" || action === "change";
