// What the playground is asked: a query and how to show its result, as the address of the page says it. Pure.
import { type PlotKind, plotKinds } from "../../../engines/plot/types.ts";
import { type Aggregate, aggregates } from "../../../features/plots/schema.ts";
import { playgroundLimits } from "../../../workspace-limits.ts";

export const languages = ["jq", "sql"] as const;
export type Language = (typeof languages)[number];

/** How a jq program reads its data. auto: as a whole while that fits, else record by record. */
export const readings = ["auto", "whole", "records", "inputs"] as const;
export type Reading = (typeof readings)[number];

export const views = ["table", "json", "raw", "chart", "explain"] as const;
export type View = (typeof views)[number];

/** Rows of a page, to choose from. */
export const pageSizes = [25, 100, 500, 1000] as const;
const defaultRows = 100;

/** What of a chart a person chose; the rest is chosen from the data. */
export interface ChartWish {
  kind?: PlotKind;
  x?: string;
  y?: string;
  group?: string;
  agg?: Aggregate;
}

export interface PlaygroundState {
  lang: Language;
  /** Dataset, table or frame that a jq program reads; with SQL, the one whose fields are shown. */
  dataset: string;
  /** The program or statement. */
  q: string;
  /** Its parameters as JSON text, as they were typed. */
  params: string;
  read: Reading;
  view: View;
  rows: number;
  cursor: string;
  chart: ChartWish;
  /** False: the query is filled in, and not run. */
  run: boolean;
  /** The frame that a form of this page has just made. */
  kept: string;
}

/** Reads what is asked from a query string or a form; what makes no sense is as if it were not there. */
export function readState(form: URLSearchParams): PlaygroundState {
  const text = (name: string): string => form.get(name)?.trim() ?? "";
  const size = Number(form.get("rows"));
  return {
    lang: oneOf(languages, form.get("lang")) ?? "jq",
    dataset: text("dataset"),
    // A browser sends line ends as CR LF.
    q: (form.get("q") ?? "").replaceAll("\r\n", "\n").trimEnd(),
    params: text("params"),
    read: oneOf(readings, form.get("read")) ?? "auto",
    view: oneOf(views, form.get("view")) ?? "table",
    rows: pageSizes.find((known) => known === size) ?? defaultRows,
    cursor: text("cursor"),
    chart: readWish(form),
    run: form.get("run") !== "no",
    kept: text("kept"),
  };
}

function readWish(form: URLSearchParams): ChartWish {
  const kind = oneOf(plotKinds, form.get("kind"));
  const agg = oneOf(aggregates, form.get("agg"));
  // Names of columns are taken as they are: one may begin with a space.
  const column = (name: "x" | "y" | "group") => {
    const value = form.get(name) ?? "";
    return value === "" ? {} : { [name]: value };
  };
  return {
    ...(kind === undefined ? {} : { kind }),
    ...column("x"),
    ...column("y"),
    ...column("group"),
    ...(agg === undefined ? {} : { agg }),
  };
}

function oneOf<const T extends string>(known: readonly T[], value: string | null): T | undefined {
  return known.find((one) => one === value);
}

/** The state as fields of a form or of a query string: only what is not as it would be without. */
export function fieldsOf(state: PlaygroundState): [name: string, value: string][] {
  const { lang, dataset, q, params, read, view, rows, cursor, chart, run, kept } = state;
  const fields: [string, string][] = [
    ["lang", lang === "jq" ? "" : lang],
    ["dataset", dataset],
    ["q", q],
    ["params", params],
    ["read", lang === "jq" && read !== "auto" ? read : ""],
    ["view", view === "table" ? "" : view],
    ["rows", rows === defaultRows ? "" : String(rows)],
    ["cursor", cursor],
    ...Object.entries(view === "chart" ? chart : {}),
    ["run", run ? "" : "no"],
    ["kept", kept],
  ];
  return fields.filter(([, value]) => value !== "");
}

/** The address of this state; `path` is the page's own. */
export function addressOf(path: string, state: PlaygroundState): string {
  const query = new URLSearchParams(fieldsOf(state)).toString();
  return query === "" ? path : `${path}?${query}`;
}

/** True for an address that every browser, proxy and chat takes whole. */
export function fitsAddress(address: string): boolean {
  return address.length <= playgroundLimits.addressChars;
}

/** Nothing asked yet. */
export const blankState: PlaygroundState = readState(new URLSearchParams());

/** The same query shown otherwise, from its first page on. */
export function shownAs(state: PlaygroundState, view: View): PlaygroundState {
  return { ...state, view, cursor: "", kept: "", run: true };
}
