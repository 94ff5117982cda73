// Visits every page of a team that links lead to, as a person would. Runs in Node.
import type { Visitor } from "./dashboard.ts";

/** A page that was reached, and what was found on it. */
export interface Crawled {
  /** Below the team's address, with its query. */
  path: string;
  status: number;
  headers: Record<string, string>;
}

/** What is no page of the team, or ends the visit. */
const notPages =
  /^\/(api|live|metrics|mcp)\b|\/(content|export|download|completions)\b|\.(json|yaml|csv|ndjson|svg|parquet|arrow|tar)\b/;
/** Pages of one kind are visited this often at most: with other names they are the same. */
const perKind = 3;
/** Queries of one page likewise. */
const perPage = 4;

/** A page's kind: its path with the names in it left out. */
function kindOf(path: string): string {
  const [folder = "", ...rest] = path
    .replace(/[?#].*/, "")
    .split("/")
    .slice(1);
  return `/${folder}/${rest.map((part) => (/^(tools|functions|new|edit|graph|deleted|suggestions|audit|notifications)$/.test(part) ? part : "*")).join("/")}`;
}

/**
 * Visits the team's home and from there every page, until no new kind is left. `look` is called on each once it has settled; what it
 * throws ends the crawl.
 */
export async function crawl(visitor: Visitor, look: (page: Crawled) => Promise<void>): Promise<Crawled[]> {
  const waiting = [""];
  const seen = new Set(waiting);
  const kinds = new Map<string, number>();
  const queries = new Map<string, number>();
  const visited: Crawled[] = [];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const [bare = "", query] = path.split("?");
    const counter = query === undefined ? kinds : queries;
    const key = query === undefined ? kindOf(bare) : kindOf(bare);
    const times = counter.get(key) ?? 0;
    if (times >= (query === undefined ? perKind : perPage)) continue;
    counter.set(key, times + 1);
    const response = await visitor.page.goto(visitor.base + path, { waitUntil: "load" });
    await visitor.page.waitForFunction(() => "htmx" in window);
    const page = { path, status: response?.status() ?? 0, headers: response?.headers() ?? {} };
    await look(page);
    visited.push(page);
    for (const href of await visitor.page.$$eval("a[href]:not([download])", (links) =>
      links.map((link) => new URL(link.getAttribute("href") ?? "", document.baseURI).href),
    )) {
      if (!href.startsWith(`${visitor.base}/`) && href !== visitor.base) continue;
      const found = href.slice(visitor.base.length).replace(/#.*/, "");
      if (seen.has(found) || notPages.test(found)) continue;
      seen.add(found);
      waiting.push(found);
    }
  }
  return visited;
}
