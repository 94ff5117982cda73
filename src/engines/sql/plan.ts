// How much work a statement's loops may come to, from EXPLAIN QUERY PLAN and the number of rows there are: a guard against accidents. Pure.
import { isName, isWord, type Statement } from "./statement.ts";

/** A row of EXPLAIN QUERY PLAN. `notused` is SQLite's own guess of the work, ten times its logarithm to base 2. */
export interface PlanRow {
  id: number;
  parent: number;
  notused: number;
  detail: string;
}

/** What is known of the names in a plan, all in lower case. */
export interface Sizes {
  /** Rows of tables, frames and full-text indexes, and of recursions whose rows were counted. */
  rows: ReadonlyMap<string, number>;
  /** What an alias may stand for. */
  aliases: ReadonlyMap<string, ReadonlySet<string>>;
  /** Rows that one recursion may come to. */
  recursionRows: number;
}

export interface PlanCost {
  /** Steps of all loops together, at most as far as sizes tell. */
  steps: number;
  /** Recursions, in the order of the plan: whose, and the work of one step and of the start. */
  recursions: { name: string; stepCost: number; setupCost: number }[];
}

interface Node extends PlanRow {
  children: Node[];
}

/** Rows taken for a subquery that groups: SQLite says nothing of their number, and they are few as a rule. */
const groupRows = 500;
/** Rows taken for a virtual table, such as json_each of a value. */
const virtualRows = 20;
const scanFactor = 16;
const unknownGuess = 216;
const groupGuess = 82;

/** The cost of a plan. */
export function planCost(plan: readonly PlanRow[], sizes: Sizes): PlanCost {
  const root = treeOf(plan);
  const reckoner = new Reckoner(root, sizes);
  return { steps: reckoner.cost(root.children), recursions: reckoner.recursions };
}

function treeOf(plan: readonly PlanRow[]): Node {
  const root: Node = { id: 0, parent: -1, notused: 0, detail: "", children: [] };
  const nodes = new Map<number, Node>([[0, root]]);
  for (const row of plan) {
    const node: Node = { ...row, children: [] };
    nodes.set(row.id, node);
    (nodes.get(row.parent) ?? root).children.push(node);
  }
  return root;
}

const loop = /^(SCAN|SEARCH) (.+?)(?: USING (.+?)| VIRTUAL TABLE INDEX (.*?))?(?: EXISTS| LEFT-JOIN| RIGHT-JOIN)*$/;
const derived = /^(?:CO-ROUTINE|MATERIALIZE) (.+)$/;
const recursive = "RECURSIVE STEP";
const constantRows = /^SCAN (?:(\d+)(?:-ROW VALUES CLAUSE| CONSTANT ROWS?)|CONSTANT ROW)$/;

class Reckoner {
  readonly recursions: PlanCost["recursions"] = [];
  readonly #sizes: Sizes;
  /** Rows of subqueries with a name of their own. */
  readonly #derived = new Map<string, number>();
  /** SQLite's guesses of those, where it knows more than nothing. */
  readonly #guesses = new Map<string, number>();
  readonly #most: number;

  constructor(root: Node, sizes: Sizes) {
    this.#sizes = sizes;
    this.#most = Math.max(1, ...sizes.rows.values());
    this.#noteGuesses(root);
  }

  #noteGuesses(node: Node): void {
    const [, kind, name = ""] = loop.exec(node.detail) ?? [];
    if (kind === "SCAN" && node.notused > 0 && node.notused < unknownGuess)
      for (const target of this.#targets(name)) this.#guesses.set(target, node.notused);
    for (const child of node.children) this.#noteGuesses(child);
  }

  #targets(name: string): string[] {
    const key = name.toLowerCase();
    return [key, ...(this.#sizes.aliases.get(key) ?? [])];
  }

  /** Steps of the loops at one level of the plan with all that runs within them. */
  cost(level: readonly Node[]): number {
    return this.#reckon(level).steps;
  }

  #reckon(level: readonly Node[]): { steps: number; rows: number } {
    let steps = 0;
    let rows = 1;
    for (const node of level) {
      if (node.detail.startsWith("CORRELATED ")) continue;
      const loopRows = this.#loopRows(node);
      if (loopRows === undefined) steps += this.#block(node);
      else {
        rows *= loopRows;
        steps += rows;
      }
    }
    for (const node of level)
      if (node.detail.startsWith("CORRELATED ")) steps += rows * Math.max(1, this.cost(node.children));
    const parts = level.filter(({ detail }) => isPart(detail));
    if (parts.length > 0) rows = parts.reduce((sum, part) => sum + this.#reckon(part.children).rows, 0);
    return { steps, rows };
  }

  /** Rows that one pass of a loop goes through; undefined for what is no loop. */
  #loopRows(node: Node): number | undefined {
    if (node.detail === "MULTI-INDEX OR") return this.#either(node);
    const constant = constantRows.exec(node.detail);
    if (constant !== null) return Number(constant[1] ?? 1);
    const found = loop.exec(node.detail);
    if (found === null) return undefined;
    const [, kind, name = "", using = "", index] = found;
    if (index !== undefined) return this.#virtual(name, index);
    // A range goes through many rows; equality is taken to find one.
    if (kind === "SEARCH" && !/[<>]/.test(using)) return 1;
    return this.#rowsOf(name);
  }

