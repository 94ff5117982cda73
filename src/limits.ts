// Every limit of the product, with its unit and the reason. Runs everywhere. docs/limits.md lists them all; a test compares.

const KIB = 1024;
const MIB = 1024 * KIB;

/** Limits of one jq run. A breach is an error of its own code that names the limit, its value and the remedy. */
export const jqLimits = {
  /** Loop iterations inside the engine a run may use before any input is read: about 6 s of computation. */
  steps: 500_000_000,
  /** Further steps granted per byte of input read, so a long dataset can be read to its end and an endless program still stops. */
  stepsPerInputByte: 32,
  /** Bytes of engine memory of a run over a whole dataset: leaves room in an isolate of 128 MiB. */
  wholeMemoryBytes: 80 * MIB,
  /** Bytes of engine memory of a run in records mode or without a dataset: two may run at once. */
  recordsMemoryBytes: 48 * MIB,
  /** Bytes of engine memory that all runs of an isolate may reserve together. */
  isolateMemoryBytes: 96 * MIB,
  /** Milliseconds a run waits for its share of that memory before it is refused as busy. */
  admissionTimeoutMs: 50_000,
  /** Runs that may wait for memory in one isolate; more are refused at once. */
  admissionQueue: 512,
  /** Milliseconds without a sign of life after which a run's memory counts as free: a request that the platform ended says nothing. */
  memoryLeaseMs: 120_000,
  /** Bytes of input a whole-mode run takes: records need 9 to 20 times that in memory; long lists of small numbers, up to 58, meet the memory limit. */
  wholeInputBytes: 4 * MIB,
  /** Bytes that a run may write, shown or not; twice the bytes of input read come on top. */
  outputBytes: 128 * MIB,
  /** Outputs that a run may produce, shown or not; one per byte of input read comes on top. */
  outputCount: 2_000_000,
  /** Bytes of a single output value. */
  outputValueBytes: 8 * MIB,
  /** Characters of a compiled program: the query and the functions it pulls in. */
  programChars: 64 * KIB,
  /** Nested levels of a program's syntax. */
  programDepth: 200,
  /** Nested levels of a JSON value, in datasets and outputs: what jq 1.7.1 reads and prints. */
  valueDepth: 256,
  /** Bytes of all parameter values of a run, as JSON. */
  paramsBytes: 256 * KIB,
  /** Bytes kept of what `debug` and `stderr` write in a run. */
  messageBytes: 16 * KIB,
  /** Characters kept of an error text that the program or jq wrote. */
  errorChars: 500,
} as const;

/** Limits of what one answer shows. */
export const resultLimits = {
  /** Rows of an answer when the caller asks for no number. */
  defaultRows: 20,
  /** Estimated model tokens of such an answer's text. */
  defaultTokens: 2_000,
  /** Rows of an answer at most. */
  maxRows: 1_000,
  /** Bytes of an answer's rows as JSON at most: about 20,000 tokens, under what MCP hosts accept. */
  rowsBytes: 64 * KIB,
  /** Characters of an answer's text for its rows at most: four times rowsBytes, since escapes and column rules come on top. */
  textChars: 256 * KIB,
  /** Cells of a Markdown or CSV table at most; more, with nothing in most of them, are shown as JSON lines. */
  tableCells: 20_000,
  /** Characters of one table cell in Markdown before it is cut, with a note of what is missing. */
  cellChars: 400,
} as const;

/** Sizes of the caches one isolate keeps of immutable things. */
export const cacheLimits = {
  /** Bytes of answers of pure programs. */
  resultBytes: 8 * MIB,
  /** Bytes of outputs kept of one answer, so that further pages need no second run. */
  resultEntryBytes: 256 * KIB,
  /** Milliseconds a call waits for the same query of another call before it runs its own. */
  sharedRunMs: 60_000,
  /** Bytes of small datasets' contents. */
  datasetBytes: 8 * MIB,
  /** Bytes of a dataset small enough to be cached. */
  datasetEntryBytes: 512 * KIB,
  /** Characters, as JSON, of the definitions kept of all teams together; one team with all it may have fits. */
  catalogueChars: 20 * MIB,
  /** Team revisions after which an isolate is sent all definitions and not the differences, which name what was deleted too. */
  catalogueRevisions: 1_000,
} as const;

/** Limits of background messages. */
export const backgroundLimits = {
  /** Seconds a message may be delayed: what queues allow at most is 12 hours; a later one is sent anew by whoever gets it. */
  delaySeconds: 12 * 60 * 60,
} as const;

