// Names of built-in tools, which a team's tool may not take. A test compares the list with what is registered. Runs everywhere.

export const reservedToolNames: ReadonlySet<string> = new Set([
  "create_dataset",
  "deactivate_tool",
  "describe_dataset",
  "find_tools",
  "get_function",
  "get_tool",
  "list_datasets",
  "list_executions",
  "list_functions",
  "query_dataset",
  "restore_tool",
  "rollback_tool",
  "run_tool",
  "save_function",
  "save_tool",
  "test_tool",
  "tool_history",
]);
