// The proof's operations on tables and frames: SQL, frame operations, files, plots, and the same over REST. Runs anywhere.
import {
  almost,
  cursorCodes,
  type Operations,
  type RouteUse,
  type Situation,
  scratchThing,
  someCursor,
  type ToolUse,
  withoutUndefined,
} from "./plan.ts";
import { type Answer, dataOf, textAt } from "./wire.ts";
import type { Team, Thing, Visibility } from "./world.ts";

/** What an operation that is granted may find wrong: with the columns of what it was given, mostly. */
const workCodes = [
  "invalid_argument",
  "expression_invalid",
  "sql_invalid",
  "sql_forbidden",
  "file_malformed",
  "too_large",
  "conflict",
  "unsupported",
];
/** A column that what is read does not have, is not found. */
const noColumn = ["not_found"];
const writeCodes = [...workCodes, "already_exists", "constraint_failed", "confirmation_required"];

/** Text of rows whose values are secrets of the thing's. */
export function secretCsv({ world }: Pick<Situation, "world">, thing: Thing): string {
  const lines = [1, 2, 3].map((amount) => `${amount},${world.plantIn(thing, "a row")}`);
  return ["amount,note", ...lines].join("\n");
}

export function secretRecords({ world }: Pick<Situation, "world">, thing: Thing): Record<string, unknown>[] {
  return [1, 2].map((amount) => ({ amount, note: world.plantIn(thing, "a row") }));
}

interface Read {
  thing: Thing | undefined;
  name: string;
  codes: string[];
}

type ReadKind = "table" | "frame" | "dataset";

/** A table, frame or dataset by name, at times by a name that is almost right. */
function read(situation: Situation, kinds: readonly ReadKind[] = ["table", "frame", "dataset"]): Read {
  const { world, team } = situation;
  // What comes and goes is read as itself only: a frame of it would be of the state that it was in then.
  const known = team.things.filter(
    ({ kind, scratch }) => kinds.some((one) => one === kind) && (kind !== "dataset" || !scratch),
  );
  const thing = world.random.pick(known);
  if (thing === undefined) return { thing, name: "nothing_here", codes: ["not_found"] };
  if (world.random.chance(0.12)) return { thing: undefined, name: almost(situation, thing.name), codes: ["not_found"] };
  const isSure = thing.live && !thing.name.startsWith("df_");
  return { thing, name: thing.name, codes: isSure ? [] : ["not_found"] };
}

/** The datasets behind a thing, and who saw them. */
function sourcesOf(thing: Thing): { dataset: Thing; visibility: Visibility }[] {
  return thing.kind === "dataset" ? [{ dataset: thing, visibility: thing.visibility }] : (thing.from ?? []);
}

/** Takes note of a frame that a call has made. */
function remember({ team, viewer }: Situation, answer: Answer, inputs: readonly (Thing | undefined)[]): void {
  const ref = textAt(dataOf(answer), "data_ref");
  if (ref === undefined || team.things.some(({ name }) => name === ref)) return;
  team.things.push({
    ...{ team: team.slug, kind: "frame", name: ref, visibility: "everyone", live: true, scratch: true },
    madeBy: viewer?.username ?? "",
    from: inputs.flatMap((input) => (input === undefined ? [] : sourcesOf(input))),
  });
}

function resultsOf(team: Team): Thing[] {
  return team.things.filter(({ kind, name, live }) => kind === "frame" && live && name.startsWith("df_"));
}

/** An operation on one input that makes a frame. */
function operation(args: (situation: Situation) => Record<string, unknown>): (situation: Situation) => ToolUse {
  return (situation) => {
    const { thing, name, codes } = read(situation);
    const format = situation.world.random.pick(["markdown", "json", "csv"]);
    return {
      args: { data_ref: name, format, ...args(situation) },
      needs: ["data:read"],
      things: [thing],
      codes: [...codes, ...workCodes, ...noColumn],
      after: (answer) => remember(situation, answer, [thing]),
    };
  };
}

