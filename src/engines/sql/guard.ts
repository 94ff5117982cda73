// What a statement touches, read from the program that SQLite made of it (EXPLAIN). Pure.

/** A row of EXPLAIN. */
export interface ExplainRow {
  addr: number;
  opcode: string;
  p1: number;
  p2: number;
  p3: number;
  p4: string | null;
}

/** What one program opens, by root pages of the database's file and by the addresses of virtual tables. */
export interface Access {
  reads: Set<number>;
  writes: Set<number>;
  virtual: Set<string>;
  virtualWrites: Set<string>;
}

/** What a statement does. */
export interface Analysis extends Access {
  /** It begins a transaction that writes. */
  isWrite: boolean;
  /** Opcodes that change what is no row: schema, settings, other databases. */
  forbidden: string[];
  /** Names of the functions it calls, in lower case. */
  functions: Set<string>;
  /** Texts that stand in the statement's own program as constants. */
  texts: Set<string>;
  /** What the triggers of the server open; what foreign keys do to other tables counts as the statement's own. */
  triggers: Access;
}

const readers: ReadonlySet<string> = new Set(["OpenRead", "ReopenIdx"]);
const forbiddenOpcodes: ReadonlySet<string> = new Set(
  `CreateBtree Destroy DropTable DropIndex DropTrigger ParseSchema SqlExec LoadAnalysis SetCookie Vacuum IncrVacuum JournalMode Checkpoint
   AutoCommit Savepoint VCreate VDestroy VRename MaxPgcnt TableLock Expire IntegrityCk`.split(/\s+/),
);

/** Reads the rows of EXPLAIN: the main program first, then those of triggers and foreign keys, each of which counts its addresses from 0. */
export function analyseProgram(rows: readonly ExplainRow[]): Analysis {
  const empty = (): Access => ({ reads: new Set(), writes: new Set(), virtual: new Set(), virtualWrites: new Set() });
  const analysis: Analysis = {
    ...empty(),
    ...{ isWrite: false, forbidden: [], functions: new Set(), texts: new Set(), triggers: empty() },
  };
  let access: Access = analysis;
  for (const [index, row] of rows.entries()) {
    if (row.addr === 0 && index > 0) access = row.p4?.startsWith("-- TRIGGER ") ? analysis.triggers : analysis;
    noteAccess(access, row, analysis);
    // What triggers and constraints of the server call is its own matter.
    if (access !== analysis.triggers) noteCalls(analysis, row);
  }
  return analysis;
}

function noteAccess(access: Access, row: ExplainRow, analysis: Analysis): void {
  const { opcode, p1, p2, p3, p4 } = row;
  // What is not in the main database has no business here: a page that no table has.
  const page = p3 === 0 ? p2 : -1;
  if (opcode === "Transaction" && p2 >= 1) analysis.isWrite = true;
  if (opcode === "OpenWrite") access.writes.add(page);
  else if (opcode === "Clear") access.writes.add(p2 === 0 ? p1 : -1);
  else if (readers.has(opcode)) access.reads.add(page);
  else if (opcode === "VOpen") access.virtual.add(p4 ?? "");
  else if (opcode === "VUpdate") access.virtualWrites.add(p4 ?? "");
  else if (forbiddenOpcodes.has(opcode)) analysis.forbidden.push(opcode);
}

const calls: ReadonlySet<string> = new Set([
  "Function",
  "PureFunc",
  "AggStep",
  "AggStep1",
  "AggInverse",
  "AggFinal",
  "AggValue",
]);

function noteCalls(analysis: Analysis, { opcode, p4 }: ExplainRow): void {
  if (p4 === null) return;
  if (opcode === "String8") analysis.texts.add(p4);
  if (calls.has(opcode)) analysis.functions.add(p4.replace(/\(-?[0-9]+\)$/, "").toLowerCase());
}
