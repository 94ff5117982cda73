// A query as the arguments of the tool that runs it. Pure.
import type { CallContext } from "../../../context.ts";
import { AppError } from "../../../core/errors.ts";
import { isRecord } from "../../../core/exact-json.ts";
import { parseStatement } from "../../../engines/sql/statement.ts";
import { isWriting } from "../../../features/sql/forms.ts";
import { given } from "../actions.ts";
import type { PlaygroundState } from "./state.ts";
import { type Settled, type Subject, settleReading } from "./subject.ts";

/** What a query is run with besides the page's state. */
export interface Running {
  call: CallContext;
  state: PlaygroundState;
  subject: Subject | undefined;
}

/** True for a statement that changes rows; false for what cannot be read, which running it then explains. */
export function isWrite({ lang, q }: Pick<PlaygroundState, "lang" | "q">): boolean {
  if (lang !== "sql") return false;
  try {
    return isWriting(parseStatement(q));
  } catch {
    return false;
  }
}

/** The tool that the query is run by. */
export function toolOf({ lang }: Pick<PlaygroundState, "lang">): "query_dataset" | "execute_raw_query" {
  return lang === "jq" ? "query_dataset" : "execute_raw_query";
}

/** That tool's arguments, those of its page apart. Throws `invalid_argument` for parameters that are no JSON, and where no data was chosen. */
export function argumentsOf({ state, subject }: Pick<Running, "state" | "subject">): Record<string, unknown> {
  const params = readParams(state);
  if (state.lang === "sql") return given({ query: state.q, params });
  if (state.dataset === "") {
    throw new AppError("invalid_argument", "Nothing was chosen for the program to read.", {
      hint: "Choose a dataset, table or frame above the program.",
    });
  }
  const { input, nullInput } = settled(state, subject);
  return given({
    ...{ dataset: state.dataset, query: state.q, input, params },
    null_input: nullInput ? true : undefined,
  });
}

export function settled({ read, q }: PlaygroundState, subject: Subject | undefined): Settled {
  return settleReading(read, q, subject);
}

function readParams({ lang, params }: PlaygroundState): unknown {
  if (params === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(params);
  } catch {
    throw wrongParams(lang);
  }
  if (isRecord(value) || (lang === "sql" && Array.isArray(value))) return value;
  throw wrongParams(lang);
}

function wrongParams(lang: PlaygroundState["lang"]): AppError {
  const example = lang === "jq" ? '{"region": "Europe"}' : '["Europe"] for ?, or {"region": "Europe"} for :region';
  return new AppError("invalid_argument", "The parameters are not JSON of the form they need.", {
    hint: `Write ${example}; texts in double quotes.`,
  });
}
