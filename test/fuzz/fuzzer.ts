// The run: so many spoiled requests against each endpoint, every answer judged, the server asked in between whether it still serves. Runs in Node.
import { Random } from "../isolation/random.ts";
import { type Deployment, makeTeams } from "../isolation/setup.ts";
import { restAsk, send } from "../isolation/wire.ts";
import { type Team, World } from "../isolation/world.ts";
import { endpointsOf } from "./endpoints.ts";
import { fault } from "./judge.ts";
import { type Endpoint, type FuzzRequest, spoiledRequest, type Tokens } from "./requests.ts";
import { Sender } from "./sender.ts";

export interface FuzzOptions extends Deployment {
  seed: number;
  /** Requests for each endpoint. */
  count: number;
  /** Only endpoints whose name holds this. */
  only?: string;
  /** The first endpoint of those, counted from 1: a long run can be done in pieces. */
  from?: number;
  /** Every line that the server has printed. */
  lines: readonly string[];
  log?: (line: string) => void;
}

export interface FuzzFault {
  endpoint: string;
  what: string;
  request: string;
  answer: string;
}

export interface FuzzReport {
  requests: number;
  endpoints: number;
  /** By class of status: 2, 3, 4, 5. */
  answers: Record<string, number>;
  /** What Node itself would not send. */
  unsent: number;
  slowestMs: number;
  faults: FuzzFault[];
}

const together = 16;
const chunk = 128;
const deadlineMs = 10_000;
const faultsPerEndpoint = 3;

export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const report: FuzzReport = { requests: 0, endpoints: 0, answers: {}, unsent: 0, slowestMs: 0, faults: [] };
  const sender = new Sender(options.origin);
  let victims = 0;
  const newVictim = async (): Promise<{ world: World; team: Team }> => {
    const world = new World(options.seed + victims);
    await makeTeams(world, options, 1, `fuzz-${(options.seed % 1_000_000).toString(36)}-${victims++}`);
    const [team] = world.teams;
    if (team === undefined) throw new Error("no team was made");
    return { world, team };
  };
  const control = await newVictim();
  let victim = await newVictim();
  const names = endpointsOf(victim.world, victim.team).map(({ name }) => name);
  const chosen = names.filter((name) => name.includes(options.only ?? ""));
  for (const [index, name] of chosen.entries()) {
    if (index + 1 < (options.from ?? 1)) continue;
    // An endpoint's choices depend on the seed and its name alone, so that one can be run again by itself.
    const random = new Random(options.seed * 1_000 + hashOf(name));
    const before = report.faults.length;
    for (let done = 0; done < options.count && report.faults.length - before < faultsPerEndpoint; done += chunk) {
      if (!(await serves(options, victim.team))) victim = await newVictim();
      const endpoint = endpointsOf(victim.world, victim.team).find((one) => one.name === name);
      if (endpoint === undefined) throw new Error(`no endpoint ${name}`);
      const tokens = { team: victim.team.root.token, operator: options.operatorToken, slug: victim.team.slug };
      await sendChunk({ options, report, sender, endpoint, tokens, random }, Math.min(chunk, options.count - done));
      if (!(await serves(options, control.team)))
        report.faults.push({
          endpoint: name,
          what: "the server no longer answers a normal query",
          request: "",
          answer: "",
        });
    }
    report.endpoints++;
    options.log?.(
      `${index + 1} of ${chosen.length}: ${name}, ${report.requests} requests, ${report.faults.length} faults`,
    );
  }
  sender.close();
  report.faults.push(...logFaults(options.lines));
  return report;
}

interface Chunk {
  options: FuzzOptions;
  report: FuzzReport;
  sender: Sender;
  endpoint: Endpoint;
  tokens: Tokens;
  random: Random;
}

async function sendChunk(context: Chunk, count: number): Promise<void> {
  let left = count;
  const work = async (): Promise<void> => {
    while (left-- > 0) await sendOne(context, spoiledRequest(context.random, context.endpoint, context.tokens));
  };
  await Promise.all(Array.from({ length: together }, work));
}

async function sendOne({ report, sender, endpoint, options }: Chunk, request: FuzzRequest): Promise<void> {
  const startedAt = performance.now();
  const found = (what: string, answer: string): void => {
    const shown = `${request.method} ${request.path} ${JSON.stringify(request.headers)} ${String(request.body ?? "").slice(0, 1_000)}`;
    report.faults.push({ endpoint: endpoint.name, what, request: shown, answer: answer.slice(0, 1_000) });
    options.log?.(`FAULT ${endpoint.name}: ${what}\n  ${shown.slice(0, 1_500)}\n  answer: ${answer.slice(0, 500)}`);
  };
  report.requests++;
  try {
    const answer = await sender.send(request, deadlineMs);
    if (answer === undefined) {
      report.unsent++;
      return;
    }
    const kind = `${Math.floor(answer.status / 100)}xx`;
    report.answers[kind] = (report.answers[kind] ?? 0) + 1;
    report.slowestMs = Math.max(report.slowestMs, performance.now() - startedAt);
    const what = fault(endpoint, request, answer);
    if (what !== undefined) found(what, `${answer.status} ${answer.body}`);
  } catch (error) {
    found(error instanceof Error ? error.message : String(error), "");
  }
}

/** A team's owner is let in and gets an answer to a normal question. */
async function serves({ origin }: Deployment, team: Team): Promise<boolean> {
  const ask = restAsk(team.slug, "GET", "/datasets");
  const headers = { ...ask.headers, authorization: `Bearer ${team.root.token}` };
  return send(origin, { ...ask, headers }, deadlineMs).then(
    ({ code }) => code === "ok",
    () => false,
  );
}

/** Lines that a server prints when something happened that nobody foresaw. */
export function logFaults(lines: readonly string[]): FuzzFault[] {
  return (
    lines
      // The local runtime reports every refusal that crosses from a team's object to the edge; those are answers like others.
      .filter((line) => !line.includes("Uncaught AppError"))
      .filter((line) => /"event":"unexpected_error"|uncaught|unhandled/i.test(line))
      .slice(0, 20)
      .map((line) => ({
        endpoint: "the server's log",
        what: "an unexpected error was logged",
        request: "",
        answer: line,
      }))
  );
}

function hashOf(text: string): number {
  let hash = 7;
  for (const char of text) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 1_000_003;
  return hash;
}
