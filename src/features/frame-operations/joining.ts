// join: rows of two inputs that agree in their keys. The size is known before a row is made. Pure.
import { AppError } from "../../core/errors.ts";
import { common2 } from "../../engines/frame/expressions/types.ts";
import type { Cell, Column, Row } from "../../engines/frame/types.ts";
import { typeText } from "../../engines/frame/types.ts";
import { tooManyRows } from "../frames/frames.ts";
import { joinKeys } from "./keys.ts";
import {
  columnAt,
  columnIndexes,
  eachRow,
  Held,
  keyBytes,
  type Made,
  type Rows,
  requireOnce,
  windowRows,
} from "./reading.ts";
import { cellConverter } from "./row-operations.ts";

export const joinKinds = ["inner", "left", "right", "full", "semi", "anti", "cross"] as const;
export type JoinKind = (typeof joinKinds)[number];

export interface JoinArguments {
  on?: string[] | undefined;
  left_on?: string[] | undefined;
  right_on?: string[] | undefined;
  how: JoinKind;
  suffixes: [string, string];
}

/** Numbers of a left and a right row; -1 where there is none. */
type Pair = [left: number, right: number];

interface Sides {
  left: Rows;
  right: Rows;
  /** Places of the key columns. */
  leftKeys: number[];
  rightKeys: number[];
  /** The key columns have one name on both sides and are one column of the result. */
  isMerged: boolean;
}

/**
 * Joins two inputs. Null keys match nothing; whole numbers match floats and decimals of the same value. Throws `too_large` with the number of
 * rows it would come to, `invalid_argument` for keys of types that cannot be compared.
 */
export function join(left: Rows, right: Rows, args: JoinArguments, maxRows: number): Made {
  const { how, suffixes } = args;
  if (how === "cross") return cross(left, right, args, maxRows);
  const sides = sidesOf(left, right, args);
  const matches = matchesOf(sides);
  const size = sizeOf(sides, matches, how);
  if (size > maxRows) throw tooManyRows(maxRows, size);
  if (how === "semi" || how === "anti") {
    return {
      columns: [...left.columns],
      *rows() {
        for (const { row, number } of eachRow(left)) if (matches.groupOf(number) >= 0 === (how === "semi")) yield row;
      },
    };
  }
  return laidOut(sides, how, suffixes, () => pairsOf(sides, matches, how));
}

function cross(left: Rows, right: Rows, { on, left_on, right_on, suffixes }: JoinArguments, maxRows: number): Made {
  if (on !== undefined || left_on !== undefined || right_on !== undefined) {
    throw new AppError("invalid_argument", "A cross join has no keys.", {
      hint: "Leave out on, left_on and right_on, or choose another how.",
    });
  }
  const size = left.count * right.count;
  if (size > maxRows) throw tooManyRows(maxRows, size);
  const sides: Sides = { left, right, leftKeys: [], rightKeys: [], isMerged: false };
  return laidOut(sides, "inner", suffixes, function* () {
    for (let one = 0; one < left.count; one++) for (let other = 0; other < right.count; other++) yield [one, other];
  });
}

function sidesOf(left: Rows, right: Rows, { on, left_on, right_on }: JoinArguments): Sides {
  const [leftNames, rightNames] = on === undefined ? [left_on, right_on] : [on, on];
  if (
    leftNames === undefined ||
    rightNames === undefined ||
    (on !== undefined && (left_on ?? right_on) !== undefined)
  ) {
    throw new AppError("invalid_argument", "A join needs on, or left_on and right_on together.", {
      hint: 'Write "on": ["id"], or "left_on": ["id"], "right_on": ["customer_id"].',
    });
  }
  if (leftNames.length !== rightNames.length) {
    throw new AppError("invalid_argument", `left_on names ${leftNames.length} columns, right_on ${rightNames.length}.`);
  }
  requireOnce(leftNames);
  requireOnce(rightNames);
  return {
    ...{ left, right, isMerged: on !== undefined },
    leftKeys: columnIndexes(left.columns, leftNames),
    rightKeys: columnIndexes(right.columns, rightNames),
  };
}

/** Which right rows each left row matches: right rows of one key are a group, and are chained in their order. */
interface Matches {
  groups: number;
  /** The group that a left row matches; -1: none. */
  groupOf: (left: number) => number;
  /** The group of a right row; -1: its key has a null. */
  ownGroup: (right: number) => number;
  size: (group: number) => number;
  each: (group: number) => Generator<number>;
  isMatched: (group: number) => boolean;
}

