// Which operation does what: names of operations to the rules that compute them. Pure.

import { fillNull } from "./filling.ts";
import { groupby, valueCounts } from "./grouping.ts";
import { join } from "./joining.ts";
import { pivot } from "./pivoting.ts";
import type { Made, Rows } from "./reading.ts";
import { concat, derive, distinct, filter, rename, sample, select } from "./row-operations.ts";
import type { Operation } from "./schema.ts";
import { sort } from "./sorting.ts";

/** What an operation reads, in the order in which its result is put together. */
export function inputsOf(operation: Operation): string[] {
  if (operation.operation === "join") return [operation.args.left, operation.args.right];
  if (operation.operation === "concat") return operation.args.data_refs;
  return [operation.args.data_ref];
}

/** The operation with other names for what it reads. */
export function withInputs(operation: Operation, refs: readonly string[]): Operation {
  const [first = "", second = ""] = refs;
  if (operation.operation === "join") return { ...operation, args: { ...operation.args, left: first, right: second } };
  if (operation.operation === "concat") return { ...operation, args: { ...operation.args, data_refs: [...refs] } };
  return { ...operation, args: { ...operation.args, data_ref: first } } as Operation;
}

/** What the operation gives of these inputs. Throws what is wrong with its arguments, and `too_large` where the result is known to be. */
export function makeOf(
  operation: Operation,
  inputs: readonly Rows[],
  maxRows: number,
  wide: ReadonlySet<string>,
): Made {
  const [input, other] = inputs;
  if (input === undefined) throw new Error("an operation has an input");
  switch (operation.operation) {
    case "filter":
      return filter(input, operation.args);
    case "select":
      return select(input, operation.args);
    case "rename":
      return rename(input, operation.args);
    case "derive":
      return derive(input, operation.args, wide);
    case "distinct":
      return distinct(input, operation.args);
    case "sample":
      return sample(input, operation.args);
    case "sort":
      return sort(input, operation.args);
    case "groupby":
      return groupby(input, operation.args, maxRows);
    case "value_counts":
      return valueCounts(input, operation.args, maxRows);
    case "pivot":
      return pivot(input, operation.args, maxRows);
    case "fill_null":
      return fillNull(input, operation.args);
    case "concat":
      return concat(inputs, operation.args, maxRows);
    case "join":
      if (other === undefined) throw new Error("a join has two inputs");
      return join(input, other, operation.args, maxRows);
  }
}