/** Limits of the execution log of a team. */
export const logLimits = {
  /** Rows kept. */
  rows: 100_000,
  /** Days kept. */
  days: 90,
  /** Executions that one search of text looks at, from its cursor back: the arguments of each have to be read. */
  searchRows: 10_000,
  /** Milliseconds a report may wait for others, so that many calls at once are one write. */
  batchMs: 50,
  /** Characters of a client's name, as it says it, in a line of the request log. */
  clientChars: 200,
  /** Characters of a call's arguments kept in its row. */
  parametersChars: 2_000,
} as const;

/** Limits of the MCP surface. */
export const mcpLimits = {
  /** Estimated model tokens of the default tools/list: hosts put all of it in front of every conversation. */
  toolListTokens: 2_000,
  /** Tools of one tools/list page: 2025-era clients read only the first page. */
  toolListPage: 500,
  /** First rows of a table or frame in its resource. */
  resourceRows: 10,
  /** Resources of one resources/list page. */
  resourcePage: 500,
  /** Values of one completion answer, as the protocol caps it. */
  completionValues: 100,
  /** Tools find_tools shows when the caller asks for no number. */
  foundTools: 8,
  /** Tools find_tools shows at most. */
  foundToolsMax: 200,
  /** Of those, tools shown with their whole JSON Schema and not as a signature alone. */
  foundSchemas: 3,
  /** Words of a search that count. */
  searchTerms: 32,
  /** Characters of a tool's name that does not exist that are searched for near ones. */
  unknownNameChars: 100,
  /** Milliseconds that changes wait for more of the same before a stream's client is told: an import makes hundreds. */
  feedQuietMs: 250,
  /** Characters of a client's name and version kept in the log. */
  clientChars: 200,
  /** Bytes of one MCP request. */
  requestBytes: 4 * MIB,
  /** Milliseconds between keep-alive comments on an open stream; also how a client that went away is noticed. */
  keepAliveMs: 15_000,
  /** Milliseconds before a lost feed is opened again for the first time; doubles with each failure. */
  feedRetryFirstMs: 250,
  /** Milliseconds between tries to open a lost feed at most. */
  feedRetryMaxMs: 10_000,
} as const;

/** Limits of requests to the REST API. */
export const httpLimits = {
  /** Bytes of a JSON body: it carries a few names and numbers, never data. */
  jsonBytes: 64 * KIB,
  /** Bytes of a form of a team's pages: a library may be pasted into it, and percent signs make its text up to three times as long. */
  formBytes: 4 * MIB,
  /** Bytes of a refused body that are still read, so that its sender is done writing when the answer comes. */
  restBytes: 4 * MIB,
  /** Milliseconds such a rest may take. */
  restMs: 2_000,
  /** Bytes of an answer that is sent as it is, whatever its reader takes: less than that goes over in one packet anyway. */
  plainBytes: KIB,
} as const;

/** Limits of lists: how many entries one answer holds. */
export const listLimits = {
  /** Entries at most, over MCP and REST. */
  maxEntries: 500,
  /** Entries a list tool shows when the caller asks for no number. */
  toolEntries: 50,
  /** Datasets list_datasets shows then: fewer, since their descriptions make long rows. */
  datasetEntries: 30,
  /** Entries of a list over REST then. */
  restEntries: 100,
  /** Versions tool_history shows then: each comes with what it changed. */
  versions: 10,
  /** Versions of one such answer at most. */
  maxVersions: 100,
  /** Versions get_function shows. */
  functionVersions: 20,
} as const;

/** Limits of a team's library of functions and tools. */
export const libraryLimits = {
  /** Functions of a team, deactivated ones included. */
  functions: 1_000,
  /** Tools of a team, deactivated ones included. */
  tools: 1_000,
  /** Bytes of one YAML import. */
  yamlBytes: MIB,
  /** Entries of an import that are saved at once: the team's object does nothing else meanwhile. */
  importSlice: 25,
  /** Bytes of one function or tool as JSON: every isolate that serves the team holds them all. */
  entryBytes: 96 * KIB,
  /** Bytes of all functions of a team as JSON, deactivated ones included: they travel to an isolate in one message. */
  functionsBytes: 4 * MIB,
  /** Bytes of all its tools, likewise. */
  toolsBytes: 4 * MIB,
  /** Characters of parsed definitions and queries an isolate keeps. */
  parsedChars: 2 * MIB,
  /** Characters of compiled programs an isolate keeps. */
  compiledChars: 4 * MIB,
  /** States of a parameter's pattern once its repetitions are written out. */
  patternStates: 200,
  /** Characters of a value that is checked against a pattern: the work is their product. */
  patternValueChars: 1_000,
  /** States visited while all values of one call or one save are checked against patterns: about 0.3 s. */
  patternSteps: 2_000_000,
} as const;

