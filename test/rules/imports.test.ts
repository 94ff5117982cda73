// Imports point one way (docs/decisions and CONTRIBUTING say why): reads every import in src and fails on one that does not. Runs in Node.
import { describe, expect, it } from "vitest";
import { importsOf, productFiles } from "./sources.ts";

/** Features by tier: a feature may import an earlier tier's rules and schemas. */
const tiers: readonly (readonly string[])[] = [
  [
    "teams",
    "access",
    "audit",
    "metrics",
    "activity",
    "people",
    "rate-limits",
    "idempotency",
    "sign-in",
    "visibility",
    "live",
    "results",
    "workspace",
  ],
  ["schemas", "datasets", "tables", "frames", "postgres", "dbt", "sources", "jq-functions", "sql-templates"],
  ["query", "jq-tools", "metadata", "sql", "frame-files", "frame-operations", "plots"],
  ["approvals", "history", "learning", "notifications", "backups", "sharing", "assistant"],
];
/** Within a tier, an order where one stands on the other. */
const withinTier: readonly (readonly [from: string, to: string])[] = [
  ["teams", "access"],
  ["teams", "audit"],
  ["audit", "access"],
  ["people", "access"],
  ["people", "teams"],
  ["rate-limits", "access"],
  ["rate-limits", "teams"],
  ["idempotency", "access"],
  ["sign-in", "access"],
  ["metrics", "access"],
  ["activity", "access"],
  ["activity", "metrics"],
  ["visibility", "access"],
  ["live", "access"],
  ["workspace", "access"],
  ["workspace", "idempotency"],
  ["workspace", "teams"],
  ["workspace", "audit"],
  ["workspace", "visibility"],
  ["tables", "frames"],
  ["jq-tools", "query"],
  ["sql", "frame-files"],
  ["frame-operations", "frame-files"],
  ["query", "frame-files"],
  ["plots", "frame-files"],
  ["learning", "approvals"],
];

/** What a feature offers besides its rules and its schema, since all that make frames do it in one way. */
const furtherDoors: Readonly<Record<string, string>> = { frames: "answers|frame-writer" };

const limitFiles = ["limits.ts", "workflow-limits.ts", "workspace-limits.ts"];

/** What each layer may import at run time, besides itself. Files at the root of src are layers of their own. */
const allowed: Record<string, readonly string[]> = {
  core: [],
  "limits.ts": [],
  "workflow-limits.ts": [],
  "workspace-limits.ts": [],
  "context.ts": [],
  "tool.ts": ["core", ...limitFiles],
  "route.ts": ["core", ...limitFiles],
  engines: ["core", ...limitFiles],
  platform: ["core", ...limitFiles],
  features: ["core", ...limitFiles, "tool.ts", "route.ts", "engines", "platform"],
  durable: ["core", ...limitFiles, "engines", "features", "migrations"],
  surfaces: ["core", ...limitFiles, "tool.ts", "route.ts", "engines", "platform", "features"],
  browser: ["engines"],
  "worker.ts": ["surfaces", "durable"],
};

const objectHalf = /^src\/(durable\/.*|features\/[^/]+\/(store|table|rpc|[\w-]+-store)\.ts)$/;
const edgeHalf =
  /^src\/(surfaces\/(?!background\/messages\.ts).*|platform\/.*|features\/[^/]+\/(tools|routes|consumer|page)\.tsx?)$/;

const layerOf = (path: string): string =>
  path.startsWith("src/") ? (path.split("/")[1] ?? "") : (path.split("/")[0] ?? "");
const featureOf = (path: string): string | undefined => /^src\/features\/([^/]+)\//.exec(path)?.[1];
const isOurs = (target: string): boolean => target.startsWith("src/") || target.startsWith("migrations/");

/** Why this run-time import is wrong, or undefined. */
function fault(from: string, to: string): string | undefined {
  const [fromLayer, toLayer] = [layerOf(from), layerOf(to)];
  if (fromLayer !== toLayer) {
    const may = allowed[fromLayer];
    if (may === undefined) return `src/${fromLayer} is not a layer that CONTRIBUTING.md knows`;
    return may.includes(toLayer) ? undefined : `${fromLayer} may not import ${toLayer}`;
  }
  const [fromFeature, toFeature] = [featureOf(from), featureOf(to)];
  if (fromFeature === undefined || toFeature === undefined || fromFeature === toFeature) return undefined;
  return featureFault(fromFeature, toFeature, to);
}

