// Limits of what a team does together: proposals, notifications, sharing, learning, history, the live feed, backups. Runs everywhere. Written as
// limits.ts is, and listed in docs/limits.md with it.

const KIB = 1024;
const MIB = 1024 * KIB;

/** Limits of what checking, merging and applying a proposal may cost. */
export const proposalLimits = {
  /** Bytes of a request over REST that proposes something: a whole entry, its tests and words around them. */
  requestBytes: 512 * KIB,
  /** Steps of the jq engine that all tests and the sample of one check may use together: about 6 s of computation. */
  checkSteps: 500_000_000,
  /** Outputs of a tested run; more could not be compared. */
  testOutputs: 1_000,
  /** Bytes kept of what one test gave. */
  testOutputBytes: 2 * KIB,
  /** Outputs kept as the sample. */
  sampleRows: 5,
  /** Bytes of the sample. */
  sampleBytes: 8 * KIB,
  /** Times an approved proposal is tried again at once when the library changes meanwhile; then its queue message is. */
  applyAttempts: 5,
  /** Other open proposals on the same thing that are looked at again when one was applied. */
  recheckedAfter: 20,
} as const;

/** Limits of proposals to change the library. */
export const approvalLimits = {
  /** Proposals of a team that may be open (pending or approved) at once. */
  openPerTeam: 500,
  /** Of those, one person's. */
  openPerPerson: 50,
  /** Proposals that one person may make in 24 hours, whatever became of them. */
  perPersonPerDay: 200,
  /** Days after which a proposal that came to nothing keeps what was proposed and who voted, but no longer its tests and what they gave. */
  testsKeptDays: 7,
  /** Characters of a justification. */
  justificationChars: 4_000,
  /** Characters of a comment, of a vote's too, and of the reason why a proposal was withdrawn. */
  commentChars: 2_000,
  /** Comments on one proposal. */
  comments: 200,
  /** Of these, how many of the newest get_proposal puts into its text; all are in its data. */
  commentsInText: 20,
  /** Tests of one proposal. */
  tests: 50,
  /** Bytes as JSON of a proposal's tests, and of what checking it found. */
  partBytes: 256 * KIB,
  /** Milliseconds after which what a lost message asked for is asked for again. */
  retryMs: 60_000,
  /** Milliseconds between looks at what is open: people leave, roles change and proposals become moot without a word. */
  lookMs: 60 * 60_000,
} as const;

/** Limits of notifications, webhooks and e-mail. */
export const notificationLimits = {
  /** Notifications kept of one person; the oldest go first. */
  inboxRows: 500,
  /** Days a notification is kept. */
  inboxDays: 90,
  /** New notifications of a team after which inboxes are trimmed at once; else that happens daily. */
  inboxTrimEvery: 50_000,
  /** Characters of a notification's title: it is one line. */
  titleChars: 300,
  /** Characters of its text. */
  bodyChars: 2_000,
  /** Webhooks of a team. */
  webhooks: 20,
  /** Characters of a webhook's address. */
  urlChars: 2_000,
  /** Characters of the further facts that a webhook is sent, as JSON; longer ones are left out, and `data_cut` says so. */
  dataChars: 16 * KIB,
  /** Deliveries of a team that may wait at once: what a receiver that is down piles up. Further ones are dead at once and can be replayed. */
  waitingDeliveries: 5_000,
  /** Days the log of deliveries is kept. */
  deliveryDays: 30,
  /** Finished deliveries kept in that log. */
  deliveryRows: 10_000,
  /** New deliveries of a team after which that log is trimmed at once; else that happens daily. */
  deliveryTrimEvery: 5_000,
  /** Tries of one delivery before it is dead: with the delays below they last 13 to 26 hours. */
  attempts: 14,
  /** Milliseconds before the second try; each further one doubles it. */
  retryMs: 30_000,
  /** Milliseconds between two tries at most, a receiver's Retry-After included. */
  maxRetryMs: 6 * 60 * 60_000,
  /** Milliseconds that one try may take, its look-ups of names and its redirects included. */
  timeoutMs: 10_000,
  /** Milliseconds that saving a webhook waits for its name to be looked up; each delivery looks again. */
  lookUpMs: 3_000,
  /** Redirects of one try. */
  redirects: 3,
  /** Milliseconds a delivery stays with the consumer that took it: longer than a batch of tries may take. */
  leaseMs: 2 * 60_000,
  /** Deliveries taken at once. */
  leased: 20,
  /** Tries under way at once: a Worker opens six connections. */
  atOnce: 4,
  /** Batches of one message's handling; what is left goes to another message. */
  batches: 5,
  /** Milliseconds after which deliveries that are due and that no consumer came for are asked for again. */
  sweepMs: 60_000,
  /** Notifications that one digest names; it says how many more there are. */
  digestEntries: 50,
  /** Messages that the deployment keeps of those a queue gave up on. */
  deadLetters: 10_000,
  /** Days such a message is kept. */
  deadLetterDays: 90,
} as const;

