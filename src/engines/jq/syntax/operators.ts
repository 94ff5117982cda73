// How tightly jq's operators bind. Runs anywhere.

/** Binding strength of the operators below "|"; a higher number binds tighter. */
export const operatorLevels: ReadonlyMap<string, number> = new Map([
  [",", 1],
  ["//", 2],
  ...["=", "|=", "+=", "-=", "*=", "/=", "%=", "//="].map((operator) => [operator, 3] as const),
  ["or", 4],
  ["and", 5],
  ...["==", "!=", "<", "<=", ">", ">="].map((operator) => [operator, 6] as const),
  ["+", 7],
  ["-", 7],
  ["*", 8],
  ["/", 8],
  ["%", 8],
]);
export const alternativeLevel = 2;
export const assignmentLevel = 3;
export const comparisonLevel = 6;
