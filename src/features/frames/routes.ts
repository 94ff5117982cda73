// Reading and keeping frames over REST; what makes frames out of others is an operation. Runs at the edge.
import { section, toolRoutes } from "../../route.ts";
import type { BuiltInTool } from "../../tool.ts";

const operation = (name: string) =>
  ({ method: "POST", path: `/frames/operations/${name}`, without: ["format"] }) as const;

/** Tools that read a frame, table or dataset and answer with rows, most of them of a new frame. */
const operations = [
  "describe",
  "head",
  "tail",
  "filter",
  "select",
  "rename",
  "derive",
  "distinct",
  "sample",
  "sort",
  "groupby",
  "value_counts",
  "pivot",
  "fill_null",
  "join",
  "concat",
];

/** Tools that read a file's text into a frame, or write one as text. */
const conversions = ["read_csv", "read_json", "read_parquet", "to_csv", "to_json", "to_parquet", "to_arrow"];

const examples: Readonly<Record<string, unknown>> = {
  groupby: { data_ref: "orders", by: "region", aggregations: { total: "sum" } },
  filter: { data_ref: "orders", condition: "total > 100" },
  join: { left: "orders", right: "customers", on: "customer_id" },
};

/** `tools` holds this feature's and those of frame-operations and frame-files. */
export const frameOperationRoutes = (tools: readonly BuiltInTool[]) =>
  section("Frames", [
    ...toolRoutes(tools, {
      read_frame: { method: "GET", path: "/frames/:data_ref/rows", without: ["format"] },
      pin_data: { method: "PUT", path: "/frames/:data_ref/pin" },
      ...Object.fromEntries(
        operations.map((name) => [
          name,
          { ...operation(name), ...(examples[name] === undefined ? {} : { example: { request: examples[name] } }) },
        ]),
      ),
      ...Object.fromEntries(conversions.map((name) => [name, { ...operation(name), without: [] }])),
    }),
  ]);
