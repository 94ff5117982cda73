// Writes docs/limits.md from the names, values and comments in src/limits.ts, src/workflow-limits.ts and src/workspace-limits.ts; `--check` only compares (exit 1 on drift). Runs under Node.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import * as limits from "../src/limits.ts";
import * as workflowLimits from "../src/workflow-limits.ts";
import * as workspaceLimits from "../src/workspace-limits.ts";

const sources = [
  { path: new URL("../src/limits.ts", import.meta.url), groups: limits },
  { path: new URL("../src/workflow-limits.ts", import.meta.url), groups: workflowLimits },
  { path: new URL("../src/workspace-limits.ts", import.meta.url), groups: workspaceLimits },
];
const docPath = new URL("../docs/limits.md", import.meta.url);

/** The unit that a limit's name ends in; a name without one counts things. */
export function unitOf(name) {
  const units = [
    [/bytes$/i, "bytes"],
    [/chars$/i, "characters"],
    [/Ms$/, "milliseconds"],
    [/days$/i, "days"],
    [/tokens$/i, "tokens"],
    [/stepsPerInputByte$/, "steps per byte"],
    [/steps$/i, "steps"],
    [/depth$/i, "levels"],
  ];
  return units.find(([ending]) => ending.test(name))?.[1] ?? "count";
}

/** The comment before `text`'s declaration of `name`, as one line. */
function commentOf(text, declaration) {
  const at = text.search(declaration);
  const comment = /\/\*\*\s*((?:(?!\*\/)[\s\S])*?)\s*\*\/\s*$/.exec(text.slice(0, at))?.[1];
  if (at < 0 || comment === undefined) throw new Error(`write-limits: ${declaration} has no comment`);
  return comment.replace(/\s*\n\s*\*\s*/g, " ");
}

function section(source, group, members) {
  const from = source.indexOf(`export const ${group} =`);
  const body = source.slice(from, source.indexOf("} as const;", from));
  const rows = Object.entries(members).map(([name, value]) => [
    `\`${group}.${name}\``,
    value.toLocaleString("en-US"),
    unitOf(name),
    commentOf(body, new RegExp(`\\b${name}:`)),
  ]);
  const intro = commentOf(source, new RegExp(`export const ${group} =`));
  return [`## ${group}`, "", intro, "", ...table([["limit", "value", "unit", "what and why"], ...rows])].join("\n");
}

/** Markdown lines of a table, its columns padded the way the formatter wants them. */
function table([head, ...rows]) {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}

const text = [
  "# Limits",
  "",
  "Every limit of the product. A breach is an error that names the limit, its value and the remedy.",
  "Written by `node scripts/write-limits.mjs` from `src/limits.ts`, `src/workflow-limits.ts` and `src/workspace-limits.ts`; change it there.",
  "",
  sources
    .flatMap(({ path, groups }) => {
      const source = readFileSync(path, "utf8");
      return Object.entries(groups).map(([group, members]) => section(source, group, members));
    })
    .join("\n\n"),
  "",
].join("\n");

if (existsSync(docPath) && readFileSync(docPath, "utf8") === text)
  console.log("write-limits: docs/limits.md is current");
else if (process.argv.includes("--check")) {
  console.error("docs/limits.md is not what the files of limits say; run `node scripts/write-limits.mjs` and commit");
  process.exitCode = 1;
} else {
  writeFileSync(docPath, text);
  console.log("write-limits: wrote docs/limits.md");
}
