// Tables of what a preview found. Text goes in as text. Runs in the browser.
import type { Preview } from "./answers.ts";

const cellChars = 120;
const columnsShown = 12;

/** The fields that were found. */
export function fieldsTable({ schema }: Preview): HTMLElement {
  if (schema.fields.length === 0) return note("No fields were found yet.");
  return table(
    "Fields",
    ["Field", "Types", "Present", "Examples"],
    schema.fields.map(({ path, types, present, examples }) => [
      path,
      types.join(", "),
      `${Math.round(present * 1000) / 10}%`,
      examples.map((example) => JSON.stringify(example)).join(", "),
    ]),
  );
}

/** The first records: in columns where they are objects, else as JSON. */
export function recordsTable({ records }: Preview): HTMLElement {
  if (records.length === 0) return note("No records to show.");
  const values = records.map((text): unknown => JSON.parse(text));
  const objects = values.filter(
    (value): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value),
  );
  if (objects.length < values.length)
    return table(
      "First records",
      ["Record"],
      records.map((record) => [record]),
    );
  const columns = [...new Set(objects.flatMap((record) => Object.keys(record)))].slice(0, columnsShown);
  return table(
    "First records",
    columns,
    objects.map((record) => columns.map((column) => (Object.hasOwn(record, column) ? cellText(record[column]) : ""))),
  );
}

function cellText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function note(text: string): HTMLElement {
  const paragraph = document.createElement("p");
  paragraph.className = "muted";
  paragraph.textContent = text;
  return paragraph;
}

function table(caption: string, headings: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
  const place = document.createElement("section");
  place.className = "scroll";
  place.tabIndex = 0;
  place.ariaLabel = caption;
  const element = document.createElement("table");
  element.className = "data";
  const head = element.createTHead().insertRow();
  for (const heading of headings) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = heading;
    head.append(cell);
  }
  const body = element.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const text of row) {
      const cell = line.insertCell();
      const data = document.createElement("bdi");
      data.className = "data-text";
      data.textContent = text.length > cellChars ? `${text.slice(0, cellChars)}…` : text;
      cell.append(data);
    }
  }
  place.append(element);
  return place;
}
