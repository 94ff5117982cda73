// What may happen in the team besides proposals: direct saves, settings, people who come and go, time. Runs in workerd.
import type { Fate } from "./crash.ts";
import type { Intent } from "./intents.ts";
import { holdsWith } from "./library-model.ts";
import {
  type Action,
  type Content,
  current,
  hourMs,
  type Kind,
  keyOf,
  maySaveDirectly,
  type Role,
  type Settings,
} from "./model.ts";
import { anyone, endOf, fateOf, fieldsOf, founder, names, nextContent, type Stage, told } from "./steps.ts";
import type { Outcome, World } from "./world.ts";

/** Past any vote, where settings and role allow it: the base moves on under what is proposed. */
export async function save(stage: Stage): Promise<Intent[]> {
  const { random, team, world } = stage;
  const who = random.chance(0.7) ? founder : anyone(stage);
  const kind: Kind = random.chance(0.5) ? "function" : "tool";
  const name = random.pick([...names[kind]]) ?? names[kind][0];
  const now = current(team.items.get(keyOf(kind, name)));
  const action =
    random.chance(0.7) && now !== undefined && !now.active
      ? "restore"
      : now?.active === true && random.chance(0.2)
        ? "deactivate"
        : "change";
  const content = action === "change" ? nextContent(stage, kind, name, now?.content) : undefined;
  const outcome = await saveAs(world, who, kind, name, action, content, fateOf(random));
  const stands = content ?? now?.content;
  const holds = stands !== undefined && holdsWith(team, { kind, name }, stands, action !== "deactivate");
  stage.note(
    `${who} saves: ${action} ${kind} ${name}${content === undefined ? "" : ` as ${JSON.stringify(content)}`}: ${told(outcome)}`,
  );
  return [
    { do: "save", who, kind, name, action, content, end: endOf(stage, outcome, maySaveDirectly(team, who) && holds) },
  ];
}

function saveAs(
  world: World,
  who: string,
  kind: Kind,
  name: string,
  action: Action,
  content: Content | undefined,
  fate: Fate | undefined,
): Promise<Outcome> {
  if (content === undefined) return world.use(who, `${action}_${kind}`, { name }, fate);
  return world.use(who, `save_${kind}`, { name, ...fieldsOf(kind, name, content) }, fate);
}

export async function settings(stage: Stage): Promise<Intent[]> {
  const { random, team, world } = stage;
  const choices: (() => Partial<Settings>)[] = [
    () => ({ approval_threshold: 1 + random.int(3) }),
    () => ({ reject_threshold: 1 + random.int(3) }),
    () => ({ approval_quorum: random.int(4) }),
    () => ({ author_may_vote: random.chance(0.5) }),
    () => ({ admin_veto: random.chance(0.6) }),
    () => ({ vote_weights: { member: 1, admin: 1 + random.int(2), owner: random.int(4) } }),
    () => ({ auto_approve_timeout: random.chance(0.35) ? null : (1 + random.int(48)) / 2 }),
    () => ({ proposal_expiry: 12 * (1 + random.int(14)) }),
    () => ({ members_save_directly: random.chance(0.3) }),
  ];
  const change = (random.pick(choices) ?? (() => ({})))();
  const outcome = await world.use(founder, "update_team", { settings: change });
  if (outcome.end !== "done") stage.fault(`settings were refused: ${told(outcome)}`);
  Object.assign(team.settings, change);
  stage.note(`settings: ${JSON.stringify(change)}`);
  return [];
}

export async function people(stage: Stage): Promise<Intent[]> {
  const { random, team, world } = stage;
  const who = random.pick(["ada", "ben", "cleo", "dan", "eva", "finn"]) ?? "ada";
  const role = random.pick<Role>(["viewer", "member", "member", "member", "admin", "owner"]);
  if (!team.people.has(who)) {
    await world.join(who, role, founder);
    team.people.set(who, role);
    stage.note(`${who} joins as ${role}`);
  } else if (random.chance(0.35)) {
    const outcome = await world.use(founder, "remove_member", { username: who });
    if (outcome.end !== "done") stage.fault(`${who} could not be removed: ${told(outcome)}`);
    team.people.delete(who);
    stage.note(`${who} is removed`);
  } else {
    const outcome = await world.use(founder, "set_role", { username: who, role });
    if (outcome.end !== "done") stage.fault(`${who} could not be made ${role}: ${told(outcome)}`);
    team.people.set(who, role);
    stage.note(`${who} becomes ${role}`);
  }
  return [];
}

export async function time(stage: Stage): Promise<Intent[]> {
  const { random, world } = stage;
  const { hours } = random.weighted([
    { weight: 6, hours: random.int(60) / 60 },
    { weight: 4, hours: 1 + random.int(12) },
    { weight: 2, hours: 24 + random.int(96) },
    { weight: 2, hours: -random.int(30) },
  ]);
  world.now += Math.round(hours * hourMs);
  stage.note(`the clock moves by ${hours.toFixed(2)} h to ${new Date(world.now).toISOString()}`);
  return [];
}