/**
 * Features of an object share one database, so an earlier one's tables and SQL are a door, too. The edge never comes through it: whatever
 * imports SQL belongs to the object's half, and the halves are kept apart below.
 */
function featureFault(from: string, to: string, target: string): string | undefined {
  const [fromTier, toTier] = [from, to].map((name) => tiers.findIndex((tier) => tier.includes(name)));
  if (fromTier === undefined || toTier === undefined || fromTier < 0 || toTier < 0) return "a feature has no tier";
  const inOrder = toTier < fromTier || withinTier.some(([a, b]) => a === from && b === to);
  if (!inOrder) return `feature ${from} may not import feature ${to}: it is not of an earlier tier`;
  const names = [to, "schema", "table", "workspace-table", "store", "[\\w-]+-store", furtherDoors[to] ?? to].join("|");
  const door = new RegExp(`^src/features/${to}/(${names})\\.ts$`);
  return door.test(target) ? undefined : `feature ${from} may import ${to} only through ${to}.ts, schema.ts or its SQL`;
}

const files = productFiles();
const runTimeImports = new Map(
  files.map((path) => [
    path,
    importsOf(path)
      .filter((entry) => !entry.typeOnly && isOurs(entry.target))
      .map((entry) => entry.target),
  ]),
);

/** The first chain of run-time imports from `start` to a file that matches, or undefined. */
function chainTo(start: string, matches: RegExp): string[] | undefined {
  const seen = new Set([start]);
  const queue = [[start]];
  for (let chain = queue.shift(); chain !== undefined; chain = queue.shift()) {
    for (const next of runTimeImports.get(chain.at(-1) ?? "") ?? []) {
      if (matches.test(next)) return [...chain, next];
      if (!seen.has(next)) queue.push([...chain, next]);
      seen.add(next);
    }
  }
  return undefined;
}

describe("imports", () => {
  it("point down the layers, and between features only to an earlier tier's rules or schema", () => {
    const faults = files.flatMap((from) =>
      (runTimeImports.get(from) ?? []).flatMap((to) => {
        const why = fault(from, to);
        return why === undefined ? [] : [`${from} imports ${to}: ${why}`];
      }),
    );
    expect(faults).toEqual([]);
    expect(files.length).toBeGreaterThan(50);
  });

  it("keep the edge half and the object half apart, over any number of steps", () => {
    const roots = (half: RegExp) => files.filter((path) => half.test(path));
    const mixed = [
      ...roots(objectHalf).map((path) => chainTo(path, edgeHalf)),
      ...roots(edgeHalf).map((path) => chainTo(path, objectHalf)),
    ].flatMap((chain) => (chain === undefined ? [] : [chain.join(" → ")]));
    expect(mixed).toEqual([]);
  });

  it("are all read: the reader knows every form that the sources use", () => {
    const text = [
      'import "./a.ts";',
      'import type { B } from "./b.ts";',
      'import { type C } from "./c.ts";',
      'import d, { type D } from "./d.ts";',
      'import {\n  e,\n  type E,\n} from "../e.ts";',
      'export { F } from "./f.ts";',
      'export type { G } from "./g.ts";',
      'import * as h from "hono";',
      'const i = await import("./i.ts");',
    ].join("\n");
    expect(importsOf("src/core/x.ts", text)).toEqual([
      { target: "src/core/a.ts", typeOnly: false },
      { target: "src/core/b.ts", typeOnly: true },
      { target: "src/core/c.ts", typeOnly: true },
      { target: "src/core/d.ts", typeOnly: false },
      { target: "src/e.ts", typeOnly: false },
      { target: "src/core/f.ts", typeOnly: false },
      { target: "src/core/g.ts", typeOnly: true },
      { target: "hono", typeOnly: false },
      { target: "src/core/i.ts", typeOnly: false },
    ]);
  });

  it("are refused when wrong", () => {
    expect(fault("src/core/ids.ts", "src/limits.ts")).toBe("core may not import limits.ts");
    expect(fault("src/engines/jq/run.ts", "src/features/query/query.ts")).toBe("engines may not import features");
    expect(fault("src/features/datasets/datasets.ts", "src/features/query/query.ts")).toBe(
      "feature datasets may not import feature query: it is not of an earlier tier",
    );
    expect(fault("src/features/query/query.ts", "src/features/datasets/rpc.ts")).toBe(
      "feature query may import datasets only through datasets.ts, schema.ts or its SQL",
    );
    expect(fault("src/features/query/query.ts", "src/features/datasets/datasets.ts")).toBeUndefined();
  });
});