function matchesOf({ left, right, leftKeys, rightKeys }: Sides): Matches {
  const pairs = leftKeys.map((index, place) => {
    const other = rightKeys[place] ?? -1;
    return {
      left: { column: columnAt(left.columns, index), index },
      right: { column: columnAt(right.columns, other), index: other },
    };
  });
  const keys = joinKeys(pairs);
  if ("unlike" in keys) throw unlike(pairs[keys.unlike]);
  const held = new Held();
  held.add((left.count + 3 * right.count) * 4);
  const groups = new Map<string, number>();
  const [own, next] = [new Int32Array(right.count).fill(-1), new Int32Array(right.count).fill(-1)];
  const [heads, tails, sizes]: number[][] = [[], [], []];
  for (const { row, number } of eachRow(right)) {
    const key = keys.right(row);
    if (key === undefined) continue;
    let group = groups.get(key);
    if (group === undefined) {
      held.add(keyBytes(key) + 24);
      group = groups.size;
      groups.set(key, group);
      heads?.push(number);
      sizes?.push(0);
    } else next[tails?.[group] ?? 0] = number;
    if (tails !== undefined) tails[group] = number;
    if (sizes !== undefined) sizes[group] = (sizes[group] ?? 0) + 1;
    own[number] = group;
  }
  const of = new Int32Array(left.count).fill(-1);
  const matched = new Uint8Array(groups.size);
  for (const { row, number } of eachRow(left)) {
    const key = keys.left(row);
    const group = key === undefined ? undefined : groups.get(key);
    if (group === undefined) continue;
    of[number] = group;
    matched[group] = 1;
  }
  return {
    groups: groups.size,
    groupOf: (number) => of[number] ?? -1,
    ownGroup: (number) => own[number] ?? -1,
    size: (group) => sizes?.[group] ?? 0,
    isMatched: (group) => matched[group] === 1,
    *each(group) {
      for (let number = heads?.[group] ?? -1; number >= 0; number = next[number] ?? -1) yield number;
    },
  };
}

function unlike(pair: { left: { column: Column }; right: { column: Column } } | undefined): AppError {
  const [left, right] = [pair?.left.column, pair?.right.column];
  const text = (column: Column | undefined) =>
    column === undefined ? "" : `${JSON.stringify(column.name)} (${typeText(column)})`;
  return new AppError("invalid_argument", `The keys ${text(left)} and ${text(right)} cannot be compared.`, {
    hint: `derive makes a key of another type, e.g. {"${left?.name}": "CAST(${left?.name} AS ${right?.type})"}.`,
  });
}

function sizeOf({ left, right }: Sides, matches: Matches, how: JoinKind): number {
  let matched = 0;
  let lonely = 0;
  let size = 0;
  for (let number = 0; number < left.count; number++) {
    const group = matches.groupOf(number);
    if (group < 0) lonely += 1;
    else {
      matched += 1;
      size += matches.size(group);
    }
  }
  if (how === "semi") return matched;
  if (how === "anti") return lonely;
  if (how === "left" || how === "full") size += lonely;
  if (how === "right" || how === "full") {
    for (let number = 0; number < right.count; number++) if (isLonely(matches, number)) size += 1;
  }
  return size;
}

function isLonely(matches: Matches, right: number): boolean {
  const group = matches.ownGroup(right);
  return group < 0 || !matches.isMatched(group);
}

/** In the order of the left rows, then of the right; of a right join the other way round. */
function* pairsOf({ left, right }: Sides, matches: Matches, how: JoinKind): Generator<Pair> {
  if (how === "right") {
    const lefts = leftRowsByGroup(left.count, matches);
    for (let number = 0; number < right.count; number++) {
      if (isLonely(matches, number)) yield [-1, number];
      else for (const own of lefts(matches.ownGroup(number))) yield [own, number];
    }
    return;
  }
  for (let number = 0; number < left.count; number++) {
    const group = matches.groupOf(number);
    if (group >= 0) for (const other of matches.each(group)) yield [number, other];
    else if (how !== "inner") yield [number, -1];
  }
  if (how !== "full") return;
  for (let number = 0; number < right.count; number++) if (isLonely(matches, number)) yield [-1, number];
}

