// `query`: jq over a dataset, table or frame, or SQL over the team's tables. Runs under Node.
import { readArguments } from "../core/arguments.ts";
import type { Command, Input } from "../core/command.ts";
import { CliError, exitCodes, usageError } from "../core/errors.ts";
import { readText } from "../core/files.ts";
import { parseJson } from "../core/json.ts";
import { type Tools, withTools } from "../core/mcp.ts";
import { printRows, rowOptions } from "../core/rows.ts";
import type { Rows } from "../core/wire.ts";

const sqlTool = "execute_raw_query";

export const query: Command = {
  usage: "DATASET JQ | --sql SQL",
  words: [0, 2],
  about: `With jq, . is the whole dataset; --records runs the program once per record, at any size, and --null-input once, with \`inputs\` for the records.
The team's jq functions may be called. SQL only reads.`,
  options: {
    file: { type: "text", short: "f", value: "FILE", help: "Read the jq program, or with --sql the SQL, from a file." },
    sql: { type: "flag", help: "The words are SQL." },
    records: { type: "flag", help: "Once per record." },
    "null-input": { type: "flag", help: "Once, without input; `inputs` reads the records." },
    arg: { type: "text", multiple: true, value: "NAME=VALUE", help: "Bound as $NAME, as text." },
    argjson: { type: "text", multiple: true, value: "NAME=JSON", help: "Bound as $NAME, as JSON." },
    param: { type: "text", multiple: true, value: "JSON", help: "With --sql: the value of the next ?." },
    ...rowOptions,
  },
  examples: [
    "super-data query sales '.by_region[] | {region, revenue}'",
    "super-data query orders --null-input 'reduce inputs as $o ({}; .[$o.region] += $o.amount)'",
    "super-data query orders --records 'select(.amount > $least)' --argjson least=100 --format csv > large.csv",
    "super-data query --sql 'SELECT region, sum(amount) FROM orders GROUP BY region'",
  ],
  run: async ({ output, session }, input) => {
    const isSql = input.flag("sql");
    const words = await programOf(input, isSql ? 0 : 1);
    const team = await session();
    await withTools(team, async (tools) => {
      const ask = isSql ? await sqlQuestion(tools, input, words) : jqQuestion(tools, input, words);
      await printRows(output, input, ask);
    });
    return exitCodes.ok;
  },
};

/** The words, the program last: from --file where it is given. */
async function programOf(input: Input, before: number): Promise<string[]> {
  const path = input.text("file");
  const wanted = before + (path === undefined ? 1 : 0);
  if (input.words.length !== wanted) {
    throw usageError(
      before === 0 ? "--sql takes one word: the SQL." : "A query takes the dataset and a jq program.",
      "See `super-data query --help`; put the program in quotes.",
    );
  }
  if (path === undefined) return input.words;
  const text = await readText(path);
  if (text === undefined) throw usageError(`There is no file ${path}.`);
  return [...input.words, text];
}

type Question = Parameters<typeof printRows>[2];

function jqQuestion(tools: Tools, input: Input, [dataset = "", program = ""]: readonly string[]): Question {
  const params = readArguments(input);
  const args = {
    dataset,
    query: program,
    ...(input.flag("records") ? { input: "records" } : {}),
    ...(input.flag("null-input") ? { null_input: true } : {}),
    ...(Object.keys(params).length === 0 ? {} : { params }),
  };
  return async ({ limit, cursor }) =>
    (await tools.call<Rows>("query_dataset", { ...args, limit, ...(cursor === undefined ? {} : { cursor }) })).data;
}

async function sqlQuestion(tools: Tools, input: Input, [sql = ""]: readonly string[]): Promise<Question> {
  if (!(await tools.names()).includes(sqlTool)) {
    throw new CliError("unsupported", "This server has no SQL.", { hint: "Ask in jq: super-data query DATASET JQ." });
  }
  const params = input.list("param").map((text) => parseJson(text) ?? text);
  const args = { query: sql, read_only: true, ...(params.length === 0 ? {} : { params }) };
  let frame: string | undefined;
  return async (page) => {
    const { limit, cursor } = page;
    const rest = async (data_ref: string) =>
      (await tools.call<Rows>("read_frame", { data_ref, limit, ...(cursor === undefined ? {} : { cursor }) })).data;
    if (frame !== undefined) return rest(frame);
    // Beyond one page the rows are kept as a frame: the statement runs once, however many pages there are.
    const { data } = await tools.call<Rows>(sqlTool, {
      ...args,
      limit: page.limit,
      ...(page.isMore ? { to_frame: true } : {}),
    });
    frame = data.data_ref;
    return data.truncated && frame !== undefined ? rest(frame) : data;
  };
}
