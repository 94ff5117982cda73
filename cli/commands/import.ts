// `import`: a library file of this or another team, after a plan. Runs under Node.
import { basename } from "node:path";
import type { Command, Input } from "../core/command.ts";
import { CliError, exitCodes, usageError } from "../core/errors.ts";
import { readText } from "../core/files.ts";
import { confirm, readAll } from "../core/prompt.ts";
import { countText, originText, planLines, reportText } from "../library/plan-text.ts";
import { applyImport, type ImportRequest, planImport } from "../library/remote.ts";

const strategies = ["skip", "overwrite", "rename", "newest"] as const;
/** Actions of a plan that an import does something for. */
const doing = ["create", "update", "rename"] as const;

export const importLibrary: Command = {
  usage: "FILE|-",
  words: [1, 1],
  about: `Says who made the file, as far as its signature proves it, and what each entry would do. Conflicts are left alone unless --strategy says
otherwise. What is imported is exactly what was planned.`,
  options: {
    strategy: { type: "text", value: "STRATEGY", help: "For conflicts: skip (default), overwrite, rename or newest." },
    names: { type: "text", value: "NAMES", help: "Only these, comma separated, and what they call." },
    plan: { type: "flag", help: "Only show the plan." },
    yes: { type: "flag", short: "y", help: "Import without asking." },
  },
  examples: [
    "super-data import revenue.json",
    "super-data import revenue.json --plan",
    "super-data import library.yaml --strategy newest --yes",
  ],
  run: async ({ output, session }, input) => {
    const [path = ""] = input.words;
    const request = await requestOf(path, input);
    const { api, team } = await session();
    const plan = await planImport(api, request);
    const isPlanOnly = input.flag("plan");
    const bad = plan.entries.filter(({ error, action }) => error !== undefined || action === "missing_dependency");
    const lines = () => [
      originText(plan.origin),
      ...planLines(output, plan.entries, ({ line }) => `${path}:${line}`),
      `Plan: ${countText(plan.counts)}.`,
      ...plan.warnings.map(({ kind, name, message }) => `Note: ${kind} ${name}: ${message}`),
    ];
    if (isPlanOnly) {
      await output.result(plan, () => lines().join("\n"));
      return bad.length > 0 ? exitCodes.failed : exitCodes.ok;
    }
    if (!output.json) output.say(lines().join("\n"));
    if (!plan.may_import) {
      throw new CliError("forbidden", plan.refusal?.message ?? "You may not import here.", {
        hint: plan.refusal?.hint,
      });
    }
    const isNothing = doing.every((action) => (plan.counts[action] ?? 0) === 0);
    if (!isNothing && !input.flag("yes") && !(await confirm(output, `Import this into team ${team}?`, "--yes"))) {
      throw new CliError("declined", "Nothing was imported.");
    }
    const done = await applyImport(api, request, plan.plan);
    await output.result(done, `Imported: ${reportText(done)}.`);
    return done.failed.length > 0 ? exitCodes.failed : exitCodes.ok;
  },
};

async function requestOf(path: string, input: Input): Promise<ImportRequest> {
  const strategy = input.text("strategy") ?? "skip";
  if (!(strategies as readonly string[]).includes(strategy)) {
    throw usageError(`--strategy takes ${strategies.join(", ")}, not "${strategy}".`);
  }
  const content = path === "-" ? (await readAll(process.stdin)).toString("utf8") : await readText(path);
  if (content === undefined) throw new CliError("not_found", `There is no file ${path}.`);
  return { content, strategy, names: input.text("names"), path: path === "-" ? "standard input" : basename(path) };
}