/** An operation on two inputs that makes a frame. */
function combination(
  args: (left: string, right: string, situation: Situation) => Record<string, unknown>,
): (situation: Situation) => ToolUse {
  return (situation) => {
    const [left, right] = [read(situation), read(situation)];
    return {
      args: args(left.name, right.name, situation),
      needs: ["data:read"],
      things: [left.thing, right.thing],
      codes: [...left.codes, ...right.codes, ...workCodes, ...noColumn],
      after: (answer) => remember(situation, answer, [left.thing, right.thing]),
    };
  };
}

/** A tool that shows something of its input and makes nothing. */
function shown(
  args: (situation: Situation) => Record<string, unknown> = () => ({}),
  kinds?: readonly ReadKind[],
): (situation: Situation) => ToolUse {
  return (situation) => {
    const { thing, name, codes } = read(situation, kinds);
    const needs = ["data:read"] as const;
    const wrong = [...codes, ...workCodes, ...noColumn];
    return { args: { data_ref: name, ...args(situation) }, needs, things: [thing], codes: wrong };
  };
}

const column = ({ world }: Situation): string =>
  world.random.chance(0.1) ? "nothing" : (world.random.pick(["amount", "note"]) ?? "note");

const frameTools: Operations<ToolUse> = {
  describe: shown(),
  head: shown(() => ({ n: 2 })),
  tail: shown(() => ({ n: 2 })),
  filter: operation((at) => ({ condition: `note >= 'a' or ${column(at)} is null` })),
  select: operation((at) => ({ columns: [column(at)] })),
  rename: operation((at) => ({ columns: { [column(at)]: "other" } })),
  derive: operation((at) => ({ columns: { twice: `note || 'x'`, same: column(at) } })),
  distinct: operation((at) => ({ columns: [column(at)] })),
  sample: operation(() => ({ n: 2 })),
  sort: operation((at) => ({ by: column(at), descending: true })),
  groupby: operation((at) => ({ by: column(at) })),
  value_counts: operation((at) => ({ columns: column(at) })),
  pivot: operation(() => ({ index: "amount", columns: "note", values: "amount" })),
  fill_null: operation(() => ({ values: { note: "none" } })),
  join: combination((left, right, at) => ({
    left,
    right,
    on: column(at),
    how: at.world.random.pick(["inner", "full"]),
  })),
  concat: combination((left, right) => ({ data_refs: [left, right], mismatch: "text" })),
  plot: shown((at) => ({ kind: at.world.random.pick(["bar", "line", "pie", "histogram"]), x: column(at) })),
  list_data: ({ world, team }) => ({
    args: withoutUndefined<unknown>({
      match: world.random.chance(0.5) ? world.random.pick(team.things)?.name : undefined,
      limit: world.random.pick([1, 5, 200]),
    }),
    needs: ["data:read"],
  }),
  read_frame: (situation) => {
    const use = shown((at) => ({ limit: at.world.random.pick([1, 2, 50]) }), ["table", "frame"])(situation);
    const cursor = someCursor(situation);
    return {
      ...use,
      args: withoutUndefined<unknown>({ ...use.args, cursor }),
      codes: [...(use.codes ?? []), ...cursorCodes],
    };
  },
  pin_data: (situation) => {
    const { thing, name, codes } = read(situation, ["frame"]);
    return {
      args: { data_ref: name, pinned: true },
      needs: ["data:write"],
      things: [thing],
      codes,
      writes: true,
    };
  },
  drop_data: (situation) => {
    const results = resultsOf(situation.team).slice(0, 200);
    const foreign = situation.world.random.pick(situation.world.teams.flatMap(resultsOf));
    const chosen = situation.world.random.chance(0.2) && foreign !== undefined ? [foreign] : results;
    const own = chosen.filter(({ team }) => team === situation.team.slug);
    const names = chosen.map(({ name }) => name);
    return {
      args: { data_ref: names.length === 0 ? "df_2222222222" : names },
      needs: ["data:write"],
      things: own,
      codes: ["not_found"],
      neverOk: own.length < Math.max(1, chosen.length),
      writes: true,
      after: () => forget(situation.team, own),
    };
  },
};

