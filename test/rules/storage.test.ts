// Every table and queue message there is stands in docs/storage.md, and nothing else does. Runs in Node.
import { expect, it } from "vitest";
import { filesUnder, textOf } from "./sources.ts";

const matches = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, name = ""]) => name);

/** First column of the table under a heading of docs/storage.md. */
function documented(heading: RegExp): string[] {
  const section = textOf("docs/storage.md")
    .split(/^## /m)
    .find((part) => heading.test(part));
  return matches(section ?? "", /^\| `(\w+)/gm).sort();
}

it.each([
  ["team", /^The team's object/],
  ["person", /^A person's object/],
  ["deployment", /^The deployment's object/],
  ["workspace", /^The team's workspace/],
])("documents every table of the %s's object", (object, heading) => {
  const created = filesUnder(`migrations/${object}`, [".sql"]).flatMap((path) =>
    matches(textOf(path), /CREATE TABLE `(\w+)`/g),
  );
  const ownList = matches(textOf("src/durable/db.ts"), /appliedTable = "(\w+)"/g);
  expect(documented(heading)).toEqual([...created, ...ownList].sort());
});

it("documents every queue message", () => {
  const types = matches(textOf("src/surfaces/background/messages.ts"), /z\.literal\("(\w+)"\)/g);
  expect(documented(/^Queue/)).toEqual(types.sort());
});
