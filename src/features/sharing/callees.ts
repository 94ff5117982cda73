// Which entries of a file call which: what comes along with chosen ones, and an order in which each finds what it calls. Runs anywhere.
import { AppError, type ErrorDescription, isAppError } from "../../core/errors.ts";
import { isRecord } from "../../core/exact-json.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import { analyse, parseDefinition } from "../../engines/jq/syntax/analyse.ts";
import { parseTemplate } from "../../engines/jq/syntax/placeholders.ts";
import type { LibraryEntry } from "./library-text.ts";

/** A name and what is defined under it. */
interface Named {
  input: { name: string; definition: string };
}

/**
 * Functions in an order in which each finds those it calls. Those that call each other in a circle are left out and given to `fail`,
 * with the circle shown.
 */
export function calleesFirst<Step extends Named>(
  steps: readonly Step[],
  fail: (step: Step, error: ErrorDescription) => void,
): Step[] {
  const byName = new Map(steps.map((step) => [step.input.name, step]));
  const ordered = new Set<Step>();
  const failed = new Set<Step>();
  const path = new Set<Step>();
  const visit = (step: Step): void => {
    if (ordered.has(step) || failed.has(step)) return;
    if (path.has(step)) {
      const circle = [...path].slice([...path].indexOf(step));
      for (const member of circle) {
        failed.add(member);
        fail(member, circleError(circle));
      }
      return;
    }
    path.add(step);
    for (const name of calledByDefinition(step.input.definition)) {
      const callee = byName.get(name);
      if (callee !== undefined && callee !== step) visit(callee);
    }
    path.delete(step);
    if (!failed.has(step)) ordered.add(step);
  };
  for (const step of steps) visit(step);
  return [...ordered];
}

const shownNames = 20;

function circleError(circle: readonly Named[]): ErrorDescription {
  const start = circle[0]?.input.name ?? "";
  const names = [...circle.map(({ input }) => input.name), start];
  const shown = names.length > shownNames ? [...names.slice(0, shownNames), "…", start] : names;
  return {
    code: "jq_cycle",
    message: `Functions would call each other in a circle: ${shown.join(" -> ")}.`,
    hint: "Put the shared part in one function and nest helpers inside it.",
  };
}

/** The entries of these names and the functions of the file that they reach. Throws `not_found` for a name that the file does not hold. */
export function chooseEntries(
  entries: readonly LibraryEntry[],
  names: readonly string[] | undefined,
): readonly LibraryEntry[] {
  if (names === undefined) return entries;
  const held = new Set(entries.map(({ name }) => name));
  const missing = names.filter((name) => !held.has(name));
  const [first] = missing;
  if (first !== undefined) {
    const near = nearNames(first, held);
    throw new AppError("not_found", `names: the file holds no ${missing.join(", ")}.`, {
      hint: didYouMean(near) ?? "Leave names out to take all of it.",
      details: { names: missing, near },
    });
  }
  const chosen = new Set(entries.filter(({ name }) => names.includes(name)));
  const functions = Map.groupBy(
    entries.filter(({ kind }) => kind === "function"),
    ({ name }) => name,
  );
  for (const entry of chosen)
    for (const name of calledBy(entry)) for (const callee of functions.get(name) ?? []) chosen.add(callee);
  return entries.filter((entry) => chosen.has(entry));
}

function calledBy({ kind, value }: LibraryEntry): string[] {
  if (!isRecord(value)) return [];
  if (kind === "function") return typeof value.definition === "string" ? calledByDefinition(value.definition) : [];
  if (typeof value.query !== "string") return [];
  const parameters = Array.isArray(value.parameters) ? value.parameters : [];
  return calledByTemplate(
    value.query,
    parameters.flatMap((one) => (isRecord(one) && typeof one.name === "string" ? [one.name] : [])),
  );
}

function calledByDefinition(definition: string): string[] {
  return unlessBroken(() => parseDefinition(definition).analysis);
}

function calledByTemplate(query: string, parameters: readonly string[]): string[] {
  return unlessBroken(() => analyse(parseTemplate(query, parameters), { variables: parameters }));
}

interface Calls {
  calls: readonly { name: string }[];
  calledBuiltins: readonly { name: string }[];
}

/** What does not parse calls nothing here: it is said again, with its place, when the entry is checked. */
function unlessBroken(read: () => Calls): string[] {
  try {
    const { calls, calledBuiltins } = read();
    return [...calls, ...calledBuiltins].map(({ name }) => name);
  } catch (error) {
    if (isAppError(error)) return [];
    throw error;
  }
}
