// The run: tries what attempts.ts chooses on the real server, has every answer judged, lets the model follow. Runs in Node.
import { createHash } from "node:crypto";
import { type Attempt, type KeyedRequest, nextAttempt } from "./attempts.ts";
import { checkDeletion } from "./deletion.ts";
import { makeLogins } from "./logins.ts";
import { findLeaks, findOddSiteAnswer, findWrongCode, refusalText, sentText, type Violation } from "./oracle.ts";
import { asRoot, auditHead, type Deployment, makeTeams, rejoin } from "./setup.ts";
import { Streams } from "./streams.ts";
import { type Answer, type Ask, at, dataOf, mcpAsk, restAsk, send, textAt } from "./wire.ts";
import { type Team, type Viewer, World } from "./world.ts";

export interface ProofOptions extends Deployment {
  seed: number;
  operations: number;
  teams: number;
  /** Breaks the proof itself on purpose, to show that it finds leaks: other teams' answers, or a model of weaker rights than the server's. */
  sabotage?: "answers" | "rights";
  /** What the summary says of a fault; and how far the run has come. */
  log?: (line: string) => void;
}

interface Count {
  tried: number;
  granted: number;
  refused: number;
}

export interface ProofReport {
  operations: number;
  byOperation: Record<string, Count>;
  /** Tries with a credential that is not good at that URL. */
  badCredentials: number;
  /** Planted secrets, and identifiers that the server made. */
  canaries: number;
  violations: Violation[];
  /** Notifications that open streams carried. */
  events: number;
  /** A digest of what was tried, to compare runs by. */
  sequence: string;
}

const together = 16;
const checkEvery = 200;
const silenceEvery = 1_000;
const maxViolations = 30;
const sabotageEvery = 23;
const kept = 12;

interface Run {
  options: ProofOptions;
  world: World;
  report: ProofReport;
  streams: Streams;
  /** Refusals at the URL of a team that does not exist. */
  references: Map<string, string>;
  /** Requests with an idempotency key whose answers hold a secret. */
  keyed: KeyedRequest[];
  /** Who has sent which of them. */
  senders: Set<string>;
}

/** Makes the teams and tries the operations. Stops early when it has found more than enough. Returns the world too, for what is read afterwards. */
export async function prove(options: ProofOptions): Promise<{ report: ProofReport; world: World }> {
  const world = new World(options.seed);
  const report: ProofReport = {
    ...{ operations: 0, byOperation: {}, badCredentials: 0, canaries: 0, events: 0, sequence: "" },
    violations: [],
  };
  const streams = new Streams(world, options, (violations) => foundElsewhere(run, violations));
  const run: Run = { options, world, report, streams, references: new Map(), keyed: [], senders: new Set() };
  await makeTeams(world, options, options.teams, `iso-${(options.seed % 1_000_000).toString(36)}`);
  world.origin = options.origin;
  await makeLogins(world, options);
  for (const team of world.teams) team.head = await auditHead(options, team);
  await readReferences(run);
  await streams.open();
  const sequence = createHash("sha256");
  try {
    await tryAll(run, (attempt) =>
      sequence.update(`${attempt.operation} ${attempt.team.slug} ${attempt.credential.how}\n`),
    );
  } finally {
    streams.close();
  }
  report.canaries = world.canaries.size;
  report.events = streams.events;
  report.sequence = sequence.digest("hex").slice(0, 16);
  return { report, world };
}

