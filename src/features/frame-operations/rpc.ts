// The frame operations' door in the workspace. Runs in the workspace.
import { RpcTarget } from "cloudflare:workers";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import type { Column, Row } from "../../engines/frame/types.ts";
import type { Caller } from "../access/access.ts";
import { readSlice } from "../frames/frame-store.ts";
import { writeFrame } from "../frames/frame-writer.ts";
import type { Frame, Lineage } from "../frames/schema.ts";
import type { Reader } from "../workspace/schema.ts";
import { unionOfSources } from "../workspace/workspace.ts";
import { describeColumns } from "./describing.ts";
import { inputsOf, makeOf } from "./frame-operations.ts";
import { type Input, openInput } from "./inputs.ts";
import type { Made } from "./reading.ts";
import { withWideColumns } from "./row-operations.ts";
import type { Operation } from "./schema.ts";

/** How what is made is called, how large it may be, and how much of it is shown at once. */
export interface Wish {
  name: string | undefined;
  maxRows: number;
  preview: number;
}

/** Rows of a frame or table, as they stand in it. */
export interface Peeked {
  ref: string;
  frame: Frame | undefined;
  columns: readonly Column[];
  total: number;
  offset: number;
  rows: Row[];
}

export class OperationsRpc extends RpcTarget {
  readonly #deps: WorkspaceDeps;

  constructor(deps: WorkspaceDeps) {
    super();
    this.#deps = deps;
  }

  /** Makes a frame, in one transaction, and shows its first rows. */
  make(operation: Operation, reader: Reader, by: Caller, wish: Wish): { frame: Frame; rows: Row[] } {
    const inputs = inputsOf(operation).map((ref) => openInput(this.#deps, ref, reader));
    const {
      data_ref: _ref,
      left: _left,
      right: _right,
      data_refs: _refs,
      ...params
    } = operation.args as Record<string, unknown>;
    const lineage = { operation: operation.operation, inputs: inputs.map((input) => input.lineage), params };
    return withWideColumns((wide) => {
      const made = makeOf(operation, inputs, wish.maxRows, wide);
      return this.#write(made, inputs, lineage, by, wish);
    });
  }

  /** The first or last rows. With a name they become a frame, too. */
  peek(
    end: "head" | "tail",
    { data_ref, n }: { data_ref: string; n: number },
    reader: Reader,
    by: Caller,
    wish: Wish,
  ): Peeked {
    const input = openInput(this.#deps, data_ref, reader);
    const offset = end === "head" ? 0 : Math.max(0, input.count - n);
    const rows = input.slice(offset, n);
    const { ref, frame, columns, count } = input;
    if (wish.name === undefined) return { ref, frame, columns, total: count, offset, rows };
    const made: Made = { columns: [...columns], rows: () => rows.values() as Generator<Row> };
    const lineage = { operation: end, inputs: [input.lineage], params: { n } };
    const kept = this.#write(made, [input], lineage, by, wish);
    return { ref: kept.frame.id, frame: kept.frame, columns, total: rows.length, offset: 0, rows };
  }

  /** One line of JSON for each column. */
  describe(dataRef: string, columns: string[] | undefined, reader: Reader): { rows: number; lines: string[] } {
    const input = openInput(this.#deps, dataRef, reader);
    return { rows: input.count, lines: describeColumns(input, { columns }) };
  }

  #write(made: Made, inputs: readonly Input[], lineage: Lineage, by: Caller, { name, maxRows, preview }: Wish) {
    const sources = unionOfSources(...inputs.map((input) => input.sources));
    const frame = writeFrame(this.#deps, by, { name, columns: made.columns, lineage, sources }, made.rows, maxRows);
    return { frame, rows: readSlice(this.#deps, frame, 0, preview) };
  }
}