/** Limits of datasets and of how they are uploaded. */
export const datasetLimits = {
  /** Datasets of a team: their descriptions travel to every isolate that serves it. */
  datasets: 500,
  /** Bytes stored of one dataset. */
  storedBytes: 1024 * MIB,
  /** Bytes of one upload request, whole or a part: the platform refuses bodies of more than 100 MB. */
  requestBytes: 95 * MIB,
  /** Parts of one upload. */
  parts: 1_000,
  /** Uploads in parts of a team that may be open at once. */
  openUploads: 200,
  /** Milliseconds a single-request upload may take before what it wrote is removed. */
  streamUploadMs: 60 * 60_000,
  /** Milliseconds an upload in parts may take before what it wrote is removed. */
  partsUploadMs: 24 * 60 * 60_000,
  /** Milliseconds an upload in parts is remembered once it is complete, for a caller who lost the answer. */
  completedUploadMs: 24 * 60 * 60_000,
  /** Replaced versions kept of a dataset, beside the current one: they can be read, compared and restored. */
  keptVersions: 10,
  /** Days a replaced version is kept, and a deleted dataset with all its versions: long enough to notice a mistake after a holiday. */
  keptDays: 30,
  /** Milliseconds the bytes of a version that is kept no longer stay for readers under way. */
  retiredGraceMs: 10 * 60_000,
  /** Milliseconds after which a deletion that nobody confirmed is sent again. */
  deletionRetryMs: 10 * 60_000,
  /** Bytes of one record. */
  recordBytes: 8 * MIB,
  /** Bytes sent to R2 at a time: parts of a multipart upload are equal, and 5 MiB is the least R2 takes. */
  writeBytes: 5 * MIB,
  /** Buffers of that size that one isolate holds at once: uploads share its memory with jq. */
  writeBuffers: 6,
  /** Milliseconds an upload waits for such a buffer before it is refused as busy. */
  writeWaitMs: 20_000,
  /** Milliseconds without a byte after which an upload's buffer counts as free: a request that the platform ended says nothing. */
  writeLeaseMs: 120_000,
  /** Columns of a CSV file. */
  csvColumns: 2_000,
  /** Characters of a CSV column's name as JSON: every record repeats it. */
  csvColumnNameChars: 256,
  /** Rows of a CSV file looked at before its columns' types are settled; they are held in memory until then. */
  csvTypeRows: 1_000,
  /** Characters of those rows as records at most. */
  csvTypeChars: 1 * MIB,
  /** Records at the start that are looked at to infer the schema. */
  schemaRecords: 10_000,
  /** After those, one record of this many is. */
  schemaEvery: 100,
  /** Fields of an inferred schema. */
  schemaFields: 200,
  /** Nested levels an inferred schema describes. */
  schemaDepth: 5,
  /** Characters of an inferred schema as JSON: all datasets' schemas travel together. */
  schemaChars: 16 * KIB,
  /** Characters of the schemas, samples and descriptions of all of a team's datasets: they travel to an isolate in one message. */
  definitionChars: 6 * MIB,
  /** Records kept as the sample. */
  sampleRecords: 5,
  /** Bytes of a record in the sample; a longer one is left out. */
  sampleRecordBytes: 2 * KIB,
  /** Bytes of content that the tool create_dataset takes. */
  toolContentBytes: 1 * MIB,
  /** Characters of a dataset's description. */
  descriptionChars: 2_000,
  /** Bytes of a file's beginning that a preview takes: hundreds of records, sent and read in a moment. */
  previewBytes: 256 * KIB,
  /** Records that a preview shows. */
  previewRecords: 20,
  /** Bytes read of each of two versions that are compared: a few seconds of computation. */
  compareBytes: 128 * MIB,
  /** Bytes of records held while their counterparts in the other version are looked for; versions in the same order need next to none. */
  compareHeldBytes: 16 * MIB,
  /** Records held so: each takes room besides its bytes. */
  compareHeldRecords: 100_000,
  /** Records, and changes of one, that a comparison shows when the caller asks for no number. */
  comparedShown: 5,
  /** Records that it shows at most. */
  comparedShownMax: 50,
  /** Characters of a record or value that it shows. */
  comparedChars: 300,
} as const;