async function tryAll(run: Run, note: (attempt: Attempt) => void): Promise<void> {
  const { options, report, world } = run;
  let waiting: Attempt[] = [];
  const flush = async (): Promise<void> => {
    const attempts = waiting;
    waiting = [];
    const answers = await Promise.all(attempts.map((attempt) => tryOne(run, attempt)));
    for (const [index, attempt] of attempts.entries()) await settle(run, attempt, answers[index]);
  };
  for (let step = 0; step < options.operations && report.violations.length < maxViolations; step++) {
    const attempt = nextAttempt(world, step, run.keyed);
    note(attempt);
    // A write runs alone: the model must know the state that each answer was given in.
    if (attempt.use.writes === true) await flush();
    waiting.push(attempt);
    if (attempt.use.writes === true || waiting.length >= together) await flush();
    if (step % checkEvery === checkEvery - 1) {
      await flush();
      await checkHeads(run, step);
      for (const team of world.teams)
        if (await rejoin(world, options, team)) team.head = await auditHead(options, team);
      options.log?.(`${step + 1} operations, ${report.violations.length} violations`);
    }
    if (step % silenceEvery === silenceEvery - 1) {
      await flush();
      await checkStreams(run);
    }
  }
  await flush();
  await checkStreams(run);
  await checkHeads(run, options.operations);
  const isUsual = (ask: Ask, answer: Answer, team: Team): boolean =>
    isUsualRefusal(run, ask, refusalText(answer, team.slug));
  foundElsewhere(run, await checkDeletion(world, options, run.streams, isUsual));
  for (const team of world.teams.slice(0, -1))
    if ((await auditHead(options, team)) !== team.head)
      foundElsewhere(run, [
        { kind: "state", operation: "a deleted team", detail: `team ${team.slug} has changed with it`, excerpt: "" },
      ]);
}

