// Every limit of tables, frames and SQL, with its unit and the reason. Runs everywhere. docs/limits.md lists them all; a test compares.

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const hour = 60 * 60_000;
const day = 24 * hour;

/** Limits of a team's workspace. */
export const workspaceLimits = {
  /** Entries for the team's log that are told in one message. */
  outboxBatch: 100,
  /** Milliseconds until the log is told again after it could not be. */
  retryMs: 5_000,
  /** Milliseconds after which the workspace looks after itself again when a step of that failed. */
  sweepMs: hour,
} as const;

/** Limits of data frames. */
export const frameLimits = {
  /** Rows of a frame, unless the team's setting frame_rows says otherwise: what a model's question needs, loaded in under a second. */
  rows: 100_000,
  /** Rows of a frame that a team may set at most. */
  maxRows: 1_000_000,
  /** Columns of a frame: SQLite gives a result no more. */
  columns: 100,
  /** Frames of a team. */
  frames: 200,
  /** Bytes of all frames of a team. */
  teamBytes: GIB,
  /** Bytes of one value as text: SQLite keeps no row of more than 2 MB. */
  cellBytes: MIB,
  /** Bytes of one row as JSON. */
  rowBytes: 1536 * KIB,
  /** Rows of one stored chunk: each chunk is one row written, which is what storage bills. */
  chunkRows: 2_000,
  /** Bytes of one stored chunk, a single long row apart. */
  chunkBytes: 768 * KIB,
  /** Bytes of chunks sent to the workspace in one call: the platform allows 32 MiB. */
  appendBytes: 4 * MIB,
  /** Milliseconds that a frame is kept after its last use, unless it is pinned. */
  keptMs: day,
  /** Milliseconds after its last use in which a frame is not evicted to make room: someone may be reading it. */
  leaseMs: 5 * 60_000,
  /** Milliseconds after which a load that was not finished is thrown away. */
  loadMs: 10 * 60_000,
  /** Rows that a join, a pivot or SQL may come to beyond which it is refused before it runs is the frame's own limit; groups of a pivot's columns. */
  pivotColumns: 90,
  /** Characters of one expression. */
  expressionChars: 4_000,
  /** Nested levels of one expression: SQLite's own limit is 100. */
  expressionDepth: 40,
  /** Bytes of keys and values that one operation holds in memory besides the rows it reads: an isolate has 128 MB. */
  operationBytes: 40 * MIB,
  /** Bytes of rows, as JSON, that are held at a time when they are not read in their own order. */
  windowBytes: 12 * MIB,
  /** Bytes of text given with a call to read_csv, read_json. */
  inlineBytes: 2 * MIB,
  /** Bytes of a JSON document or an Arrow file that is read at once. */
  documentBytes: 32 * MIB,
  /** Bytes of one uploaded file. */
  uploadBytes: 95 * MIB,
  /** Bytes of an uploaded file that are held in memory; larger ones go through R2, so that they can be read twice. */
  heldBytes: MIB,
  /** Uploaded files of a team that are kept to be read, at a time. */
  files: 100,
  /** Milliseconds that a file uploaded to be read by tools is kept. */
  fileMs: day,
  /** Milliseconds after which a file that was only to be loaded is deleted, should nobody have done so. */
  loadedFileMs: hour,
  /** Bytes of one column in one row group of a Parquet file that is read: it is decoded at once. */
  parquetColumnBytes: 64 * MIB,
  /** Values of one column in one row group of a Parquet file that is read: a few bytes can stand for any number. */
  parquetColumnValues: 5_000_000,
  /** Bytes of a Parquet file's footer, which is in memory as objects. */
  parquetFooterBytes: 4 * MIB,
  /** Bytes of a file that a tool answers with; larger ones are fetched over REST. */
  answerBytes: 256 * KIB,
  /** Values of a column that describe names as its most frequent. */
  topValues: 5,
  /** Bytes of a query's results that are made a frame: they are in memory at once. */
  resultBytes: 16 * MIB,
  /** Points or bars of a plot. */
  plotPoints: 2_000,
  /** Series or slices of a plot: more colours are not told apart. */
  plotSeries: 12,
} as const;

/** Limits of tables. */
export const tableLimits = {
  /** Tables of a team. */
  tables: 200,
  /** Columns of a table: SQLite gives a result no more than 100, and upserts bind each. */
  columns: 90,
  /** Characters of all column names of a table together: each stands several times in statements of 100,000 bytes at most. */
  columnNameChars: 4_000,
  /** Indexes of a table. */
  indexes: 20,
  /** Records of one insert. */
  insertRecords: 1_000,
  /** Bytes of all tables of a team together with its frames: what the platform lets one object keep is 10 GB. */
  teamBytes: 8 * GIB,
  /** Bytes of one value. */
  cellBytes: MIB,
  /** Bytes of one record: SQLite keeps no row of more than 2 MB. */
  rowBytes: 1536 * KIB,
  /** Digits of one decimal number. */
  decimalDigits: 1_000,
  /** Conditions of one filter, nested ones counted. */
  filterConditions: 100,
  /** Levels of and, or and not within each other in one filter: SQLite's own limit of an expression is 100. */
  filterDepth: 20,
  /** Values of one `in`. */
  inValues: 1_000,
  /** Records that one update or delete changes without being confirmed. */
  unconfirmedRecords: 100,
  /** Records that one update or delete changes at most: each is kept so that it can be undone. */
  changedRecords: 50_000,
  /** Bytes of records as JSON that one update or delete changes at most, for the same reason. */
  changedBytes: 64 * MIB,
  /** Milliseconds that a change can be undone and a dropped table restored. */
  undoMs: 7 * day,
  /** Rows of change history kept of one table. */
  historyRows: 100_000,
  /** Rows shown of a table that is described. */
  sampleRows: 5,
} as const;

/** Limits of SQL that users write. */
export const sqlLimits = {
  /** Characters of one statement: SQLite's own limit is 100,000 bytes. */
  chars: 20_000,
  /** Parameters of one statement, as SQLite has it. */
  params: 100,
  /** Rows of one answer; a frame holds more. */
  rows: 1_000,
  /** Steps that a statement's loops may come to by what its tables hold, before it is refused: about a second's work. */
  steps: 50_000_000,
  /** Rows that one recursion (WITH RECURSIVE) may come to without a smaller LIMIT of its own: they are counted before it runs. */
  recursionRows: 100_000,
  /** Steps of one recursion, its rows times what each looks at, before it is refused: its rows are held while it runs. */
  recursionSteps: 10_000_000,
  /** Bytes of one value of an answer or a frame. */
  cellBytes: MIB,
  /** Bytes of rows that one answer is made from. */
  answerBytes: 4 * MIB,
} as const;

/** Limits of the dashboard's playground. */
export const playgroundLimits = {
  /** Characters of an address that holds a query: browsers, proxies and chats take those whole. A longer query runs, and has no link. */
  addressChars: 8 * KIB,
  /** Bytes of all of a query's outputs that a download is made of: they are in memory as text at once. */
  resultBytes: 16 * MIB,
  /** Bytes of outputs that a chart is drawn of: as values they take up to ten times that. */
  chartBytes: 4 * MIB,
  /** Characters of a value in a cell of the table; JSON shows it whole. */
  cellChars: 300,
  /** Names along a chart that is chosen by itself: more are not read. */
  categories: 60,
  /** Queries of one's own that are offered again. */
  recent: 8,
  /** Fields of the data that are listed beside the query. */
  fields: 60,
} as const;
