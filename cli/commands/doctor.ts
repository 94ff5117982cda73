// `doctor`: goes the whole way from this machine to the team's tools and says at each step what is wrong and how to repair it. Runs under Node.
import type { Command, Context } from "../core/command.ts";
import { exitCodes } from "../core/errors.ts";
import { openSession, type Session } from "../core/session.ts";
import { localSteps, networkSteps, signInSteps } from "../doctor/checks.ts";
import { mcpSteps } from "../doctor/mcp-checks.ts";
import { type Finding, runSteps, type Step } from "../doctor/steps.ts";

const signs = { ok: ["ok", "green"], warn: ["warn", "yellow"], fail: ["FAIL", "red"], skip: ["skip", "dim"] } as const;

export const doctor: Command = {
  about: `Checks this machine, the way to the server, its health, the sign-in, and MCP with a stream that stays open. Exit code 0: nothing failed, 1: something
did. Warnings do not fail.`,
  examples: [
    "super-data doctor",
    "super-data doctor --url https://super-data.example.com/t/demo",
    "super-data doctor --json | jq '.findings[] | select(.state == \"fail\")'",
  ],
  run: async (context) => {
    const { output, env, asked } = context;
    const state: { session?: Session } = {};
    const open = async (): Promise<Session> => {
      state.session ??= await openSession(env, asked);
      return state.session;
    };
    const steps: Step[] = [...localSteps(env, open), ...networkSteps(open), ...signInSteps(open), ...mcpSteps(open)];
    const findings = await runSteps(steps, (finding) => {
      if (!output.json) output.say(lineOf(context, finding));
    });
    const failed = findings.filter(({ state: how }) => how === "fail").length;
    const warned = findings.filter(({ state: how }) => how === "warn").length;
    const summary =
      failed === 0 ? `Nothing is broken${warned === 0 ? "" : `; warnings: ${warned}`}.` : `${failed} failed.`;
    await output.result({ ok: failed === 0, url: state.session?.url ?? null, findings }, summary);
    return failed === 0 ? exitCodes.ok : exitCodes.failed;
  },
};

function lineOf({ output }: Context, { state, title, message, fix }: Finding): string {
  const [word, colour] = signs[state];
  const head = `${output.paint(colour, word.padEnd(4), "err")}  ${title}: ${message}`;
  return fix === undefined ? head : `${head}\n      Fix: ${fix}`;
}