/** The answer, or under sabotage now and then that of another team to its own owner. */
async function tryOne({ options, world }: Run, { ask, step, team }: Attempt): Promise<Answer | Error> {
  const other = world.teams.find((one) => one !== team);
  try {
    if (options.sabotage !== "answers" || step % sabotageEvery !== 0 || other === undefined)
      return await send(options.origin, ask);
    return await asRoot(options, other, restAsk(other.slug, "GET", "/datasets"));
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Judges an answer, then lets the model follow what was done. */
async function settle(run: Run, attempt: Attempt, answer: Answer | Error | undefined): Promise<void> {
  const { report } = run;
  const { operation, use, credential, team } = attempt;
  const count = report.byOperation[operation] ?? { tried: 0, granted: 0, refused: 0 };
  report.byOperation[operation] = count;
  count.tried++;
  report.operations++;
  if (credential.viewer === undefined) report.badCredentials++;
  if (answer === undefined || answer instanceof Error) {
    found(run, attempt, [{ kind: "server", operation, detail: `no answer: ${answer?.message}`, excerpt: "" }]);
    return;
  }
  if (answer.code === "ok") count.granted++;
  else count.refused++;
  const violations = judge(run, attempt, answer);
  const granted = answer.code === "ok" && credential.viewer !== undefined && attempt.site === undefined;
  if (granted) {
    collect(run, attempt, answer);
    const odd = isReplayed(answer) ? undefined : use.after?.(answer);
    if (typeof odd === "string")
      violations.push({ kind: "state", operation, detail: odd, excerpt: answer.text.slice(0, 300) });
  }
  if (use.writes === true) {
    const head = await auditHead(run.options, team);
    if (head !== team.head && !granted)
      violations.push({
        kind: "state",
        operation,
        detail: `it was refused (${answer.code}) and yet it wrote`,
        excerpt: answer.text.slice(0, 300),
      });
    team.head = head;
  }
  found(run, attempt, violations);
}

function judge(run: Run, attempt: Attempt, answer: Answer): Violation[] {
  const { world } = run;
  const { operation, use, credential, team, site, again } = attempt;
  const sent = sentText(attempt.ask);
  const viewer = sabotaged(run, site === undefined ? credential.viewer : undefined);
  const planted = world.canaries.find(sent).canaries;
  if (viewer !== undefined)
    world.spreadBy(
      viewer,
      planted.map(({ text }) => text),
    );
  // A request of another team's, sent again here, brings what is in it along.
  if (again !== undefined && viewer !== undefined)
    for (const canary of planted) canary.places.push((reader) => reader.team === team.slug);
  const shown = [answer.text, ...answer.headers.map(([name, value]) => `${name}: ${value}`)].join("\n");
  const isOwnAgain = hasSentBefore(run, attempt);
  // The refusal of a key that was used before names the request it was used for.
  const log = isOwnAgain || answer.code === "idempotency_mismatch" ? "replay" : use.log;
  const reading = { operation, viewer, sent, team: team.slug, ...(log === undefined ? {} : { log }) };
  if (site !== undefined)
    return [...findPageLeaks(run, attempt, shown, sent), ...findOddSiteAnswer(operation, site, answer)];
  const leaks = findLeaks(world, shown, reading);
  const odd = findOddRefusal(run, attempt, answer);
  if (again === undefined) return [...leaks, ...findWrongCode(operation, viewer, use, answer), ...odd];
  const stolen = isReplayed(answer) && !isOwnAgain;
  if (answer.status < 500 && !stolen) return [...leaks, ...odd];
  const detail = stolen ? "it was given somebody else's kept answer" : `it failed with ${answer.status}`;
  const kind = stolen ? ("leak" as const) : ("server" as const);
  return [...leaks, ...odd, { kind, operation, detail, excerpt: answer.text.slice(0, 600) }];
}

/** A page shows whoever is signed in what they may see in any of their teams, and whoever holds an invitation's link the team's name. */
function findPageLeaks(
  { world }: Run,
  { operation, credential, team, site }: Attempt,
  shown: string,
  sent: string,
): Violation[] {
  const cookie = credential.headers.cookie;
  const keys = world.teams.flatMap(({ keys }) => keys.filter(({ token }) => token === cookie));
  const viewers = [...keys.map((key) => world.viewerOf(key, key.person.team)), holderOf(site?.opens)];
  const leaksOf = (viewer: Viewer | undefined): Violation[] =>
    findLeaks(world, shown, { operation, viewer, sent, team: team.slug });
  const whatOf = ({ detail }: Violation): string => detail.split("was shown")[1] ?? detail;
  const others = viewers.map((viewer) => new Set(leaksOf(viewer).map(whatOf)));
  // What they call themselves is theirs, also when they are out of the team.
  const ownNames = keys.map(({ person }) => `the name of ${person.username} of team ${person.team}`);
  return leaksOf(undefined).filter(
    (leak) => others.every((leaks) => leaks.has(whatOf(leak))) && !ownNames.some((name) => leak.detail.includes(name)),
  );
}

/** Whether this person has sent this request with an idempotency key before; from now on they have. */
function hasSentBefore({ senders }: Run, { credential, team, ask, key, again }: Attempt): boolean {
  if (credential.viewer === undefined || (key === undefined && again === undefined)) return false;
  const sent = [team.slug, credential.viewer.username, ask.method, ask.path, ask.body].join("\n");
  const before = senders.has(sent);
  senders.add(sent);
  return before;
}

/** Whoever holds a team's invitation link is told the team's name. */
function holderOf(team: Team | undefined): Viewer | undefined {
  return team === undefined
    ? undefined
    : { team: team.slug, username: "whoever holds the link", role: "viewer", scopes: [] };
}

function isReplayed(answer: Answer): boolean {
  const meta = at(answer.json, "result", "_meta", "super-data/idempotency_replayed");
  return meta === true || answer.headers.some(([name]) => name === "idempotency-replayed");
}

/** The model's view of the viewer, or a wrong one when that is what is being tested. */
function sabotaged({ options }: Run, viewer: Viewer | undefined): Viewer | undefined {
  if (options.sabotage !== "rights" || viewer === undefined) return viewer;
  return { ...viewer, role: "viewer" };
}

/** Whoever is nobody at a URL is told the same as at the URL of a team that does not exist. */
function findOddRefusal(run: Run, attempt: Attempt, answer: Answer): Violation[] {
  const { credential, operation, team, ask } = attempt;
  if (credential.viewer !== undefined) return [];
  if (credential.refusal !== undefined) {
    if (answer.status === 403 && answer.code === "forbidden" && answer.text.includes(credential.refusal)) return [];
  } else {
    if (isUsualRefusal(run, ask, refusalText(answer, team.slug))) return [];
  }
  const detail = `${credential.how} was not refused as it must be: ${answer.status} ${answer.code}`;
  return [{ kind: "refusal", operation, detail, excerpt: answer.text.slice(0, 600) }];
}

const referenceKind = (ask: Ask): string =>
  `${ask.path.includes("/mcp") ? "mcp" : "rest"} ${ask.headers.authorization !== undefined}`;
const sessionKind = "rest session";

/** A cookie is of a session that stands or of one that does not: each has its words. */
function isUsualRefusal({ references }: Run, ask: Ask, text: string): boolean {
  const kinds = [referenceKind(ask), ...(ask.headers.cookie === undefined ? [] : [sessionKind])];
  return kinds.some((kind) => references.get(kind) === text);
}

async function readReferences({ options, references, world }: Run): Promise<void> {
  const none = "no-such-team";
  const session = world.teams.flatMap(({ keys }) => keys).find(({ kind }) => kind === "session");
  if (session !== undefined) {
    const ask = restAsk(none, "GET", "/datasets");
    const answer = await send(options.origin, { ...ask, headers: { ...ask.headers, cookie: session.token } });
    references.set(sessionKind, refusalText(answer, none));
  }
  for (const ask of [restAsk(none, "GET", "/datasets"), mcpAsk("2025", none, "tools/list", {})]) {
    for (const headers of [ask.headers, { ...ask.headers, authorization: "Bearer nonsense" }]) {
      const answer = await send(options.origin, { ...ask, headers });
      references.set(referenceKind({ ...ask, headers }), refusalText(answer, none));
    }
  }
}

const secretAnswers = /create_token|invite_member|\/tokens|\/invitations/;

/** What the answer hands out that others may try later. */
function collect(run: Run, attempt: Attempt, answer: Answer): void {
  const { team, operation, credential, ask, key } = attempt;
  const { loot } = team;
  const data = dataOf(answer);
  const cursor = textAt(data, "next_cursor") ?? textAt(answer.json, "result", "nextCursor");
  if (cursor !== undefined) loot.cursors.push(cursor);
  const etag = answer.headers.find(([name]) => name === "etag")?.[1];
  if (etag !== undefined) loot.ids.push(etag.replaceAll('"', ""));
  const [seq, hash] = [at(data, "head", "seq"), textAt(data, "head", "hash")];
  if (typeof seq === "number" && hash !== undefined) loot.heads.push(`${seq}:${hash}`);
  if (
    key !== undefined &&
    credential.viewer !== undefined &&
    secretAnswers.test(operation) &&
    attempt.again === undefined
  )
    run.keyed.push({ operation, team: team.slug, first: credential.viewer, ask });
  for (const list of [loot.cursors, loot.ids, loot.heads, run.keyed]) if (list.length > kept) list.shift();
}

/** No team's state has changed but by the writes that the model knows of. */
async function checkHeads(run: Run, step: number): Promise<void> {
  const { world, options } = run;
  for (const team of world.teams) {
    const head = await auditHead(options, team);
    if (head === team.head) continue;
    const entries = await asRoot(options, team, restAsk(team.slug, "GET", "/audit?limit=3"));
    const detail = `team ${team.slug} has ${head} audit entries, but the writes at its URL made ${team.head}; something before step ${step} wrote`;
    foundElsewhere(run, [
      { kind: "state", operation: "the audit log's head", detail, excerpt: entries.text.slice(0, 900) },
    ]);
    team.head = head;
  }
}

/** Changes of two things, one of them hidden from most, while nothing else goes on. */
async function checkStreams(run: Run): Promise<void> {
  const { world, streams, options } = run;
  foundElsewhere(run, streams.checkEnded());
  for (const kind of ["tool", "dataset"] as const) {
    const team = world.random.pick(world.teams);
    const hidden = team?.things.filter(
      (thing) => !thing.scratch && thing.kind === kind && thing.visibility !== "everyone",
    );
    const thing = world.random.pick(hidden ?? []);
    if (team === undefined || thing === undefined) continue;
    foundElsewhere(run, await streams.checkSilence(team, thing));
    team.head = await auditHead(options, team);
  }
}

function foundElsewhere({ options, report }: Run, violations: readonly Violation[]): void {
  report.violations.push(...violations);
  for (const { kind, operation, detail, excerpt } of violations)
    options.log?.(`${kind.toUpperCase()} in ${operation}: ${detail}\n  ${excerpt}`);
}

function found({ options, report }: Run, attempt: Attempt, violations: readonly Violation[]): void {
  const { step, team, credential, ask, operation } = attempt;
  const body = ask.body === undefined ? "" : ` ${ask.body.slice(0, 500)}`;
  const where = `step ${step}, ${credential.how} at team ${team.slug}`;
  const [first] = violations;
  if (first === undefined) return;
  report.violations.push(...violations.map((violation) => ({ ...violation, detail: `${where}: ${violation.detail}` })));
  options.log?.(`${operation}, ${where}\n  ${ask.method} ${ask.path}${body}`);
  for (const { kind, detail } of violations) options.log?.(`  ${kind.toUpperCase()}: ${detail}`);
  options.log?.(`  answer: ${first.excerpt}`);
}
