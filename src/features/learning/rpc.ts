// What is learned of a team's queries and tools, over RPC: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import { AppError } from "../../core/errors.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { type Asker, type Caller, systemCaller } from "../access/access.ts";
import type { ExecutionReport, QueryPattern } from "../metrics/schema.ts";
import { readSettings } from "../teams/store.ts";
import { selectPerformance } from "./performance-store.ts";
import type { PatternFacts, Suggestion, ToolPerformance } from "./schema.ts";
import {
  datasetVisibility,
  dueSuggestion,
  factsOf,
  findPattern,
  notePattern,
  type PatternRow,
  patternId,
  type SuggestionFilter,
  selectSuggestions,
  toSuggestion,
  writeState,
} from "./store.ts";

/** What runs of one pattern came to. */
export interface PatternHistory {
  runs: number;
  measured_runs: number;
  average_steps: number;
}

/** Proposals that came to nothing: their suggestion may be proposed again. */
const ended: ReadonlySet<string> = new Set(["rejected", "withdrawn", "expired", "superseded", "failed", "unknown"]);

/** The suggestions of one team and how its tools perform. What is about a dataset or tool that is not shown to whoever asks does not exist. */
export class LearningRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  list(filter: SuggestionFilter, asker: Asker): ReturnType<typeof selectSuggestions> {
    return selectSuggestions(this.#deps.db, filter, this.#deps.hiddenFrom(asker).datasetNames);
  }

  /** Throws `not_found`. */
  get(id: string, asker: Asker): PatternFacts {
    return factsOf(this.#deps.db, this.#find(id, asker));
  }

  /** Puts a suggestion away until it was run twice as often. Dismissing it again changes nothing. Throws `not_found`, `conflict`. */
  dismiss(id: string, by: Caller, reason?: string): Suggestion {
    const { db } = this.#deps;
    const row = this.#find(id, by.actor);
    if (row.state === "dismissed") return toSuggestion(db, row);
    if (row.state === "proposed") throw alreadyProposed(row);
    return this.#deps.record(by, () => {
      writeState(db, id, { state: "dismissed", settledBy: by.actor.username, settledRuns: row.runs });
      return {
        result: this.#read(id),
        events: [this.#event(row, "dismissed")],
        audit: [
          {
            action: "suggestion.dismiss",
            target: { kind: "suggestion", name: id },
            before: { state: row.state },
            after: { state: "dismissed", dataset: row.dataset, ...(reason === undefined ? {} : { reason }) },
          },
        ],
      };
    });
  }

  /** Throws unless a proposal may be made of it: `not_found`, `conflict` for one that is proposed already. */
  requireOpen(id: string, asker: Asker): void {
    const row = this.#find(id, asker);
    if (row.state !== "proposed") return;
    const { proposal } = toSuggestion(this.#deps.db, row);
    if (proposal !== null && !ended.has(proposal.state)) throw alreadyProposed(row);
  }

  /** Notes the proposal that was made of it. */
  proposed(id: string, proposalId: string, by: Caller): Suggestion {
    const { db } = this.#deps;
    const row = this.#find(id, by.actor);
    if (row.proposalId === proposalId) return toSuggestion(db, row);
    return this.#deps.record(by, () => {
      writeState(db, id, { state: "proposed", settledBy: by.actor.username, proposalId });
      return {
        result: this.#read(id),
        events: [this.#event(row, "proposed")],
        audit: [
          {
            action: "suggestion.propose",
            target: { kind: "suggestion", name: id },
            before: { state: row.state },
            after: { state: "proposed", dataset: row.dataset, proposal: proposalId },
          },
        ],
      };
    });
  }

