// explain_query: what becomes of a query or a tool's call, what it would cost, and what it did cost. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { formOfQuery } from "../../engines/jq/syntax/query-form.ts";
import { cacheLimits, jqLimits } from "../../limits.ts";
import { fitsWhole } from "../datasets/datasets.ts";
import { bindValues, type CompiledProgram, compileProgram } from "../jq-functions/jq-functions.ts";
import { compileTool, toolQuery } from "../jq-tools/jq-tools.ts";
import { findSource, noteSources, sourcesOf } from "../query/query.ts";
import { estimateSteps } from "./estimate.ts";
import { findTeamTool } from "./learning.ts";
import { attempt, type WholeQuery } from "./measure.ts";
import type { ExplainInput, Explanation } from "./schema.ts";

/** A query in all its parts. */
interface Subject {
  template: string;
  parameters: string[];
  compiled: CompiledProgram;
  query: WholeQuery;
}

/** Throws `invalid_argument`, `not_found`, and what compiling throws; what running it runs into is part of the answer. */
export async function explainQuery(context: CallContext, input: ExplainInput): Promise<Explanation> {
  const { template, parameters, compiled, query } =
    input.tool === undefined ? await ofQuery(context, input) : ofTool(context, input.tool, input);
  const { source } = query;
  noteSources(context, sourcesOf(source));
  const data = source.kind === "one" ? source.data : undefined;
  const form = formOfQuery(template, parameters, query.args);
  const history =
    data?.input.kind !== "dataset"
      ? undefined
      : await context.stub
          .learning()
          .history(
            { dataset: data.name, input: query.input, nullInput: query.nullInput, normalised: form.text },
            context.actor,
          );
  const outcome = input.run === false ? undefined : await attempt(context, query);
  const ran = outcome !== undefined && "ran" in outcome ? outcome.ran : undefined;
  return {
    program: compiled.program,
    functions: [...compiled.functions],
    required_functions: [...compiled.required],
    variables: compiled.bindings.map(({ variable }) => `$${variable}`),
    pattern: form.text,
    pure: compiled.pure,
    cacheable: compiled.pure,
    mode: modeOf(query, input),
    dataset:
      data === undefined
        ? null
        : {
            name: data.name,
            ...(data.version === undefined ? {} : { version: data.version }),
            bytes: data.bytes,
            records: data.records,
          },
    estimated: estimateSteps(compiled.program, query, history),
    measured:
      ran === undefined
        ? null
        : {
            steps: ran.steps,
            ms: ran.ms,
            bytes_read: ran.bytesRead,
            outputs: ran.total,
            output_bytes: ran.outputBytes,
            memory_bytes: ran.memoryBytes,
          },
    failure: outcome !== undefined && "failure" in outcome ? shortFailure(outcome.failure) : null,
    warnings: [...compiled.warnings, ...warningsOf(query, ran?.steps)],
  };
}

function ofTool(context: CallContext, name: string, input: ExplainInput): Subject {
  const beside = (["query", "dataset", "params", "input", "null_input"] as const).filter(
    (key) => input[key] !== undefined,
  );
  if (beside.length > 0) {
    throw new AppError("invalid_argument", `explain_query: with tool, ${beside.join(" and ")} cannot be given.`, {
      hint: "Pass the tool's own arguments as arguments.",
      details: { given: beside },
    });
  }
  const tool = findTeamTool(context, name);
  context.execution.toolVersion = tool.version;
  const { page: _page, ...query } = toolQuery(context.catalogue, tool, input.arguments);
  const parameters = tool.parameters.map((parameter) => parameter.name);
  return { template: tool.query, parameters, compiled: compileTool(context.catalogue, tool), query };
}

async function ofQuery(context: CallContext, input: ExplainInput): Promise<Subject> {
  const { query: template, params = {} } = input;
  if (template === undefined || input.arguments !== undefined) {
    throw new AppError("invalid_argument", "explain_query: give query, or tool with its arguments.", {
      hint: 'E.g. {"dataset": "orders", "query": "map(.amount) | add"} or {"tool": "revenue_by", "arguments": {"group_by": "region"}}.',
    });
  }
  const parameters = Object.keys(params);
  const compiled = compileProgram(context.catalogue.functions, template, parameters);
  const data = input.dataset === undefined ? undefined : await findSource(context, input.dataset);
  return {
    template,
    parameters,
    compiled,
    query: {
      program: compiled.program,
      args: bindValues(compiled.bindings, params),
      pure: compiled.pure,
      source: data === undefined ? { kind: "none" } : { kind: "one", data },
      input: input.input ?? (input.null_input === true ? "records" : "whole"),
      nullInput: input.null_input ?? false,
    },
  };
}

function modeOf({ source, input, nullInput }: WholeQuery, asked: ExplainInput): Explanation["mode"] {
  if (source.kind === "none")
    return { input: "none", null_input: true, reads: "nothing: `.` is null", why: "No dataset was given." };
  if (source.kind === "all")
    return {
      input: "whole",
      null_input: nullInput,
      reads: "`.` is an object of all the tool's datasets by name",
      why: "The tool says so.",
    };
  const { data } = source;
  const size = `${data.name} is ${data.bytes} bytes; as a whole a program may read ${jqLimits.wholeInputBytes} (limit wholeInputBytes)`;
  const said =
    asked.tool !== undefined
      ? "The tool says so."
      : asked.input !== undefined
        ? "As asked."
        : nullInput
          ? "records is the default with null_input."
          : "whole is the default.";
  return { input, null_input: nullInput, reads: readsOf(data.kind, input, nullInput), why: `${said} ${size}.` };
}

function readsOf(kind: "records" | "whole", input: "whole" | "records", nullInput: boolean): string {
  const what = kind === "whole" ? "the document" : input === "whole" ? "all records as one array" : "one record";
  if (nullInput)
    return `once, with \`.\` null; \`input\` and \`inputs\` give ${input === "records" && kind === "records" ? "the records one by one" : what}`;
  return input === "records" && kind === "records"
    ? "once for each record: `.` is one record"
    : `once: \`.\` is ${what}`;
}

function shortFailure({ code, message, hint }: { code: string; message: string; hint?: string }) {
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}

/** Half of what a run may use, from which on it is said. */
const stepsToMention = jqLimits.steps / 2;

function warningsOf({ source, input, pure }: WholeQuery, steps: number | undefined): string[] {
  const warnings: string[] = [];
  if (source.kind === "one" && input === "whole" && !fitsWhole(source.data))
    warnings.push(`${source.data.name} is too large to be read as a whole; read it with input "records".`);
  if (source.kind === "one" && source.data.bytes > cacheLimits.datasetEntryBytes && pure)
    warnings.push(
      "The data is read from storage on every run that the cache does not answer: it is too large to be kept.",
    );
  if (!pure) warnings.push("It is run each time: what it gives depends on the clock, or it writes messages or halts.");
  if (steps !== undefined && steps > stepsToMention)
    warnings.push(
      `${steps} steps are more than half of the ${jqLimits.steps} that a run may use before any input is read (limit steps).`,
    );
  return warnings;
}
