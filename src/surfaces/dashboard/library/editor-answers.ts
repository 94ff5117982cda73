// What the code editor in a browser asks for and is answered. Types only.

/** What it may offer to complete. */
export interface Offers {
  /** Functions, formats, tables and columns: what is written, and what is said of it. */
  words: {
    label: string;
    type: "builtin" | "function" | "format" | "table" | "column";
    detail?: string;
    info?: string;
  }[];
  /** Fields by path, as a dataset's schema has them: `address.city`, `tags[]`, `a["odd key"]`. */
  fields: { path: string; type: string }[];
}

/** One thing that is wrong with a piece of code: line and column from 1, lengths in UTF-16 units. */
export interface CodeProblem {
  line: number;
  column: number;
  length: number;
  message: string;
  hint?: string;
  severity: "error" | "warning";
}

export interface CheckAnswer {
  problems: CodeProblem[];
}
