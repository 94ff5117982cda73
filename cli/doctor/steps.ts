// The steps of a check-up: one after the other, what depends on a failed one is skipped. Runs under Node.
import { CliError } from "../core/errors.ts";

export interface Finding {
  id: string;
  title: string;
  state: "ok" | "warn" | "fail" | "skip";
  message: string;
  /** What to do about it. */
  fix?: string;
}

export type Outcome = Pick<Finding, "message" | "fix"> & { state?: "ok" | "warn" | "fail" };

export interface Step {
  id: string;
  title: string;
  /** Steps without which it makes no sense. */
  needs: readonly string[];
  /** A thrown error is a failure in its own words. */
  run: () => Promise<Outcome>;
}

/** Runs all steps and tells of each as it is done. */
export async function runSteps(steps: readonly Step[], tell: (finding: Finding) => void): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { id, title, needs, run } of steps) {
    const missing = needs.find((one) =>
      findings.some((other) => other.id === one && (other.state === "fail" || other.state === "skip")),
    );
    const outcome =
      missing === undefined ? await outcomeOf(run) : { state: "skip" as const, message: `not without "${missing}"` };
    const finding: Finding = { id, title, ...outcome, state: outcome.state ?? "ok" };
    findings.push(finding);
    tell(finding);
  }
  return findings;
}

async function outcomeOf(run: Step["run"]): Promise<Outcome> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof CliError)
      return { state: "fail", message: error.message, ...(error.hint === undefined ? {} : { fix: error.hint }) };
    const message = error instanceof Error ? error.message : String(error);
    return { state: "fail", message, fix: "Run it again with SUPER_DATA_DEBUG=1, and report it if it stays so." };
  }
}