/** Limits of the audit log. */
export const auditLimits = {
  /** Characters of a value before or after a change, as JSON; a longer one is cut and says so. Versions keep the whole content. */
  valueChars: 8 * KIB,
  /** Entries of one slice of an export or a verification: the team's object does nothing else meanwhile. */
  exportEntries: 1_000,
  /** Bytes of one such slice. */
  sliceBytes: MIB,
  /** Slices that one call of verify_audit_log reads; it goes on from a cursor. */
  verifySlices: 40,
  /** Entries that one filtered search looks at, from its cursor back. */
  searchEntries: 100_000,
  /** The same when it searches text: the values of each have to be read. */
  searchTextEntries: 10_000,
  /** Bytes of the entries in one answer over REST. */
  pageBytes: MIB,
  /** Changed fields that a line of search_audit_log shows. */
  shownFields: 6,
  /** Characters of a value in such a line. */
  shownValueChars: 60,
} as const;

/** Limits of idempotency keys. */
export const idempotencyLimits = {
  /** Characters of a key. */
  keyChars: 200,
  /** Milliseconds a key is remembered. */
  keptMs: 24 * 60 * 60_000,
  /** Milliseconds without a sign of life after which a request counts as dead: one that the platform ended says nothing. */
  leaseMs: 60_000,
  /** Milliseconds a retry waits for the request that runs under its key before it is told so. */
  waitMs: 25_000,
  /** Bytes of an answer that is kept whole; of a longer one only that it was given. */
  answerBytes: 64 * KIB,
  /** Bytes of all answers kept of a team; beyond, answers are not kept, only that they were given. */
  teamAnswerBytes: 256 * MIB,
  /** Bytes of a body that is read before its request begins; of a longer one the digest is known only at its end. */
  bufferedBytes: MIB,
} as const;

/** Limits of a team's activity over time: calls, background work and storage, as the dashboard's monitoring shows them. */
export const activityLimits = {
  /** Milliseconds of the periods that calls are counted in at first. */
  periodMs: 5 * 60_000,
  /** Milliseconds after which such periods are put together into hours, so that the window of an hour still has its minutes. */
  fineMs: 3 * 60 * 60_000,
  /** Milliseconds after which hours are put together into days, so that the window of a week still has its hours. */
  hoursMs: 8 * 24 * 60 * 60_000,
  /** Days that what was counted, and samples of what is stored, are kept. */
  days: 90,
  /** Pairs of tool and outcome counted in one hour; calls of further ones are counted as `other`. */
  series: 300,
  /** Pairs of person and tool counted in one hour, likewise. */
  userSeries: 1_000,
  /** Milliseconds between two samples of what is stored and what waits, while the team is in use. */
  sampleMs: 60 * 60_000,
  /** Tools and people that an answer lists when the caller asks for no number. */
  listed: 10,
  /** Tools and people that an answer lists at most. */
  maxListed: 100,
} as const;

/** Token buckets: each refills evenly. A team's hold at most a minute's worth; its admins set theirs up to maxPerMinute. */
export const rateLimits = {
  /** Requests of one person a minute, over all their credentials, until an admin sets another number: twice a token's, so that one that was stolen, or acts for them, leaves them theirs. */
  personPerMinute: 2_400,
  /** Requests of one token, connection or session a minute, likewise. */
  tokenPerMinute: 1_200,
  /** Runs of the jq engine of one person a minute, likewise; answers from the cache cost nothing. */
  queryPerMinute: 600,
  /** Writes of one person a minute, likewise. */
  writePerMinute: 300,
  /** What admins may set any of these to at most; the operator's RATE_LIMIT_MAX_PER_MINUTE takes its place. */
  maxPerMinute: 60_000,
  /** Tokens that are not good and one network address may present at once; an office shares one. */
  tokenGuessBurst: 100,
  /** Such tokens it may present a minute after that; the operator's TOKEN_GUESSES_PER_MINUTE takes its place. */
  tokenGuessesPerMinute: 60,
  /** Sign-ins that one network address may fail at once. */
  signInFailureBurst: 20,
  /** Sign-ins it may fail a minute after that; the operator's SIGN_IN_FAILURES_PER_MINUTE takes its place. */
  signInFailuresPerMinute: 2,
  /** Milliseconds between two writes of one bucket to storage. */
  saveEveryMs: 1_000,
  /** Buckets a team's object holds in memory before it drops those that are full. */
  bucketsHeld: 10_000,
  /** Network addresses that an isolate remembers as blocked. */
  addressesHeld: 10_000,
} as const;

/** Limits of metrics and of what they cost. */
export const metricsLimits = {
  /** Pairs of tool and outcome that a team counts; calls of further tools are counted as `other`. */
  series: 3_000,
  /** Teams one answer of the deployment's /metrics shows; the rest have their own /t/<team>/metrics. */
  teams: 500,
  /** Teams asked at once. */
  teamsAtOnce: 20,
  /** Milliseconds that an isolate answers /health/ready from memory. */
  readyCacheMs: 5_000,
  /** Milliseconds after which a part that has not answered counts as failed. */
  readyTimeoutMs: 5_000,
} as const;

