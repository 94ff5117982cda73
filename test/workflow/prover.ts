// The run: does what chance chooses, restarts the object, and has everything that is stored judged after every step. Runs in workerd.
import { Random } from "../isolation/random.ts";
import { alarm, deliver, drain, lose, race } from "./background.ts";
import { type Finals, judge } from "./check.ts";
import { checkEnd } from "./ending.ts";
import type { Intent } from "./intents.ts";
import { newTeam } from "./model.ts";
import { observe } from "./observed.ts";
import { edit, founder, propose, type Stage, vote, voteTogether, withdraw } from "./steps.ts";
import { people, save, settings, time } from "./team-steps.ts";
import { type Told, tellings } from "./telling.ts";
import { World } from "./world.ts";

export interface ProofOptions {
  seed: number;
  steps: number;
  /** Breaks the product on purpose once the team is made, to show that the proof finds it. */
  sabotage?: (world: World) => void | Promise<void>;
  /** Other weights for some of what may happen. */
  favour?: Record<string, number>;
}

export interface ProofReport {
  /** The first step that went wrong, counted from 1, and what was wrong with it; none when all is well. */
  failed: { step: number; faults: string[] } | undefined;
  /** What happened, step by step. */
  trace: string[];
  /** What came of the proposals, and how often each thing was done. */
  counts: Record<string, number>;
}

const kinds: { weight: number; name: string; run: (stage: Stage) => Promise<Intent[]> }[] = [
  { weight: 22, name: "propose", run: propose },
  { weight: 30, name: "vote", run: vote },
  { weight: 6, name: "vote together", run: voteTogether },
  { weight: 6, name: "edit", run: edit },
  { weight: 3, name: "withdraw", run: withdraw },
  { weight: 9, name: "save directly", run: save },
  { weight: 5, name: "change settings", run: settings },
  { weight: 6, name: "change people", run: people },
  { weight: 10, name: "move the clock", run: time },
  { weight: 12, name: "deliver a message", run: deliver },
  { weight: 5, name: "lose a message", run: lose },
  { weight: 8, name: "ring the alarm", run: alarm },
  { weight: 5, name: "race", run: race },
];
const drainChance = 0.03;

/** Runs the proof until its first fault. The same seed does the same. */
export async function prove({ seed, steps, sabotage, favour }: ProofOptions): Promise<ProofReport> {
  const world = await World.open();
  const report: ProofReport = { failed: undefined, trace: [], counts: {} };
  const found: string[] = [];
  let at = 0;
  let hows: string[] = [];
  const team = newTeam();
  const stage: Stage = {
    ...{ random: new Random(seed), team, world, serial: 0 },
    note: (line) => void report.trace.push(`${at}. ${line}`),
    fault: (line) => void found.push(line),
  };
  const weighted = kinds.map((kind) => ({ ...kind, weight: favour?.[kind.name] ?? kind.weight }));
  const finals: Finals = new Map();
  const told: Told = new Map();
  try {
    await populate(stage);
    await sabotage?.(world);
    for (at = 1; at <= steps + 1; at++) {
      const last = at > steps;
      const drained = last || stage.random.chance(drainChance);
      const done = drained ? { name: "drain", intents: [] } : await doSomething(stage, report, weighted);
      if (drained) await drain(stage);
      count(report, done.name);
      await world.restart();
      const before = new Map([...team.proposals].map(([id, { state }]) => [id, state]));
      const seen = await observe(world);
      for (const { id, conflicted } of seen.proposals.values())
        if (conflicted && team.proposals.get(id)?.conflicted === false) count(report, "conflicts");
      hows = [...seen.proposals.values()].flatMap(({ how }) => how ?? []);
      found.push(...judge(team, finals, seen, { now: world.now, intents: done.intents, drained }));
      found.push(...tellings(team, told, seen, { intents: done.intents, before }));
      if (last && found.length === 0) found.push(...(await checkEnd(stage)));
      if (found.length > 0) {
        report.failed = { step: at, faults: found };
        break;
      }
    }
    for (const { state } of team.proposals.values()) count(report, `proposals ${state}`);
    for (const how of hows) count(report, `settled by ${how}`);
    return report;
  } finally {
    world.close();
  }
}

/** One thing of those that can be done now: most take a proposal, a message or an alarm to do it to. */
async function doSomething(
  stage: Stage,
  { trace }: ProofReport,
  choices: typeof kinds,
): Promise<{ name: string; intents: Intent[] }> {
  for (let tries = 0; ; tries++) {
    const { name, run } = stage.random.weighted(choices);
    const before = trace.length;
    const intents = await run(stage);
    if (trace.length > before || tries > 50) return { name, intents };
  }
}

async function populate({ team, world }: Stage): Promise<void> {
  const first = {
    [founder]: "owner",
    ada: "admin",
    ben: "member",
    cleo: "member",
    dan: "member",
    vera: "viewer",
  } as const;
  for (const [who, role] of Object.entries(first)) {
    await world.join(who, role, who === founder ? undefined : founder);
    team.people.set(who, role);
  }
}

function count({ counts }: ProofReport, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}