  #either(node: Node): number {
    const ways = node.children.flatMap(({ children }) => children.map((child) => this.#loopRows(child) ?? 1));
    return Math.max(
      1,
      ways.reduce((sum, rows) => sum + rows, 0),
    );
  }

  #virtual(name: string, index: string): number {
    const isText = this.#targets(name).some((target) => this.#sizes.rows.has(target));
    if (!isText) return virtualRows;
    return index.endsWith("=") ? 1 : this.#rowsOf(name);
  }

  #rowsOf(name: string): number {
    const known = this.#targets(name).flatMap((target) => {
      const rows = this.#derived.get(target) ?? this.#sizes.rows.get(target);
      return rows === undefined ? [] : [this.#guessed(target, rows)];
    });
    return known.length === 0 ? this.#most : Math.max(...known);
  }

  /** SQLite knows a subquery of one row, and what a LIMIT says. */
  #guessed(target: string, rows: number): number {
    const guess = this.#guesses.get(target);
    if (guess === undefined || this.#sizes.rows.has(target)) return rows;
    if (guess === groupGuess) return Math.min(rows, groupRows);
    return Math.min(rows, Math.ceil(2 ** ((guess - scanFactor) / 10) * 1.1));
  }

  /** What runs once, apart from the loops around it. */
  #block(node: Node): number {
    const [, name] = derived.exec(node.detail) ?? [];
    if (name === undefined) {
      // A recursion that is nobody's is one that nobody bounds.
      if (node.detail === recursive) this.recursions.push({ name: "", stepCost: 1, setupCost: 0 });
      return this.cost(node.children);
    }
    const key = name.toLowerCase();
    const fixed = this.#sizes.rows.get(key);
    const steps = node.children.filter(({ detail }) => detail === recursive);
    if (steps.length > 0) return this.#recursion(key, node, steps);
    // A frame is read once, whatever its chunks look like in the plan.
    if (fixed !== undefined && node.children.some(({ detail }) => /^SCAN sd_f_[0-9]+$/.test(detail))) return fixed;
    const reckoned = this.#reckon(node.children);
    this.#derived.set(key, reckoned.rows);
    return reckoned.steps;
  }

  #recursion(name: string, node: Node, steps: readonly Node[]): number {
    const rows = this.#sizes.rows.get(name) ?? this.#sizes.recursionRows;
    this.#derived.set(name, rows);
    const setupCost = this.cost(node.children.filter((child) => !steps.includes(child)));
    // The recursion's own name stands for one row in a step.
    const costs = steps.map(({ children }) => this.cost(children.filter(({ detail }) => !this.#isOwn(detail, name))));
    const stepCost = Math.max(
      1,
      costs.reduce((sum, cost) => sum + cost, 0),
    );
    this.recursions.push({ name, stepCost, setupCost });
    return setupCost + rows * stepCost;
  }

  #isOwn(detail: string, name: string): boolean {
    const [, , scanned = ""] = loop.exec(detail) ?? [];
    return this.#targets(scanned).includes(name);
  }
}

function isPart(detail: string): boolean {
  return /^(?:LEFT-MOST SUBQUERY|UNION ALL|UNION|LEFT|RIGHT|UNION USING TEMP B-TREE|COMPOUND QUERY|MERGE \(.*\))$/.test(
    detail,
  );
}

// Words that may follow a table's name and are no alias of it.
const afterTable: ReadonlySet<string> = new Set(
  `as on using where group having order limit offset window join inner left right full outer cross natural union intersect except returning set
   values indexed not and or select from default in is between like glob match regexp collate desc asc end then else when over filter
   partition by do nothing conflict with`.split(/\s+/),
);

/** What each alias in a statement may stand for: the names that are followed by it. All in lower case. */
export function aliasesOf({ tokens }: Statement): Map<string, Set<string>> {
  const aliases = new Map<string, Set<string>>();
  for (const [at, token] of tokens.entries()) {
    if (!isName(token)) continue;
    let next = at + 1;
    if (isWord(tokens[next], "as")) next += 1;
    const alias = tokens[next];
    if (alias === undefined || !isName(alias) || (alias.kind === "word" && afterTable.has(alias.value))) continue;
    const key = alias.value.toLowerCase();
    aliases.set(key, (aliases.get(key) ?? new Set()).add(token.value.toLowerCase()));
  }
  return aliases;
}
