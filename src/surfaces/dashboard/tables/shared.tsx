// What the pages of tables and frames have in common. Runs at the edge.
import { ownValue } from "../../../core/markdown.ts";
import type { Rows } from "../../../features/results/schema.ts";
import { pathOf } from "../actions.ts";
import { DataTable, Tabs } from "../parts.tsx";
import type { PageContext } from "../routes.ts";

/** Rows of a page. */
export const rowsAPage = 50;
const cellChars = 200;

const formats = [
  ["csv", "CSV"],
  ["json", "JSON"],
  ["ndjson", "NDJSON"],
  ["parquet", "Parquet"],
  ["arrow", "Arrow"],
] as const;

/** The way between tables and frames. */
export function KindTabs({ c, here }: { c: PageContext; here: "tables" | "frames" }) {
  return (
    <Tabs
      label="Kind"
      tabs={[
        { label: "Tables", href: pathOf(c, "/tables"), here: here === "tables" },
        { label: "Frames", href: pathOf(c, "/tables/-/frames"), here: here === "frames" },
      ]}
    />
  );
}

/** Links to all rows as a file, in each format. `path`: of the thing below the API's address. */
export function Downloads({ c, path }: { c: PageContext; path: string }) {
  return (
    <p class="downloads">
      Download{" "}
      {formats.map(([format, label], index) => (
        <>
          {index === 0 ? "" : ", "}
          <a download href={pathOf(c, `/api/v1${path}/content?format=${format}`)}>
            {label}
          </a>
        </>
      ))}
    </p>
  );
}

/** Rows in their columns. `url`: where headings sort. */
export function RowsTable({ caption, data, url }: { caption: string; data: Rows; url?: URL }) {
  const columns = data.columns ?? [];
  const numeric = new Set(["int", "float", "decimal", "int64", "float64"]);
  return (
    <DataTable
      caption={caption}
      rows={data.rows as Record<string, unknown>[]}
      {...(url === undefined ? {} : { url })}
      columns={columns.map(({ name, type }, index) => ({
        label: name,
        ...(url === undefined ? {} : { sort: name }),
        // The first names the row, and reads better at the left.
        number: index > 0 && numeric.has(type),
        cell: (row: Record<string, unknown>) => <Cell value={ownValue(row, name)} />,
      }))}
    />
  );
}

function Cell({ value }: { value: unknown }) {
  if (value === undefined || value === null) return <span class="muted">null</span>;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text.length <= cellChars) return <bdi class="data-text">{text}</bdi>;
  return (
    <details>
      <summary>
        <bdi class="data-text">{text.slice(0, cellChars)}…</bdi>
      </summary>
      <bdi class="data-text">{text}</bdi>
    </details>
  );
}
