// What a query template is as a form: its normalised text, its literals, and whether it computes anything worth keeping. Pure; runs anywhere.
import type { Expression, Step } from "./ast.ts";
import { type NormalForm, normalise } from "./normalise.ts";
import { parseProgram } from "./parser.ts";
import { compileTemplate } from "./placeholders.ts";

export interface QueryForm extends NormalForm {
  /** The template with its placeholders as variables: what the places' spans are of. */
  readonly program: string;
  /** It looks at the data and computes nothing: `.[0:3]`, `keys`, `length`. */
  readonly isPeek: boolean;
}

/**
 * The form of a query and its parameters. `values` are JSON texts by variable, as they are bound; left out where they are not known.
 * Throws what compiling a template throws.
 */
export function formOfQuery(
  template: string,
  parameters: readonly string[],
  values: Readonly<Record<string, string>> = {},
  argumentNames?: ReadonlyMap<string, readonly string[]>,
): QueryForm {
  const { program, bindings } = compileTemplate(template, parameters);
  const known = new Map(
    bindings.map(({ variable }) => [variable, Object.hasOwn(values, variable) ? values[variable] : undefined]),
  );
  const parsed = parseProgram(program);
  const form = normalise(parsed, { parameters: known, ...(argumentNames === undefined ? {} : { argumentNames }) });
  return { ...form, program, isPeek: isPeek(parsed.query) };
}

const peeks: ReadonlySet<string> = new Set(
  "length keys keys_unsorted first last limit type empty input inputs nth to_entries reverse".split(" "),
);

function isPeek(node: Expression): boolean {
  switch (node.kind) {
    case "group":
      return isPeek(node.body);
    case "pipeline":
      return node.steps.every(
        (step: Step) => step.kind !== "def" && step.kind !== "label" && step.kind !== "bind" && isPeek(step),
      );
    case "array":
      return node.body === undefined || isPeek(node.body);
    case "optional":
    case "negate":
      return isPeek(node.operand);
    case "access":
      return isPeek(node.target);
    case "call":
      return peeks.has(node.name) && node.args.every(isPeek);
    case "identity":
    case "recurse":
    case "number":
    case "constant":
    case "variable":
      return true;
    case "string":
      return node.parts.every((part) => part.kind === "text");
    default:
      return false;
  }
}