function leftRowsByGroup(count: number, matches: Matches): (group: number) => Generator<number> {
  const heads = new Int32Array(matches.groups).fill(-1);
  const next = new Int32Array(count).fill(-1);
  // Chained from the last, so that they are read from the first.
  for (let number = count - 1; number >= 0; number--) {
    const group = matches.groupOf(number);
    if (group < 0) continue;
    next[number] = heads[group] ?? -1;
    heads[group] = number;
  }
  return function* (group) {
    for (let number = heads[group] ?? -1; number >= 0; number = next[number] ?? -1) yield number;
  };
}

type CellOf = (left: Row | undefined, right: Row | undefined) => Cell;

/** The columns of both sides, keys of one name once, and the rows of the pairs: as many at a time as memory allows. */
function laidOut(sides: Sides, how: JoinKind, suffixes: [string, string], pairs: () => Generator<Pair>): Made {
  const { left, right } = sides;
  const parts = partsOf(sides, how, suffixes);
  return {
    columns: parts.map(({ column }) => column),
    *rows() {
      const size = windowRows(left.rowBytes + right.rowBytes);
      let window: Pair[] = [];
      const flush = function* (): Generator<Row> {
        const [lefts, rights] = [left.pick(numbers(window, 0)), right.pick(numbers(window, 1))];
        for (const [one, other] of window) yield parts.map(({ cell }) => cell(lefts.get(one), rights.get(other)));
        window = [];
      };
      for (const pair of pairs()) {
        window.push(pair);
        if (window.length === size) yield* flush();
      }
      yield* flush();
    },
  };
}

function numbers(window: readonly Pair[], side: 0 | 1): number[] {
  const all = new Set<number>();
  for (const pair of window) if (pair[side] >= 0) all.add(pair[side]);
  return [...all].sort((a, b) => a - b);
}

function partsOf(
  sides: Sides,
  how: JoinKind,
  [leftSuffix, rightSuffix]: [string, string],
): { column: Column; cell: CellOf }[] {
  const { left, right, leftKeys, rightKeys, isMerged } = sides;
  const key = (name: string) => name.toLowerCase();
  const mergedRight = new Set(isMerged ? rightKeys : []);
  const rightNames = new Set(right.columns.filter((_, index) => !mergedRight.has(index)).map(({ name }) => key(name)));
  const leftNames = new Set(left.columns.map(({ name }) => key(name)));
  const ofLeft = left.columns.map((column, index) => {
    const place = isMerged ? leftKeys.indexOf(index) : -1;
    if (place >= 0) return mergedKey(column, index, right, rightKeys[place] ?? -1, how);
    const name = rightNames.has(key(column.name)) ? `${column.name}${leftSuffix}` : column.name;
    return { column: { ...column, name }, cell: (row: Row | undefined) => row?.[index] ?? null };
  });
  const ofRight = right.columns.flatMap((column, index) => {
    if (mergedRight.has(index)) return [];
    const name = leftNames.has(key(column.name)) ? `${column.name}${rightSuffix}` : column.name;
    return [
      { column: { ...column, name }, cell: (_row: Row | undefined, other: Row | undefined) => other?.[index] ?? null },
    ];
  });
  return [...ofLeft, ...ofRight];
}

/** A key that both sides have: from the side that has the row; of a full join in the type that holds both. */
function mergedKey(
  column: Column,
  index: number,
  right: Rows,
  other: number,
  how: JoinKind,
): { column: Column; cell: CellOf } {
  const rightColumn = columnAt(right.columns, other);
  if (how === "right")
    return { column: { ...rightColumn, name: column.name }, cell: (_left, row) => row?.[other] ?? null };
  if (how !== "full") return { column, cell: (row) => row?.[index] ?? null };
  const { name: _name, special: _special, ...common } = (common2(column, rightColumn) ?? column) as Column;
  const isSpecial = common.type === "float" && (column.special === true || rightColumn.special === true);
  const merged: Column = { ...common, name: column.name, ...(isSpecial ? { special: true } : {}) };
  const [ofLeft, ofRight] = [cellConverter(column, merged), cellConverter(rightColumn, merged)];
  return {
    column: merged,
    cell: (one, two) => (one === undefined ? ofRight(two?.[other] ?? null) : ofLeft(one[index] ?? null)),
  };
}
