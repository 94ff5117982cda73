// Reads an expression: SQL's, and the forms of pandas that stand for the same. Recursive descent; knows no types. Pure.

import { didYouMean, nearNames } from "../../../core/near-names.ts";
import { frameLimits } from "../../../workspace-limits.ts";
import { type Argument, properties, useMethod } from "./methods.ts";
import { type BinaryOperator, type CompareOperator, expressionError, type Node, type Place } from "./syntax.ts";
import { type Token, tokenAt } from "./tokens.ts";

const comparisons: Readonly<Record<string, CompareOperator>> = {
  ...{ "=": "=", "==": "=", "!=": "!=", "<>": "!=" },
  ...{ "<": "<", "<=": "<=", ">": ">", ">=": ">=" },
};
/** Words that are no column's name unless they are quoted. */
const reserved: ReadonlySet<string> = new Set(
  "and or not in is like ilike between case when then else end cast try_cast null none true false as escape".split(" "),
);

/** The tree of an expression over columns of these names. Throws `expression_invalid`. */
export function parseExpression(source: string, columns: readonly string[]): Node {
  return new Parser(source, columns).whole();
}

class Parser {
  readonly #source: string;
  readonly #columns: readonly string[];
  #token: Token;
  #depth = 0;
  /** The end of what was read last. */
  #end = 0;

  constructor(source: string, columns: readonly string[]) {
    this.#source = source;
    this.#columns = columns;
    this.#token = tokenAt(source, 0);
  }

  whole(): Node {
    if (this.#token.kind === "end") {
      throw expressionError(this.#source, this.#token, "the expression is empty.", {
        hint: "Write e.g. `amount > 100 and region = 'north'`.",
      });
    }
    const node = this.#expression();
    if (!this.#isKind("end")) throw this.#unexpected("the end of the expression");
    return node;
  }

