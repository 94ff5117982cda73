// Reads a file of variables for the local server: NAME=value lines. Runs under Node.
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";

const name = /^[A-Z][A-Z0-9_]*$/;

/** The variables of the file at `path`. Throws an Error whose message says what is wrong with it. */
export function readVarsFile(path) {
  let text;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`The file of variables ${path} could not be read: ${error.code ?? error.message}.`);
  }
  const vars = parseEnv(text);
  for (const [key, value] of Object.entries(vars)) {
    if (!name.test(key)) throw new Error(`${path}: ${key} is not a name of a variable: use A-Z, 0-9 and _.`);
    if (key === "OPERATOR_TOKEN") throw new Error(`${path}: OPERATOR_TOKEN is made by npm start; leave it out.`);
    // The file that wrangler reads quotes each value so.
    if (/['\r\n]/.test(value))
      throw new Error(`${path}: the value of ${key} has a quote or a line break, which is not supported.`);
  }
  return vars;
}
