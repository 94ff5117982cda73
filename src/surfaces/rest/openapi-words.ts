// What the OpenAPI document says to whoever reads it. Runs at the edge.

export const openApiIntroduction = `Everything a team's data server does, over HTTP with JSON. Each operation that is named as an MCP tool is that tool: same
permissions, limits, execution log and audit log.

- **Sign in** with \`Authorization: Bearer <token>\`, or from a page of this site with its session.
- **Lists** give \`limit\` entries and \`next_cursor\`, to be sent as \`cursor\` for the next page.
- **Query strings**: a list is the same name several times, an object is its JSON text. Unknown names are refused.
- **Reading again**: answers have an \`ETag\`; send it as \`If-None-Match\` and get 304 while nothing has changed.
- **Changing safely**: send the etag as \`If-Match\`, and a change is made only in that state, else 412 with the current one. What
  changes by itself, such as counts of use, does not count.
- **Repeating safely**: a write with \`Idempotency-Key\` is done once, however often it is sent.
- **Errors** are \`application/problem+json\` with \`code\`, \`hint\` and \`request_id\`.`;

export const tagDescriptions: Readonly<Record<string, string>> = {
  Access: "Who one is, tokens, and OAuth clients that are connected.",
  Datasets: "Files of records that queries and tools read: upload, versions, content.",
  Queries: "jq over a dataset.",
  Tools: "Finding and running any tool.",
  SQL: "SQL over tables, frames and datasets.",
  Tables: "Tables of the team: definition, indexes, import and export.",
  Records: "Rows of tables: read, insert, update, delete, undo.",
  Frames: "Results that are kept for a while, operations on them, and charts.",
  Library: "The team's functions and tools, their versions, and moving them between teams.",
  Proposals: "Changes of the library that the team votes on.",
  Suggestions: "Queries that people repeat, drafted as tools.",
  Activity: "What was executed, and how it went.",
  "Signing keys": "The team's own key, and those whose exports it trusts.",
  Webhooks: "Receivers of notifications, and what was sent to them.",
  "Audit log": "Who changed what, as a chain that can be checked.",
  Notifications: "One's own notifications, and which of them one wants.",
  Backups: "Taking, fetching and restoring backups.",
  People: "Members and invitations.",
  Team: "The team itself: settings, deletion, ownership.",
  Visibility: "Who sees a dataset or tool.",
};
