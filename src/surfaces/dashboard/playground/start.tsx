// What stands where the result will be, before there is one. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { may } from "../../../features/access/access.ts";
import { Empty } from "../parts.tsx";
import { type Example, examplesFor } from "./examples.ts";
import { Move } from "./moves.tsx";
import type { Language } from "./state.ts";
import { datasetSubject } from "./subject.ts";

/** Datasets that examples are taken from, and examples of each. */
const [shownDatasets, shownEach] = [3, 2];

/** Three lines that teach, and queries over the team's own data, one click away. */
export function Start({ call, path, lang }: { call: CallContext; path: string; lang: Language }) {
  const found = startExamples(call, lang);
  if (call.catalogue.datasets.size === 0) {
    return (
      <Empty title="There is no dataset to query yet.">
        <p>
          {may(call.actor, "data:write") ? (
            <>
              <a href={`/t/${call.team}/datasets`}>Upload a dataset</a>, then come back: JSON, NDJSON or CSV.
            </>
          ) : (
            "A member of the team uploads one; then it can be queried here."
          )}
        </p>
      </Empty>
    );
  }
  return (
    <div class="empty start">
      <ol>
        <li>
          {lang === "jq"
            ? "Choose what to read and write jq: . is the data, | goes on with it."
            : "Write SQL: tables, frames and datasets are in FROM by their names."}
        </li>
        <li>
          <kbd>Ctrl</kbd> <kbd>Enter</kbd> runs it; the result is a table, JSON or a chart.
        </li>
        <li>What works becomes a link, a file, a frame{lang === "jq" ? " or a tool of the team" : ""}.</li>
      </ol>
      {found.length === 0 ? null : (
        <>
          <p class="empty-title">Try one:</p>
          <ul class="plain">
            {found.map(({ label, state }) => (
              <li>
                <Move path={path} to={state}>
                  <bdi>
                    {state.dataset}: {label}
                  </bdi>
                </Move>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

/** Of several datasets, those that make charts first. */
function startExamples(call: CallContext, lang: Language): Example[] {
  const of = [...call.catalogue.datasets.values()].map((dataset) =>
    examplesFor(datasetSubject(dataset), lang).toSorted(
      (a, b) => Number(b.state.view === "chart") - Number(a.state.view === "chart"),
    ),
  );
  return of
    .filter((examples) => examples.length > 0)
    .toSorted((a, b) => b.length - a.length)
    .slice(0, shownDatasets)
    .flatMap((examples) => examples.slice(0, shownEach));
}
