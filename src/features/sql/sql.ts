// SQL as a call asks for it: datasets that it names are loaded, then the workspace runs it. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import type { SqlParams } from "../../engines/sql/params.ts";
import { namesOf, parseStatement } from "../../engines/sql/statement.ts";
import { callerOf } from "../access/access.ts";
import { loadDataset } from "../frame-files/frame-files.ts";
import { offeringNear, readerOf } from "../workspace/workspace.ts";
import type { Copy, Missing, ReadFrame, ReadOptions, ReadRows, SqlRequest, WriteOptions, Written } from "./schema.ts";

/** Datasets that one statement may read: each is loaded as it is found missing. */
const mostDatasets = 10;

/** Reads. Throws as the workspace's `readSql` does, and as `loadDataset`. */
export async function runRead(
  context: CallContext,
  query: string,
  params: SqlParams,
  options: ReadOptions,
): Promise<ReadRows | ReadFrame> {
  const [reader, by] = [readerOf(context), callerOf(context)];
  return withDatasets(context, query, params, (request) => context.workspace.sql().read(request, options, reader, by));
}

/** Writes. Throws as the workspace's `writeSql` does, and as `loadDataset`. */
export async function runWrite(
  context: CallContext,
  query: string,
  params: SqlParams,
  options: WriteOptions,
): Promise<Written> {
  const [reader, by] = [readerOf(context), callerOf(context)];
  return withDatasets(context, query, params, (request) => context.workspace.sql().write(request, options, reader, by));
}

async function withDatasets<T extends { outcome: string }>(
  context: CallContext,
  query: string,
  params: SqlParams,
  call: (request: SqlRequest) => Promise<T | Missing>,
): Promise<T> {
  const { datasets } = context.catalogue;
  const names = namesOf(parseStatement(query));
  const candidates = [...datasets.values()].filter(({ name }) => names.has(name.toLowerCase()));
  const copies: Copy[] = [];
  for (;;) {
    const left = candidates.filter(({ name }) => copies.every((copy) => copy.name !== name));
    const request = { query, params, copies, datasets: left.map(({ name }) => name) };
    const answer = await offeringNear(context, call(request));
    if (!isMissing(answer)) return answer;
    const dataset = datasets.get(answer.dataset);
    if (dataset === undefined)
      throw new Error(`the workspace asks for a dataset that was not offered: ${answer.dataset}`);
    if (copies.length === mostDatasets) {
      throw new AppError("too_large", `The statement reads more than ${mostDatasets} datasets.`, {
        hint: "Make frames of parts with sql_frame first.",
      });
    }
    copies.push({ name: dataset.name, ref: (await loadDataset(context, dataset)).id });
  }
}

function isMissing(answer: { outcome: string }): answer is Missing {
  return answer.outcome === "missing";
}
