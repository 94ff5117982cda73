// The syntax tree of jq 1.7.1 programs. Types only; every node carries its offsets in the program text.
import type { Span } from "./source.ts";

/** A whole program: directives (kept so that they can be refused by name), then the query. */
export interface Program extends Span {
  readonly text: string;
  readonly directives: readonly Directive[];
  readonly query: Expression;
}

export interface Directive extends Span {
  readonly what: "module" | "import" | "include";
}

/** `def name(params): body;` */
export interface Definition extends Span {
  readonly kind: "def";
  readonly name: string;
  readonly nameSpan: Span;
  readonly params: readonly Parameter[];
  readonly body: Expression;
}

export interface Parameter extends Span {
  readonly name: string;
  /** True for `$name`, which binds both the variable and a function of no arguments. */
  readonly isVariable: boolean;
}

/** One stage of a pipeline. What a def, bind or label step introduces is in scope in all steps after it. */
export type Step = Expression | Definition | BindStep | LabelStep;

export interface BindStep extends Span {
  readonly kind: "bind";
  readonly source: Expression;
  readonly patterns: readonly Pattern[];
}

export interface LabelStep extends Span {
  readonly kind: "label";
  readonly name: string;
}

export type Pattern =
  | (Span & { readonly kind: "variablePattern"; readonly name: string })
  | (Span & { readonly kind: "arrayPattern"; readonly items: readonly Pattern[] })
  | (Span & { readonly kind: "objectPattern"; readonly entries: readonly PatternEntry[] });

export interface PatternEntry extends Span {
  /** The variable that `{$name}` or `{$name: pattern}` binds. */
  readonly variable?: string;
  /** The key when it is a plain word: `{name: pattern}`. */
  readonly name?: string;
  /** The key when it is computed: `"a\(1)"` or `(expression)`. */
  readonly key?: Expression;
  readonly value?: Pattern;
}

export interface ObjectEntry extends Span {
  /** A literal key (`a:`, `if:`), or an expression (string, variable, parenthesised, `$__loc__`). */
  readonly key: string | Expression;
  /** Absent for shorthands: `{a}`, `{$x}`, `{"a b"}`, `{$__loc__}`. */
  readonly value?: Expression;
}

export type StringPart = (Span & { readonly kind: "text"; readonly value: string }) | Expression;

/** A string with interpolations, formatted by `@format` when one stands before it. */
export interface StringNode extends Span {
  readonly kind: "string";
  readonly format?: string;
  readonly parts: readonly StringPart[];
}

/** One link of `.a[0][1:2][]."b"?`. */
export type Suffix = Span & { readonly optional: boolean } & (
    | { readonly kind: "field"; readonly name: string }
    | { readonly kind: "stringField"; readonly name: StringNode }
    | { readonly kind: "index"; readonly key: Expression }
    | { readonly kind: "slice"; readonly from?: Expression; readonly to?: Expression }
    | { readonly kind: "each" }
  );

export interface CallNode extends Span {
  readonly kind: "call";
  readonly name: string;
  readonly args: readonly Expression[];
}

export interface VariableNode extends Span {
  readonly kind: "variable";
  readonly name: string;
}

export interface IfBranch {
  readonly condition: Expression;
  readonly body: Expression;
}

export type Expression =
  | StringNode
  | CallNode
  | VariableNode
  | (Span & { readonly kind: "pipeline"; readonly steps: readonly Step[] })
  /** Operands of one precedence level: `a + b - c` is one node of three operands and two operators. */
  | (Span & {
      readonly kind: "operation";
      readonly operators: readonly string[];
      readonly operands: readonly Expression[];
    })
  | (Span & { readonly kind: "negate"; readonly operand: Expression })
  | (Span & { readonly kind: "optional"; readonly operand: Expression })
  | (Span & { readonly kind: "try"; readonly body: Expression; readonly handler?: Expression })
  | (Span & {
      readonly kind: "reduce" | "foreach";
      readonly source: Expression;
      readonly patterns: readonly Pattern[];
      readonly init: Expression;
      readonly update: Expression;
      readonly extract?: Expression;
    })
  | (Span & { readonly kind: "if"; readonly branches: readonly IfBranch[]; readonly otherwise?: Expression })
  | (Span & { readonly kind: "access"; readonly target: Expression; readonly suffixes: readonly Suffix[] })
  | (Span & { readonly kind: "identity" | "recurse" | "location" })
  | (Span & { readonly kind: "number"; readonly text: string })
  | (Span & { readonly kind: "constant"; readonly value: true | false | null })
  | (Span & { readonly kind: "format"; readonly name: string })
  | (Span & { readonly kind: "group"; readonly body: Expression })
  | (Span & { readonly kind: "array"; readonly body?: Expression })
  | (Span & { readonly kind: "object"; readonly entries: readonly ObjectEntry[] })
  | (Span & { readonly kind: "break"; readonly name: string });