function forget(team: Team, gone: readonly Thing[]): void {
  team.things = team.things.filter((thing) => !gone.includes(thing));
}

const fileTools: Operations<ToolUse> = {
  read_csv: (situation) => loading(situation, (thing) => ({ text: secretCsv(situation, thing) })),
  read_json: (situation) => {
    const { thing, name, codes } = read(situation, ["dataset"]);
    return {
      args: { dataset: name, limit: 2 },
      needs: ["data:read"],
      things: [thing],
      codes: [...codes, ...workCodes],
      after: (answer) => remember(situation, answer, [thing]),
    };
  },
  read_parquet: (situation) => {
    const { world } = situation;
    const id = world.random.pick(world.teams.flatMap(({ loot }) => loot.files)) ?? "fl_nothing_here";
    const own = situation.team.loot.files.includes(id);
    return { args: { upload: id }, needs: ["data:read"], codes: ["not_found", ...workCodes], neverOk: !own };
  },
  to_csv: shown(),
  to_json: shown((at) => ({ lines: at.world.random.chance(0.5) })),
  to_parquet: shown(),
  to_arrow: shown(),
};

/** A frame of text that the caller sends. Its secrets are the thing's, which is made known by its data_ref. */
function loading(situation: Situation, args: (thing: Thing) => Record<string, unknown>): ToolUse {
  const { team, viewer } = situation;
  const made: Thing = {
    ...{ team: team.slug, kind: "frame", name: "", visibility: "everyone", live: true, scratch: true },
    madeBy: viewer?.username ?? "",
  };
  return {
    args: args(made),
    needs: ["data:read"],
    codes: workCodes,
    after: (answer) => {
      made.name = textAt(dataOf(answer), "data_ref") ?? "";
      if (made.name === "") return "no data_ref in the answer";
      team.things.push(made);
      return undefined;
    },
  };
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const sqlTools: Operations<ToolUse> = {
  execute_raw_query: (situation) => {
    const { random } = situation.world;
    if (random.chance(0.25)) return rawWrite(situation);
    const { thing, name, codes } = read(situation);
    const from = quoted(name);
    const query = random.pick([
      `SELECT * FROM ${from}`,
      `SELECT a.note FROM ${from} a JOIN ${from} b ON a.amount = b.amount`,
      `WITH x AS (SELECT * FROM ${from}) SELECT count(*), max(note) FROM x`,
      `SELECT * FROM ${from} WHERE nothing = 1`,
      `SELECT sql FROM sqlite_master`,
      `SELECT * FROM sd_relations`,
      `DELETE FROM ${from}`,
    ]);
    return {
      args: { query, ...(random.chance(0.3) ? { to_frame: true } : {}) },
      needs: ["data:read"],
      things: query?.includes(from) === true ? [thing] : [],
      codes: [...codes, ...workCodes, "not_found"],
      after: (answer) => remember(situation, answer, [thing]),
    };
  },
  sql_frame: combination((left, right) => ({
    query: `SELECT l.amount, r.note FROM ${quoted(left)} l LEFT JOIN ${quoted(right)} r ON l.amount = r.amount`,
  })),
};

function rawWrite(situation: Situation): ToolUse {
  const thing = scratchThing(situation, "table");
  const note = situation.world.plantIn(thing, "a row");
  const query = situation.world.random.pick([
    `INSERT INTO ${thing.name} (amount, note) VALUES (7, '${note}')`,
    `UPDATE ${thing.name} SET note = '${note}' WHERE amount = 1`,
    `DELETE FROM ${thing.name} WHERE amount = 2`,
    `DROP TABLE ${thing.name}`,
  ]);
  return {
    args: { query, read_only: false },
    needs: ["data:read", "data:write"],
    things: [thing],
    codes: ["not_found", ...writeCodes],
    neverOk: !thing.live || query?.startsWith("DROP") === true,
    writes: true,
  };
}

/** A write to one of the tables that come and go. */
function tableWrite(
  args: (thing: Thing, situation: Situation) => Record<string, unknown>,
  after?: (thing: Thing, situation: Situation, answer: Answer) => void,
): (situation: Situation) => ToolUse {
  return (situation) => {
    const thing = scratchThing(situation, "table");
    return {
      args: { table_name: thing.name, ...args(thing, situation) },
      needs: ["data:write"],
      things: [thing],
      codes: ["not_found", ...writeCodes],
      neverOk: !thing.live,
      writes: true,
      after: (answer) => after?.(thing, situation, answer),
    };
  };
}

/** The same for what makes the table when it is not there. */
function tableMade(
  args: (thing: Thing, situation: Situation) => Record<string, unknown>,
): (situation: Situation) => ToolUse {
  const write = tableWrite(args, (thing, { team, viewer }) => {
    thing.live = true;
    thing.madeBy = viewer?.username ?? "";
    if (!team.things.includes(thing)) team.things.push(thing);
  });
  return (situation) => ({ ...write(situation), neverOk: false });
}

const somewhere = ({ world }: Situation) => ({ amount: { gte: world.random.int(4) } });

function noteUndo(_thing: Thing, { team }: Situation, answer: Answer): void {
  const ref = textAt(dataOf(answer), "undo_ref");
  if (ref === undefined) return;
  team.loot.undos.push(ref);
  if (team.loot.undos.length > 8) team.loot.undos.shift();
}

function tableRead(situation: Situation, args: Record<string, unknown> = {}, codes: readonly string[] = []): ToolUse {
  const { thing, name, codes: found } = read(situation, ["table"]);
  return {
    args: { table_name: name, ...args },
    needs: ["data:read"],
    things: [thing],
    codes: [...found, ...workCodes, ...codes],
  };
}

const tableTools: Operations<ToolUse> = {
  create_table: tableMade((thing, { world }) => ({
    schema: { amount: "int", note: "text" },
    full_text: ["note"],
    history: true,
    description: `About ${world.plantIn(thing, "the description")}.`,
  })),
  alter_table: tableWrite((thing, { world }) => ({ description: `About ${world.plantIn(thing, "the description")}.` })),
  create_index: tableWrite((_thing, at) => ({ columns: [column(at)] })),
  drop_table: tableWrite(
    () => ({}),
    (thing) => {
      thing.live = false;
    },
  ),
  restore_table: (situation) => {
    const use = tableMade(() => ({}))(situation);
    return { ...use, codes: [...(use.codes ?? []), "not_found"] };
  },
  list_tables: (situation) => ({
    args: withoutUndefined<unknown>({ limit: 2, cursor: someCursor(situation) }),
    needs: ["data:read"],
    codes: cursorCodes,
  }),
  describe_table: (situation) => tableRead(situation),
  row_history: (situation) =>
    tableRead(situation, withoutUndefined<unknown>({ cursor: someCursor(situation) }), cursorCodes),
  import_table: tableMade((thing, at) => ({ text: secretCsv(at, thing) })),
  export_table: (situation) => {
    const { args, codes, things } = tableRead(situation);
    return {
      args: { ...args, to: "frame" },
      needs: ["data:write"],
      ...(things === undefined ? {} : { things }),
      codes: [...(codes ?? []), ...writeCodes],
      writes: true,
      after: (answer) => remember(situation, answer, things ?? []),
    };
  },
  insert_record: tableWrite((thing, at) => ({ data: secretRecords(at, thing) })),
  query_records: (situation) => {
    const { random } = situation.world;
    const cursor = someCursor(situation);
    const args = {
      filters: random.chance(0.5) ? somewhere(situation) : undefined,
      limit: random.pick([1, 50]),
      cursor,
    };
    return tableRead(situation, withoutUndefined<unknown>(args), cursorCodes);
  },
  update_record: tableWrite(
    (thing, at) => ({ filters: somewhere(at), data: { note: at.world.plantIn(thing, "a row") } }),
    noteUndo,
  ),
  delete_record: tableWrite((_thing, at) => ({ filters: somewhere(at) }), noteUndo),
  undo_change: ({ world, team }) => {
    const owner = world.random.chance(0.5) ? team : (world.random.pick(world.teams) ?? team);
    const undo_ref = world.random.pick(owner.loot.undos) ?? "chg_nothing_here";
    return {
      args: { undo_ref },
      needs: ["data:write"],
      codes: ["not_found", ...writeCodes],
      neverOk: !team.loot.undos.includes(undo_ref),
      writes: true,
    };
  },
};

export const workspaceTools: Operations<ToolUse> = { ...tableTools, ...frameTools, ...fileTools, ...sqlTools };

const base = "/t/:team/api/v1/frames";

function contentOf(situation: Situation, kind: "frame" | "table", parameter: string): RouteUse {
  const { thing, name, codes } = read(situation, [kind]);
  return {
    path: { [parameter]: name },
    query: { format: situation.world.random.pick(["csv", "ndjson", "arrow"]) ?? "csv" },
    needs: ["data:read"],
    things: [thing],
    codes: [...codes, ...workCodes],
  };
}

export const workspaceRoutes: Operations<RouteUse> = {
  [`GET ${base}`]: (situation) => ({
    query: withoutUndefined({ limit: 2, cursor: someCursor(situation) }),
    needs: ["data:read"],
    codes: cursorCodes,
  }),
  [`GET ${base}/:data_ref`]: (situation) => {
    const { random } = situation.world;
    const { thing, name, codes } = read(situation, ["frame"]);
    const etag = random.pick(situation.world.teams.flatMap((team) => team.loot.ids));
    return {
      path: { data_ref: `${name}${random.pick(["", ".csv", ".json", ".parquet", ".arrow"]) ?? ""}` },
      ...(etag === undefined ? {} : { headers: { "if-none-match": `"${etag}"` } }),
      needs: ["data:read"],
      things: [thing],
      codes: [...codes, ...workCodes],
    };
  },
  [`GET ${base}/:data_ref/content`]: (situation) => contentOf(situation, "frame", "data_ref"),
  "GET /t/:team/api/v1/tables/:table_name/content": (situation) => contentOf(situation, "table", "table_name"),
  [`POST ${base}`]: (situation) => {
    const { args, ...use } = loading(situation, (thing) => ({ text: secretCsv(situation, thing) }));
    return { ...use, text: String(args.text), type: "text/csv", needs: ["data:write"], writes: true };
  },
  [`POST ${base}/files`]: (situation) => ({
    text: "amount,note\n1,a\n",
    type: "text/csv",
    needs: ["data:write"],
    codes: workCodes,
    writes: true,
    after: (answer) => {
      const id = textAt(dataOf(answer), "upload");
      if (id === undefined) return "no upload in the answer";
      situation.team.loot.files.push(id);
      if (situation.team.loot.files.length > 8) situation.team.loot.files.shift();
      return undefined;
    },
  }),
  [`DELETE ${base}/:data_ref`]: (situation) => {
    const result = situation.world.random.pick(resultsOf(situation.team));
    return {
      path: { data_ref: result?.name ?? "df_2222222222" },
      needs: ["data:write"],
      things: [result],
      codes: ["not_found"],
      neverOk: result === undefined,
      writes: true,
      after: () => forget(situation.team, result === undefined ? [] : [result]),
    };
  },
};
