// What the team has, counted, with the newest of each. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { pathOf } from "../actions.ts";
import { Ago, count, Live } from "../parts.tsx";
import type { PageContext } from "../routes.ts";
import { type Holding, type HomeData, newestOf } from "./home-data.ts";

interface Kind {
  label: string;
  href: string;
  holding: Holding | undefined;
  /** Where the newest one is. */
  hrefOf: (name: string) => string;
  /** What one does to have the first. */
  first: string;
}

export function Here({ c, data }: { c: PageContext; data: HomeData }) {
  const now = c.get("call").now();
  return (
    <Live id="here" kinds={["dataset", "tool", "function", "table", "frame"]}>
      <section aria-labelledby="here-title">
        <h2 id="here-title">What is here</h2>
        <ul class="holdings">
          {kindsOf(c, data).map(({ label, href, holding, hrefOf, first }) => (
            <li>
              <a href={href}>
                <span class="number">{holding === undefined ? "–" : count(holding.total)}</span> {label}
              </a>
              <p class="hint">
                {holding === undefined ? (
                  "The workspace did not answer. Load the page again in a minute."
                ) : holding.newest !== undefined ? (
                  <>
                    Newest:{" "}
                    <a href={hrefOf(holding.newest.name)}>
                      <bdi>{holding.newest.name}</bdi>
                    </a>
                    , <Ago at={holding.newest.at} now={now} />
                  </>
                ) : holding.total === 0 ? (
                  first
                ) : null}
              </p>
            </li>
          ))}
        </ul>
      </section>
    </Live>
  );
}

function kindsOf(c: PageContext, { tables, frames }: HomeData): Kind[] {
  const { catalogue } = c.get("call");
  const below = (path: string) => ({
    href: pathOf(c, path),
    hrefOf: (name: string) => pathOf(c, `${path}/${encodeURIComponent(name)}`),
  });
  return [
    {
      label: "datasets",
      ...below("/datasets"),
      holding: inCatalogue(catalogue.datasets),
      first: "Upload a JSON, NDJSON or CSV file.",
    },
    {
      label: "tools",
      ...below("/library/tools"),
      href: pathOf(c, "/library"),
      holding: inCatalogue(catalogue.tools),
      first: "Save a query that worked.",
    },
    {
      label: "functions",
      ...below("/library/functions"),
      holding: inCatalogue(catalogue.functions),
      first: "Shared jq that tools call.",
    },
    {
      label: "tables",
      ...below("/tables"),
      holding: tables,
      first: "Typed rows that assistants write to.",
    },
    {
      label: "frames",
      ...below("/tables/-/frames"),
      holding: frames,
      first: "Results kept under a name or handle.",
    },
  ];
}

function inCatalogue(entries: CallContext["catalogue"]["tools" | "functions" | "datasets"]): Holding {
  const changed = function* () {
    for (const { name, updated_at: at } of entries.values()) yield { name, at };
  };
  return { total: entries.size, newest: newestOf(changed()) };
}
