// Pieces that the team's pages are made of. Runs at the edge.
import type { Child } from "hono/jsx";
import type { PageContext } from "./routes.ts";

/** What stands where there is nothing yet: why, and the next step. */
export function Empty({ title, children }: { title: string; children: Child }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

export interface Column<Row> {
  label: string;
  cell: (row: Row) => Child;
  /** Numbers stand at the right. */
  number?: boolean;
  /** Left out on narrow screens, where the row still makes sense without it. */
  wide?: boolean;
  /** What `?sort=` calls it; the heading is then a link that sorts. */
  sort?: string;
}

/** A table that scrolls by itself on a narrow screen. `caption` says what it lists, for those who do not see the heading. */
export function DataTable<Row>(props: {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  /** The page's address and its query: for headings that sort. */
  url?: URL;
  rowClass?: (row: Row) => string | undefined;
}) {
  const { caption, columns, rows, url, rowClass } = props;
  return (
    <section class="scroll" aria-label={caption} tabindex={0}>
      <table class="data">
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th scope="col" class={classOf(column)} aria-sort={sortOf(column.sort, url)}>
                {column.sort === undefined || url === undefined ? (
                  column.label
                ) : (
                  <a href={sortedBy(url, column.sort)}>{column.label}</a>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr class={rowClass?.(row)}>
              {columns.map((column) => (
                <td class={classOf(column)}>{column.cell(row)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function classOf({ number, wide }: { number?: boolean; wide?: boolean }): string | undefined {
  const names = [...(number === true ? ["number"] : []), ...(wide === true ? ["wide"] : [])];
  return names.length === 0 ? undefined : names.join(" ");
}

function sortOf(key: string | undefined, url: URL | undefined): "ascending" | "descending" | undefined {
  const sort = url?.searchParams.get("sort");
  if (key === undefined || (sort !== key && sort !== `-${key}`)) return undefined;
  return sort === key ? "ascending" : "descending";
}

/** The address that sorts by this column, the other way round when it already does. */
function sortedBy(url: URL, key: string): string {
  const isUp = url.searchParams.get("sort") === key;
  return withQuery(url, { sort: isUp ? `-${key}` : key, cursor: undefined });
}

/** This page's address with other values in its query; undefined takes one out. What a form has just done is no part of it. */
export function withQuery(url: URL, changes: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams(url.search);
  query.delete("done");
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) query.delete(name);
    else query.set(name, value);
  }
  return query.size === 0 ? url.pathname : `${url.pathname}?${query}`;
}

/** How many there are, and the way to the next of them. Going back is the browser's. */
export function Pager(props: {
  url: URL;
  page: { returned: number; total: number; next_cursor?: string | undefined };
  what: string;
  label?: string;
}) {
  const { url, page, what, label = "Pages" } = props;
  const isFirst = !url.searchParams.has("cursor");
  return (
    <nav class="pager" aria-label={label}>
      <p>
        {isFirst && page.next_cursor === undefined
          ? `${count(page.total)} ${what}`
          : `${count(page.returned)} of ${count(page.total)} ${what}`}
      </p>
      {isFirst ? null : <a href={withQuery(url, { cursor: undefined })}>First page</a>}
      {page.next_cursor === undefined ? null : (
        <a href={withQuery(url, { cursor: page.next_cursor })} rel="next">
          Next page
        </a>
      )}
    </nav>
  );
}

/** Places within a page, as links: each has an address of its own. */
export function Tabs({
  label,
  tabs,
}: {
  label: string;
  tabs: readonly { label: string; href: string; here: boolean; count?: number }[];
}) {
  return (
    <nav class="tabs" aria-label={label}>
      <ul>
        {tabs.map(({ label: text, href, here, count: number }) => (
          <li>
            <a href={href} aria-current={here ? "page" : undefined}>
              {text}
              {number === undefined ? null : <span class="count">{count(number)}</span>}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

export type Tone = "good" | "warn" | "bad" | "plain";

/** A short word on a state. Its colour says nothing that the word does not. */
export function Tag({ tone = "plain", children }: { tone?: Tone; children: Child }) {
  return <span class={tone === "plain" ? "tag" : `tag ${tone}`}>{children}</span>;
}

/**
 * A part of a page that follows the team's feed: when something of these kinds happens, it is loaded anew and what changed is put in place.
 * Fields that are being filled in keep what was typed. `id` must be the part's own.
 */
export function Live(props: { id: string; kinds: readonly string[]; children: Child; class?: string }) {
  return (
    <div id={props.id} class={props.class} data-live={props.kinds.join(" ")}>
      {props.children}
    </div>
  );
}

/** Text to copy: shown whole, with a button where scripts run. */
export function Copy({ id, text, label }: { id: string; text: string; label: string }) {
  return (
    <div class="copy">
      <section aria-label={label} tabindex={0}>
        <pre>
          <code id={id}>{text}</code>
        </pre>
      </section>
      <button type="button" class="quiet small" data-copy={id} aria-label={`Copy ${label}`} hidden>
        Copy
      </button>
    </div>
  );
}

/** Code to read. */
export function Code({ text, label }: { text: string; label: string }) {
  return (
    <section class="listing" aria-label={label} tabindex={0}>
      <pre>
        <code>{text}</code>
      </pre>
    </section>
  );
}

export interface DiffLine {
  kind: "same" | "added" | "removed";
  text: string;
}

/** Lines that came and went; a sign says which, besides the colour. */
export function Diff({ lines, label }: { lines: readonly DiffLine[]; label: string }) {
  const signs = { same: " ", added: "+", removed: "-" };
  return (
    <section aria-label={label} tabindex={0}>
      <pre class="diff">
        {lines.map(({ kind, text }) => (
          <span class={kind}>{`${signs[kind]} ${text}\n`}</span>
        ))}
      </pre>
    </section>
  );
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A moment: how long ago, and exactly, in UTC, since the server does not know where the reader is. Takes milliseconds or ISO 8601. */
export function Ago({ at, now }: { at: number | string; now: number }) {
  const date = new Date(at);
  const iso = date.toISOString();
  const exact = `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}, ${iso.slice(11, 16)} UTC`;
  return (
    <time datetime={iso} title={exact}>
      {ago(now - date.getTime()) ?? exact}
    </time>
  );
}

const minuteMs = 60_000;

/** "3 min ago"; undefined after a week, when a date says more. */
function ago(passedMs: number): string | undefined {
  const [amount, isPast] = [Math.abs(passedMs), passedMs >= 0];
  const say = (text: string): string => (isPast ? `${text} ago` : `in ${text}`);
  if (amount < minuteMs) return isPast ? "just now" : "in a moment";
  if (amount < 60 * minuteMs) return say(`${Math.floor(amount / minuteMs)} min`);
  if (amount < 24 * 60 * minuteMs) return say(`${Math.floor(amount / (60 * minuteMs))} h`);
  const days = Math.floor(amount / (24 * 60 * minuteMs));
  return days < 7 ? say(days === 1 ? "1 day" : `${days} days`) : undefined;
}

/** A whole number as people read it: `12,345`. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

const units = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A number of bytes as people read it: `1.4 MiB`. */
export function bytes(value: number): string {
  const power = value < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  const scaled = value / 1024 ** power;
  return `${power === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${units[power]}`;
}

/** This page's address. */
export function urlOf(c: PageContext): URL {
  return new URL(c.req.url);
}
