// Values as people write them in a field, and back: text as it is, anything else as JSON. Pure.
import { AppError } from "../../../core/errors.ts";

/** Collects what is wrong with a form's fields, so that all of it is said at once. */
export class FormProblems {
  readonly #problems: string[] = [];

  add(problem: string): void {
    this.#problems.push(problem);
  }

  /** The value of a field that holds JSON; undefined when it is empty or no JSON, which is noted. */
  json(text: string, what: string): unknown {
    if (text.trim() === "") return undefined;
    try {
      return JSON.parse(text);
    } catch {
      this.add(`${what}: this is no JSON`);
      return undefined;
    }
  }

  /** The number in a field; undefined when it is empty or none, which is noted. */
  number(text: string, what: string): number | undefined {
    if (text.trim() === "") return undefined;
    const value = Number(text);
    if (Number.isFinite(value)) return value;
    this.add(`${what}: this is no number`);
    return undefined;
  }

  /** A value of a parameter: of a text what is written, unless that is in double quotes; of anything else JSON. */
  value(type: string, text: string, what: string): unknown {
    if (type === "string" && !isQuoted(text)) return text.trim() === "" ? undefined : text;
    return this.json(text, what);
  }

  /** Throws `invalid_argument` that lists what was noted. */
  requireNone(): void {
    if (this.#problems.length === 0) return;
    throw new AppError("invalid_argument", `${this.#problems.join("; ")}.`, {
      hint: 'JSON is e.g. 3, true, "text", [1, 2] or {"a": 1}.',
      details: { problems: this.#problems },
    });
  }
}

/** The text that `FormProblems.value` reads as this value; nothing for undefined. */
export function valueText(type: string, value: unknown): string {
  if (value === undefined) return "";
  const isPlain = type === "string" && typeof value === "string" && value.trim() !== "" && !/["\n]/.test(value);
  return isPlain ? value : JSON.stringify(value);
}

/** JSON on as many lines as it takes to be read. */
export function jsonText(value: unknown): string {
  if (value === undefined) return "";
  const short = JSON.stringify(value);
  return short.length <= 60 ? short : JSON.stringify(value, undefined, 2);
}

function isQuoted(text: string): boolean {
  return /^\s*"[\s\S]*"\s*$/.test(text);
}