/** Limits of sharing a library between teams. */
export const sharingLimits = {
  /** Bytes of an export that a tool's answer holds; a larger one is fetched over REST. */
  toolExportBytes: 32 * KIB,
  /** Earlier versions of an entry whose hashes travel with it: by them an import tells a newer version from another one. */
  earlierVersions: 10,
  /** Entries whose versions the team's object reads at once: it does nothing else meanwhile. */
  historySlice: 100,
  /** Characters of the differences that a plan shows. */
  diffChars: 48 * KIB,
  /** Keys of other teams that a team may trust. */
  signers: 100,
} as const;

/** Limits of a team's live feed. */
export const liveLimits = {
  /** Events kept for listeners that come back. */
  rows: 10_000,
  /** Days they are kept. */
  days: 7,
  /** Events between two trims of what is over that. */
  trimEvery: 100,
  /** Open feeds and MCP streams of one person. */
  personListeners: 200,
  /** Open feeds and MCP streams of a team: each event goes to all of them. */
  teamListeners: 5_000,
  /** Bytes that a listener is sent without a ping of it before its feed is closed: what it does not read waits in memory. */
  unheardBytes: 4 * MIB,
} as const;

/** Limits of what is learned from ad hoc queries, and of looking at how tools perform. */
export const learningLimits = {
  /** Queries of a team that are remembered in their normalised form; the least run ones make room. */
  patterns: 1_000,
  /** People remembered of each. */
  people: 100,
  /** Literals of a query; one with more is not remembered. */
  places: 24,
  /** Values remembered of each literal. */
  variants: 20,
  /** Characters of a literal's value; a longer one is cut, and only counts. */
  valueChars: 200,
  /** Characters of a query; a longer one is not remembered. */
  queryChars: 4_000,
  /** Days after its last run that a query is forgotten. */
  days: 90,
  /** Characters of the drafted tests' inputs and outputs of one suggestion. */
  testChars: 4_000,
  /** Values of a literal up to which a draft lists them. */
  listedValues: 8,
  /** Rewritten programs that one optimize_tool tries. */
  trials: 12,
  /** Bytes of outputs up to which two programs are compared. */
  comparedBytes: 8 * MIB,
  /** Bytes of a dataset up to which programs are compared on it. */
  comparedInputBytes: 64 * MIB,
  /** Days that tool_performance looks back when the caller asks for no number. */
  performanceDays: 30,
  /** Tools that one answer of it shows. */
  shownTools: 50,
} as const;

/** Limits of comparing versions of functions and tools. */
export const historyLimits = {
  /** Versions that blame looks back over. */
  blameVersions: 1_000,
  /** Steps of comparing lines that one blame may take: about 0.3 s. */
  blameSteps: 20_000_000,
  /** Lines of a blame that are shown when the caller asks for no number. */
  blameLines: 200,
  /** Lines of one such answer at most. */
  maxBlameLines: 2_000,
  /** Characters of all diffs of one answer. */
  diffChars: 64 * KIB,
} as const;

/** Limits of backups. */
export const backupLimits = {
  /** Bytes of a team's SQLite that a backup takes: the team's object does nothing else while it is read. */
  stateBytes: 1024 * MIB,
  /** Bytes of it that a snapshot before a migration takes: the platform gives an object 30 seconds to start. */
  migrationStateBytes: 256 * MIB,
  /** Bytes of one piece of a snapshot: what the object keeps in one row, and what one frame of an encrypted file holds. */
  chunkBytes: MIB,
  /** Such pieces that one call brings out of the object. */
  chunksPerCall: 8,
  /** Snapshots of a team that may wait to be stored at once: each is a copy of its state. */
  waiting: 3,
  /** Milliseconds without a sign of life after which the storing of a backup counts as broken off. */
  leaseMs: 2 * 60_000,
  /** Milliseconds after which a snapshot that is still not stored is asked for again. */
  retryMs: 10 * 60_000,
  /** Milliseconds after which it is given up: until then no file of a dataset is deleted. */
  storeWithinMs: 6 * 60 * 60_000,
  /** Milliseconds that one message of the queue copies files before the next goes on. */
  copyMs: 10 * 60_000,
  /** Hours a preview of a restore lives. */
  previewHours: 24,
  /** Previews of a team at once. */
  previews: 3,
  /** Milliseconds after which a restore that was not finished is cleared away. */
  stagingMs: 60 * 60_000,
  /** Names of one kind that a preview's answer shows. */
  shownNames: 20,
} as const;