  #expression(): Node {
    return this.#deeper(() => this.#either());
  }

  #deeper(read: () => Node): Node {
    const { expressionDepth } = frameLimits;
    if (++this.#depth > expressionDepth) {
      throw expressionError(
        this.#source,
        this.#token,
        `it is nested deeper than ${expressionDepth} levels (limit expressionDepth).`,
        { hint: "Split it: derive a column with one part, then use that column." },
      );
    }
    const node = read();
    this.#depth -= 1;
    return node;
  }

  #either(): Node {
    let left = this.#both();
    while (this.#takeWord("or") || this.#take("|")) left = this.#binary("or", left, this.#both());
    return left;
  }

  #both(): Node {
    let left = this.#negation();
    while (this.#takeWord("and") || this.#take("&") || this.#take("&&")) {
      left = this.#binary("and", left, this.#negation());
    }
    return left;
  }

  #negation(): Node {
    const { start } = this.#token;
    if (!this.#takeWord("not") && !this.#take("!")) return this.#comparison();
    const operand = this.#deeper(() => this.#negation());
    return { kind: "unary", operator: "not", operand, start, end: this.#end };
  }

  /** `a < b`, also `a < b < c`, and the tests that are written behind a value. */
  #comparison(): Node {
    let left = this.#joined();
    let whole: Node | undefined;
    for (;;) {
      const operator = this.#token.kind === "operator" ? comparisons[this.#token.text] : undefined;
      if (operator !== undefined) {
        this.#advance();
        const right = this.#joined();
        const one: Node = { kind: "compare", operator, left, right, start: left.start, end: this.#end };
        whole = whole === undefined ? one : this.#binary("and", whole, one);
        left = right;
        continue;
      }
      const test = this.#test(whole ?? left);
      if (test === undefined) return whole ?? left;
      whole = test;
      left = test;
    }
  }

  #test(value: Node): Node | undefined {
    if (this.#takeWord("is")) return this.#is(value);
    const negated = this.#isWord("not");
    if (negated) {
      const after = tokenAt(this.#source, this.#token.end);
      if (after.kind !== "word" || !/^(in|like|ilike|between)$/i.test(after.text)) return undefined;
      this.#advance();
    }
    const { start } = value;
    if (this.#takeWord("in")) {
      const items = this.#items();
      return { kind: "in", value, items, negated, isPandas: false, start, end: this.#end };
    }
    if (this.#takeWord("between")) {
      const low = this.#joined();
      if (!this.#takeWord("and")) throw this.#unexpected("AND and the upper bound of BETWEEN");
      return { kind: "between", value, low, high: this.#joined(), negated, start, end: this.#end };
    }
    const ignoreCase = this.#isWord("ilike");
    if (!this.#takeWord("like") && !this.#takeWord("ilike")) return undefined;
    const pattern = this.#joined();
    const escapedBy = this.#takeWord("escape") ? this.#joined() : undefined;
    return { kind: "like", value, pattern, escapedBy, negated, ignoreCase, start, end: this.#end };
  }

  #is(value: Node): Node {
    const negated = this.#takeWord("not");
    const place = { start: value.start, end: this.#token.end };
    if (this.#takeWord("null") || this.#takeWord("none")) {
      return { kind: "isNull", value, negated, nanToo: false, ...place };
    }
    const isTrue = this.#isWord("true");
    if (isTrue || this.#isWord("false")) {
      const items: Node[] = [{ kind: "bool", value: isTrue, start: this.#token.start, end: this.#token.end }];
      this.#advance();
      return { kind: "in", value, items, negated, isPandas: true, ...place };
    }
    throw this.#unexpected("NULL, TRUE or FALSE");
  }

  #joined(): Node {
    let left = this.#sum();
    while (this.#take("||")) left = this.#binary("||", left, this.#sum());
    return left;
  }

  #sum(): Node {
    let left = this.#product();
    for (;;) {
      const operator = this.#takeOneOf("+", "-");
      if (operator === undefined) return left;
      left = this.#binary(operator, left, this.#product());
    }
  }

  #product(): Node {
    let left = this.#sign();
    for (;;) {
      const operator = this.#takeOneOf("*", "/", "//", "%");
      if (operator === undefined) return left;
      left = this.#binary(operator, left, this.#sign());
    }
  }

  #sign(): Node {
    const { start } = this.#token;
    if (this.#take("+")) return this.#deeper(() => this.#sign());
    if (this.#take("~")) {
      const operand = this.#deeper(() => this.#sign());
      return { kind: "unary", operator: "not", operand, start, end: this.#end };
    }
    if (!this.#take("-")) return this.#power();
    const operand = this.#deeper(() => this.#sign());
    const end = this.#end;
    // The least whole number of 64 bits has no positive one to be the negative of.
    if (operand.kind === "number" && operand.start === start + 1 && !operand.text.startsWith("-")) {
      return { kind: "number", text: `-${operand.text}`, start, end };
    }
    return { kind: "unary", operator: "-", operand, start, end };
  }

  #power(): Node {
    const base = this.#postfix();
    return this.#take("**")
      ? this.#binary(
          "**",
          base,
          this.#deeper(() => this.#sign()),
        )
      : base;
  }

  #postfix(): Node {
    let node = this.#primary();
    for (;;) {
      if (this.#take("::")) node = this.#castTo(node);
      else if (this.#isOperator(".")) node = this.#member(node);
      else return node;
    }
  }

  #castTo(value: Node): Node {
    const { to, toPlace } = this.#typeName();
    return { kind: "cast", value, to, toPlace, isTry: false, start: value.start, end: this.#end };
  }

  #typeName(): { to: string; toPlace: Place } {
    const { start } = this.#token;
    if (this.#token.kind !== "word") throw this.#unexpected("a type");
    let to = this.#token.text;
    this.#advance();
    if (this.#take("(")) {
      const numbers: string[] = [];
      do {
        if (!this.#isKind("number")) throw this.#unexpected("a number");
        numbers.push(this.#token.text);
        this.#advance();
      } while (this.#take(","));
      this.#expect(")");
      to += `(${numbers.join(",")})`;
    }
    return { to, toPlace: { start, end: this.#end } };
  }

  /** `.name`, `.str.name(…)`, `.dt.name`; of a column `a` also `a.b`, when that is a column. */
  #member(subject: Node): Node {
    this.#advance();
    const { start } = this.#token;
    let path = this.#name();
    if (subject.kind === "column" && this.#isColumn(`${subject.name}.${path}`)) {
      return { kind: "column", name: `${subject.name}.${path}`, start: subject.start, end: this.#end };
    }
    if ((path === "str" || path === "dt") && this.#take(".")) path += `.${this.#name()}`;
    const place = { start, end: this.#end };
    let args: Argument[] = [];
    if (this.#take("(")) args = this.#methodArguments();
    else if (!properties.has(path)) {
      const use = { source: this.#source, subject, path, place, whole: place, args };
      useMethod({ ...use, args: [] });
      throw expressionError(this.#source, place, `.${path} is a method.`, { hint: `Call it: .${path}(…).` });
    }
    const whole = { start: subject.start, end: this.#end };
    return useMethod({ source: this.#source, subject, path, place, whole, args });
  }

  #name(): string {
    if (this.#token.kind !== "word") throw this.#unexpected("a name");
    const { text } = this.#token;
    this.#advance();
    return text;
  }

  #methodArguments(): Argument[] {
    const args: Argument[] = [];
    if (this.#take(")")) return args;
    do {
      const { start } = this.#token;
      let name: string | undefined;
      if (this.#token.kind === "word") {
        const after = tokenAt(this.#source, this.#token.end);
        if (after.kind === "operator" && after.text === "=") {
          name = this.#name();
          this.#advance();
        }
      }
      const value = this.#isOperator("[") ? this.#items() : this.#plainText();
      args.push({ name, value, place: { start, end: this.#end } });
    } while (this.#take(","));
    this.#expect(")");
    return args;
  }

  /** As Python reads it, where no column can stand: "text" is text. */
  #plainText(): Node {
    const token = this.#token;
    if (token.kind !== "quoted") return this.#expression();
    this.#advance();
    return { kind: "text", value: token.text, start: token.start, end: token.end };
  }

  /** (a, b) or [a, b]. */
  #items(): Node[] {
    const isPython = this.#take("[");
    if (!isPython && !this.#take("(")) throw this.#unexpected("a list, as (1, 2) or [1, 2]");
    const close = isPython ? "]" : ")";
    const items: Node[] = [];
    if (this.#take(close)) return items;
    do items.push(isPython ? this.#plainText() : this.#expression());
    while (this.#take(","));
    this.#expect(close);
    return items;
  }

  #primary(): Node {
    const token = this.#token;
    const { start, end } = token;
    switch (token.kind) {
      case "number":
        this.#advance();
        return { kind: "number", text: token.text, start, end };
      case "text":
        this.#advance();
        return { kind: "text", value: token.text, start, end };
      case "backticked":
        this.#advance();
        return { kind: "column", name: token.text, start, end };
      case "quoted":
        return this.#quotedName(token);
      case "word":
        return this.#word(token);
      case "operator":
        if (token.text === "(") return this.#bracketed();
        if (token.text === "[") return this.#squareName(token);
        throw this.#unexpected("a value");
      default:
        throw this.#unexpected("a value");
    }
  }

  #bracketed(): Node {
    const { start } = this.#token;
    this.#advance();
    const node = this.#expression();
    this.#expect(")");
    return { ...node, start, end: this.#end };
  }

  #quotedName(token: Token): Node {
    const { text, start, end } = token;
    const isColumn = this.#isColumn(text);
    // Text as pandas writes it, unless it looks like a column's name with a slip in it.
    const near = isColumn || text.length < 4 ? [] : nearNames(text, this.#columns);
    if (near.length > 0) {
      throw expressionError(this.#source, token, `there is no column ${JSON.stringify(text)}.`, {
        hint: `${didYouMean(near)} Text stands in single quotes: '${text.replaceAll("'", "''")}'.`,
      });
    }
    this.#advance();
    return isColumn ? { kind: "column", name: text, start, end } : { kind: "text", value: text, start, end };
  }

  #isColumn(name: string): boolean {
    return this.#columns.some((column) => column.toLowerCase() === name.toLowerCase());
  }

  /** [a name with blanks]: read as it is up to the bracket. */
  #squareName({ start, end }: Token): Node {
    const close = this.#source.indexOf("]", end);
    if (close < 0) throw expressionError(this.#source, { start, end }, "this bracket is not closed.");
    this.#jump(close + 1);
    return { kind: "column", name: this.#source.slice(end, close).trim(), start, end: close + 1 };
  }

  #word(token: Token): Node {
    const { text, start, end } = token;
    const key = text.toLowerCase();
    const after = tokenAt(this.#source, end);
    const isCall = after.kind === "operator" && after.text === "(";
    if (key === "case") return this.#case();
    if ((key === "cast" || key === "try_cast") && isCall) return this.#cast(key === "try_cast");
    if (reserved.has(key)) {
      this.#advance();
      if (key === "true" || key === "false") return { kind: "bool", value: key === "true", start, end };
      if (key === "null" || key === "none") return { kind: "null", start, end };
      this.#token = token;
      throw this.#unexpected("a value");
    }
    this.#advance();
    if (isCall) return this.#call(text, { start, end });
    if ((key === "date" || key === "timestamp") && after.kind === "text") {
      this.#advance();
      return { kind: "typed", type: key, value: after.text, start, end: after.end };
    }
    if (key === "df" && !this.#isColumn(text) && this.#isOperator("[")) return this.#ofFrame(start);
    if (key === "df" && !this.#isColumn(text) && this.#take(".")) {
      return { kind: "column", name: this.#name(), start, end: this.#end };
    }
    return { kind: "column", name: text, start, end };
  }

  /** df['a column']. */
  #ofFrame(start: number): Node {
    this.#advance();
    const { kind, text } = this.#token;
    if (kind !== "text" && kind !== "quoted") throw this.#unexpected("a column's name in quotes");
    this.#advance();
    this.#expect("]");
    return { kind: "column", name: text, start, end: this.#end };
  }

  #call(name: string, namePlace: Place): Node {
    this.#expect("(");
    const args: Node[] = [];
    if (!this.#take(")")) {
      if (this.#isOperator("*")) throw this.#unexpected("a value");
      do args.push(this.#expression());
      while (this.#take(","));
      this.#expect(")");
    }
    return { kind: "call", name: name.toLowerCase(), namePlace, args, start: namePlace.start, end: this.#end };
  }

  #cast(isTry: boolean): Node {
    const { start } = this.#token;
    this.#advance();
    this.#expect("(");
    const value = this.#expression();
    if (!this.#takeWord("as")) throw this.#unexpected("AS and a type");
    const { to, toPlace } = this.#typeName();
    this.#expect(")");
    return { kind: "cast", value, to, toPlace, isTry, start, end: this.#end };
  }

  #case(): Node {
    const { start } = this.#token;
    this.#advance();
    const subject = this.#isWord("when") ? undefined : this.#expression();
    const branches: { when: Node; result: Node }[] = [];
    while (this.#takeWord("when")) {
      const when = this.#expression();
      if (!this.#takeWord("then")) throw this.#unexpected("THEN");
      branches.push({ when, result: this.#expression() });
    }
    if (branches.length === 0) throw this.#unexpected("WHEN");
    const otherwise = this.#takeWord("else") ? this.#expression() : undefined;
    if (!this.#takeWord("end")) throw this.#unexpected("END, which closes CASE");
    return { kind: "case", subject, branches, otherwise, start, end: this.#end };
  }

  #binary(operator: BinaryOperator, left: Node, right: Node): Node {
    return { kind: "binary", operator, left, right, start: left.start, end: this.#end };
  }

  #advance(): void {
    this.#jump(this.#token.end);
  }

  #jump(position: number): void {
    this.#end = position;
    this.#token = tokenAt(this.#source, position);
  }

  #isKind(kind: Token["kind"]): boolean {
    return this.#token.kind === kind;
  }

  #isOperator(text: string): boolean {
    return this.#token.kind === "operator" && this.#token.text === text;
  }

  #isWord(text: string): boolean {
    return this.#token.kind === "word" && this.#token.text.toLowerCase() === text;
  }

  #take(text: string): boolean {
    if (!this.#isOperator(text)) return false;
    this.#advance();
    return true;
  }

  #takeWord(text: string): boolean {
    if (!this.#isWord(text)) return false;
    this.#advance();
    return true;
  }

  #takeOneOf<Text extends BinaryOperator>(...texts: Text[]): Text | undefined {
    return texts.find((text) => this.#take(text));
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw this.#unexpected(`"${text}"`);
  }

  #unexpected(wanted: string) {
    const { kind, text } = this.#token;
    const found = kind === "end" ? "the expression ends here" : `"${text}" stands here`;
    return expressionError(this.#source, this.#token, `${found}, where ${wanted} should.`, hintFor(text));
  }
}

function hintFor(text: string): { hint?: string } {
  if (text === "@") return { hint: "There are no variables; write the value itself." };
  if (text === "^") return { hint: "Write ** or pow(x, y) for powers." };
  if (text === "=" || text === "==")
    return { hint: "Write one condition; derive takes the new column's name beside the expression." };
  if (text === "->") return { hint: "Write json_extract(column, '$.path')." };
  return {};
}