/** Limits of who sees a dataset or tool. */
export const visibilityLimits = {
  /** Usernames one dataset or tool may be shown to; for more people there are roles. */
  people: 100,
} as const;

/** Limits of a team's people and of how they get in. */
export const peopleLimits = {
  /** People in a team; who was removed does not count. */
  members: 1_000,
  /** Service accounts of a team. */
  serviceAccounts: 100,
  /** Invitations of a team that may be open at once. */
  openInvitations: 200,
  /** Days an invitation is open when its author says nothing. */
  invitationDays: 7,
  /** Days an invitation is open at most. */
  maxInvitationDays: 30,
  /** Days an invitation that has ended is still listed. */
  endedInvitationDays: 30,
  /** Tokens of one person or service account that may be live at once. */
  liveTokensEach: 50,
  /** Days a token lives at most, when it expires at all. */
  maxTokenDays: 3_650,
} as const;

/** Limits of a deployment's teams. */
export const teamLimits = {
  /** Teams that one person may have created; those that were purged do not count. */
  createdEach: 20,
  /** Days a deleted team can be restored before all of it is removed for good. */
  graceDays: 30,
  /** Milliseconds after which the removal of a deleted team's files is asked for again, if nobody confirmed it. */
  purgeRetryMs: 60 * 60_000,
  /** Milliseconds a slug stays reserved for a creation that was not finished. */
  reservationMs: 10 * 60_000,
} as const;

/** Limits of the OAuth authorization server. */
export const oauthLimits = {
  /** Milliseconds an access token lives; what it may do is asked anew at every call. */
  accessTokenMs: 15 * 60_000,
  /** Milliseconds a connection lives that nobody uses; each refresh begins them anew. */
  refreshIdleMs: 30 * 24 * 60 * 60_000,
  /** Milliseconds a client that registered itself is remembered; half of them before the end, its next refresh begins them anew. */
  clientRegistrationMs: 90 * 24 * 60 * 60_000,
  /** Milliseconds a code lives that no client has come for. */
  codeMs: 10 * 60_000,
  /** Milliseconds an isolate believes a token it has found good; whether the connection still stands is asked at every call. */
  tokenCacheMs: 60_000,
  /** Tokens found good that an isolate remembers. */
  tokenCacheEntries: 5_000,
  /** Teams whose authorization server an isolate keeps made. */
  cachedServers: 500,
  /** OAuth clients that one network address may register at once: what a registration leaves is kept for clientRegistrationMs. */
  registrationBurst: 200,
  /** OAuth clients it may register a minute after that; the operator's REGISTRATIONS_PER_MINUTE takes its place. */
  registrationsPerMinute: 60,
  /** Connections of one person in a team; one more ends the one that was longest unused. */
  connectionsPerPerson: 50,
  /** Bytes of a request to the token or registration endpoint. */
  requestBytes: 64 * KIB,
  /** Characters kept of the name a client gives itself. */
  clientNameChars: 100,
} as const;

/** Limits of signing in with a browser. */
export const signInLimits = {
  /** Milliseconds a session lives at most. */
  sessionMs: 30 * 24 * 60 * 60_000,
  /** Milliseconds without a request after which a session ends. */
  sessionIdleMs: 7 * 24 * 60 * 60_000,
  /** Milliseconds between notes of when a session was last seen; on each request it would make every read a write. */
  sessionSeenEveryMs: 60_000,
  /** Sessions of one person; a further sign-in ends the one that was longest unused. */
  sessions: 50,
  /** Passkeys of one person. */
  passkeys: 20,
  /** Accounts at identity providers that sign in as one person. */
  identities: 10,
  /** Teams one person may be in: their home page asks each. */
  teams: 100,
  /** Milliseconds someone may take at an identity provider or with a passkey's prompt. */
  pendingMs: 10 * 60_000,
  /** Milliseconds to wait for one answer of an identity provider. */
  providerTimeoutMs: 10_000,
  /** Milliseconds an issuer's published configuration is believed before it is fetched again. */
  discoveryMs: 10 * 60_000,
  /** Seconds an identity provider's clock may differ from ours. */
  clockSkewSeconds: 60,
  /** Characters of a person's name. */
  displayNameChars: 100,
  /** Characters of a passkey's name. */
  passkeyLabelChars: 60,
  /** Characters of a browser's user agent kept with its session. */
  userAgentChars: 300,
} as const;
