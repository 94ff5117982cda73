// What happens behind people's backs, as the proof wills: messages lost, late, doubled, out of order, alarms late or twice. Runs in workerd.
import type { Intent } from "./intents.ts";
import type { Stage } from "./steps.ts";
import { vote } from "./steps.ts";
import type { Queued } from "./world.ts";

/** Delivers one message, due or not, in no order; now and then twice, and now and then the Worker dies of it. */
export async function deliver(stage: Stage): Promise<Intent[]> {
  const { random, world } = stage;
  const queued = take(stage, random.chance(0.75));
  if (queued === undefined) return [];
  const fate = random.chance(0.2) ? { calls: random.int(5), lost: random.chance(0.5) } : undefined;
  const between = random.chance(0.2) ? () => world.restart() : undefined;
  const done = await world.deliver(queued.body, fate, between);
  const again = !done || random.chance(0.15);
  if (again) world.queue.push({ ...queued, at: world.now });
  const how =
    fate === undefined
      ? ""
      : `, the Worker dying after ${fate.calls} calls${fate.lost ? ", its last answer lost" : ""}`;
  stage.note(
    `a message is delivered (${said(queued)})${how}: ${done ? "done" : "to be tried again"}${again && done ? ", and stays for another time" : ""}`,
  );
  if (!done && fate === undefined) stage.fault(`the consumer failed: ${world.logged.at(-1)}`);
  return [];
}

export async function lose(stage: Stage): Promise<Intent[]> {
  const lost = take(stage, false);
  if (lost !== undefined) stage.note(`a message is lost (${said(lost)})`);
  return [];
}

/** The alarm, when it is due or whenever: early, late and twice must all do. */
export async function alarm(stage: Stage): Promise<Intent[]> {
  const { random, world } = stage;
  const at = await world.alarmAt();
  if (at === null || (at > world.now && random.chance(0.6))) return [];
  await world.alarm();
  stage.note(`the alarm rings${at > world.now ? " early" : ""}`);
  return [];
}

/** A message is delivered while somebody votes. */
export async function race(stage: Stage): Promise<Intent[]> {
  const queued = take(stage, true);
  const delivered = queued === undefined ? undefined : stage.world.deliver(queued.body);
  const intents = await vote(stage);
  if ((await delivered) === false && queued !== undefined) stage.world.queue.push(queued);
  if (queued !== undefined) stage.note(`meanwhile a message was delivered (${said(queued)})`);
  return intents;
}

const maxRounds = 200;

/** Nothing gets lost any more: every message is delivered, and the alarm rings as long as it is due. */
export async function drain(stage: Stage): Promise<void> {
  const { world } = stage;
  // Its time may lie behind a clock that was set back.
  if ((await world.alarmAt()) !== null) await world.alarm();
  for (let round = 0; round < maxRounds; round++) {
    const [queued] = fitting(stage, true);
    if (queued !== undefined) {
      world.queue.splice(world.queue.indexOf(queued), 1);
      if (!(await world.deliver(queued.body))) stage.fault(`the consumer failed: ${world.logged.at(-1)}`);
      continue;
    }
    const at = await world.alarmAt();
    if (at === null || at > world.now) {
      stage.note("everything is delivered and swept");
      return;
    }
    await world.alarm();
  }
  stage.fault(`it does not come to rest: ${world.queue.map(said).join("; ")}`);
}

function take(stage: Stage, due: boolean): Queued | undefined {
  const { random, world } = stage;
  const queued = random.pick(fitting(stage, due));
  if (queued !== undefined) world.queue.splice(world.queue.indexOf(queued), 1);
  return queued;
}

/** Messages in an order that identifiers, which are another each time, have no part in: the same seed must take the same ones. */
function fitting({ team, world }: Stage, due: boolean): Queued[] {
  const ids = [...team.proposals.keys()];
  const rank = ({ body }: Queued): number => ("proposal" in body ? ids.indexOf(body.proposal) : ids.length);
  return world.queue
    .filter(({ at }) => !due || at <= world.now)
    .sort((a, b) => rank(a) - rank(b) || a.at - b.at || a.body.type.localeCompare(b.body.type));
}

const said = ({ body }: Queued): string => ("proposal" in body ? `${body.type} ${body.proposal}` : body.type);