  /** What runs of the same pattern came to; undefined when there were none, or they are not for the asker to know of. */
  history(pattern: Omit<QueryPattern, "example" | "literals">, asker: Asker): PatternHistory | undefined {
    if (this.#deps.hiddenFrom(asker).datasetNames.includes(pattern.dataset)) return undefined;
    const row = findPattern(this.#deps.db, patternId(pattern));
    if (row === undefined || row.measuredRuns === 0) return undefined;
    const average_steps = Math.round(row.totalSteps / row.measuredRuns);
    return { runs: row.runs, measured_runs: row.measuredRuns, average_steps };
  }

  /** How the team's active tools that the asker sees have done, slowest and most failing first. */
  performance(input: { name?: string; days: number }, asker: Asker): ToolPerformance[] {
    return selectPerformance(this.#deps.db, input, this.#deps.now(), this.#deps.hiddenFrom(asker).toolIds);
  }

  #find(id: string, asker: Asker): PatternRow {
    const row = findPattern(this.#deps.db, id);
    const isHidden = row !== undefined && this.#deps.hiddenFrom(asker).datasetNames.includes(row.dataset);
    // A pattern that nobody was told of is nobody's suggestion yet.
    if (row !== undefined && !isHidden && row.state !== "seen") return row;
    throw new AppError("not_found", `There is no suggestion ${id}.`, {
      hint: "list_suggestions shows those there are.",
      details: { id },
    });
  }

  #read(id: string): Suggestion {
    const row = findPattern(this.#deps.db, id);
    if (row === undefined) throw new Error(`no pattern ${id}`);
    return toSuggestion(this.#deps.db, row);
  }

  #event(row: PatternRow, state: string) {
    return {
      kind: "suggestion" as const,
      name: row.id,
      change: "updated" as const,
      state,
      // Of a dataset that is gone nobody below owner hears.
      visibility: datasetVisibility(this.#deps.db, row.dataset) ?? ("owner" as const),
    };
  }
}

function alreadyProposed(row: PatternRow): AppError {
  return new AppError("conflict", `The suggestion ${row.id} was proposed by ${row.settledBy}.`, {
    hint: `Vote on the proposal ${row.proposalId}.`,
    details: { proposal: row.proposalId },
  });
}

/** Takes note of an ad hoc query where the team learns. To be called within the transaction that logs it. */
export function learn(deps: Pick<TeamDeps, "db" | "now">, report: ExecutionReport): void {
  if (report.pattern !== undefined && readSettings(deps.db).enable_learning) notePattern(deps.db, report, deps.now());
}

/** Suggests what has been asked often enough. What is missed, because the object stops in between, is found with the next run of the same query. */
export function suggestDue(deps: Pick<TeamDeps, "db" | "now" | "record">, reports: readonly ExecutionReport[]): void {
  const patterns = reports.flatMap(({ pattern }) => (pattern === undefined ? [] : [patternId(pattern)]));
  if (patterns.length === 0) return;
  const settings = readSettings(deps.db);
  if (!settings.enable_learning) return;
  for (const id of new Set(patterns)) {
    const due = dueSuggestion(deps.db, id, settings);
    if (due !== undefined) suggest(deps, due);
  }
}

function suggest(
  deps: Pick<TeamDeps, "db" | "now" | "record">,
  { row, people, visibility }: NonNullable<ReturnType<typeof dueSuggestion>>,
): void {
  const { id, dataset, runs } = row;
  const who = people === 1 ? `One person ran this ${runs} times` : `${people} people ran this`;
  deps.record(systemCaller("system", id), () => {
    writeState(deps.db, id, {
      state: "suggested",
      suggestedAt: new Date(deps.now()),
      settledBy: null,
      settledRuns: null,
    });
    return {
      result: undefined,
      events: [{ kind: "suggestion", name: id, change: "created", state: "suggested", visibility }],
      audit: [],
      notices: [
        {
          kind: "suggestion.made",
          subject: { kind: "suggestion", name: id },
          title: `${who} on ${dataset}: make it a tool`,
          body: row.normalised,
          to: "voters",
          visibility,
          data: { suggestion: id, dataset, people, runs, pattern: row.normalised },
        },
      ],
    };
  });
}
