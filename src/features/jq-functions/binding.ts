// Values bound to a program's variables as JSON text; never spliced into it. Runs at the edge.
import { AppError } from "../../core/errors.ts";
import { arrayLevels, objectLevels } from "../../engines/jq/types.ts";
import { jqLimits } from "../../limits.ts";

/** A variable of a compiled program and the parameter whose value it carries. */
export interface Binding {
  parameter: string;
  variable: string;
}

/**
 * Each variable's value as JSON text. A value that is not given is null; half a surrogate pair, which is no text, becomes U+FFFD.
 * Throws `jq_nesting` for values nested over the limit.
 */
export function bindValues(
  bindings: readonly Binding[],
  values: Readonly<Record<string, unknown>>,
): Record<string, string> {
  return Object.fromEntries(
    bindings.map(({ parameter, variable }) => [
      variable,
      Object.hasOwn(values, parameter) ? jsonText(parameter, values[parameter]) : "null",
    ]),
  );
}

function jsonText(parameter: string, value: unknown): string {
  requireDepth(parameter, value);
  const text = JSON.stringify(value ?? null);
  // JSON writes half a pair as an escape, which the engine refuses.
  return text.replace(/\\(?:(ud[89a-f][0-9a-f]{2})|[\s\S])/g, (sequence, half) =>
    half === undefined ? sequence : "\ufffd",
  );
}

function requireDepth(parameter: string, value: unknown): void {
  const open = [{ value, levels: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next.value !== "object" || next.value === null) continue;
    const levels = next.levels + (Array.isArray(next.value) ? arrayLevels : objectLevels);
    if (levels > jqLimits.valueDepth) {
      throw new AppError(
        "jq_nesting",
        `${parameter}: the value is nested deeper than ${jqLimits.valueDepth} levels, of which an object takes ${objectLevels} (limit valueDepth).`,
        {
          hint: "Send flatter data.",
          details: { limit: "valueDepth", value: jqLimits.valueDepth, parameter },
        },
      );
    }
    for (const item of Object.values(next.value)) open.push({ value: item, levels });
  }
}
