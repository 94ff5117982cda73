// The history of a tool or function: versions with what they changed, any two compared, who wrote which line, going back. Runs at the edge.
import { compareVersions, readBlame, readHistory, type VersionWithDiff } from "../../../features/history/reading.ts";
import type { Comparison, EntryKind } from "../../../features/history/schema.ts";
import { type Action, pathOf, useTool } from "../actions.ts";
import { ActionButton } from "../forms.tsx";
import { Ago, Diff, Pager, Tag, urlOf, withQuery } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { diffLines } from "./diff-lines.ts";
import { findEntry, type Rights, rightsOf } from "./entries.ts";
import { entryPage } from "./entry-page.tsx";
import { JqPieces } from "./highlighted.tsx";
import { entryPath } from "./places.ts";
import { entryDone } from "./tool-page.tsx";

export async function historyPage(c: PageContext, kind: EntryKind, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const url = urlOf(c);
  const name = c.req.param("name") ?? "";
  const cursor = url.searchParams.get("cursor") ?? undefined;
  const [entry, rights, history, comparison, blame] = await Promise.all([
    findEntry(call, kind, name),
    rightsOf(call),
    readHistory(call, { kind, name }, { cursor }),
    comparisonFor(c, kind, name),
    url.searchParams.has("lines") ? readBlame(call, { kind, name }, {}) : undefined,
  ]);
  const newest = entry.item.version;
  return entryPage(c, {
    entry,
    view: "history",
    rights,
    attempt,
    done: entryDone,
    intro: "Every version is kept.",
    children: (
      <>
        {newest > 1 ? <CompareForm url={url} newest={newest} /> : null}
        {comparison === undefined ? null : <Compared comparison={comparison} />}
        {blame === undefined ? <BlameLink url={url} /> : <BlameTable blame={blame} />}
        <h2>Versions</h2>
        <ol class="versions">
          {history.items.map((version) => (
            <VersionItem c={c} version={version} newest={newest} rights={rights} isActive={entry.item.is_active} />
          ))}
        </ol>
        <Pager url={url} page={history} what={history.total === 1 ? "version" : "versions"} />
      </>
    ),
  });
}

/** Two versions, when the address names them; a number that is none is as if it were not there. */
async function comparisonFor(c: PageContext, kind: EntryKind, name: string): Promise<Comparison | undefined> {
  const query = urlOf(c).searchParams;
  const numberOf = (key: string): number | undefined => {
    const text = query.get(key) ?? "";
    return /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : undefined;
  };
  const [from, to] = [numberOf("from"), numberOf("to")];
  return from === undefined && to === undefined
    ? undefined
    : compareVersions(c.get("call"), { kind, name }, { from, to });
}

function CompareForm({ url, newest }: { url: URL; newest: number }) {
  const query = url.searchParams;
  const field = (name: "from" | "to", label: string, preset: number) => (
    <div class="field">
      <label for={`compare-${name}`}>{label}</label>
      <input
        id={`compare-${name}`}
        type="number"
        name={name}
        min={1}
        max={newest}
        value={query.get(name) ?? String(preset)}
        required
      />
    </div>
  );
  return (
    <form method="get" action={url.pathname} class="filters" aria-label="Compare two versions">
      {field("from", "From version", newest - 1)}
      {field("to", "To version", newest)}
      <button type="submit" class="quiet">
        Compare
      </button>
    </form>
  );
}

function Compared({ comparison: { from, to, changes, truncated } }: { comparison: Comparison }) {
  const title = `From ${from === null ? "nothing" : `version ${from.version}`} to version ${to.version}`;
  return (
    <section class="card" aria-labelledby="compared-title" id="compared">
      <h2 id="compared-title">{title}</h2>
      {changes.length === 0 ? <p>They hold the same.</p> : null}
      {changes.map(({ field, diff }) => (
        <>
          <h3>{field}</h3>
          <Diff lines={diffLines(diff)} label={`${field}, ${title}`} />
        </>
      ))}
      {truncated ? <p class="hint">The difference is longer than what is shown.</p> : null}
    </section>
  );
}

function VersionItem(props: {
  c: PageContext;
  version: VersionWithDiff;
  newest: number;
  rights: Rights;
  isActive: boolean;
}) {
  const { c, version: made, newest, rights, isActive } = props;
  const { version, action, author, created_at, reason, proposal_id, diff } = made;
  return (
    <li class="card">
      <div class="version">
        <strong>Version {version}</strong> <Tag>{action}</Tag>{" "}
        {version === newest && isActive ? <Tag tone="good">in use</Tag> : null}
        <span class="muted">
          <Ago at={created_at} now={c.get("call").now()} /> by <bdi>{author}</bdi>
        </span>
        {proposal_id === null ? null : <a href={pathOf(c, `/proposals/${proposal_id}`)}>voted in</a>}
        {version !== newest && rights.saves ? (
          <ActionButton action="rollback" fields={{ version }} label={`Go back to this version, ${version}`}>
            Go back to this version
          </ActionButton>
        ) : null}
      </div>
      {reason === null ? null : (
        <p>
          <bdi>{reason}</bdi>
        </p>
      )}
      {diff === "" ? (
        <p class="hint">Its content is that of the version before.</p>
      ) : (
        <details open={version === newest}>
          <summary>What changed</summary>
          <Diff lines={diffLines(diff)} label={`Changes of version ${version}`} />
        </details>
      )}
    </li>
  );
}

function BlameLink({ url }: { url: URL }) {
  return (
    <p>
      <a href={withQuery(url, { lines: "yes" })}>Show who wrote each line</a>
    </p>
  );
}

function BlameTable({ blame }: { blame: Awaited<ReturnType<typeof readBlame>> }) {
  const { versions, field, total, returned } = blame;
  // A text that ends its last line has no line after it.
  const items = blame.items.filter(({ text, line }) => text !== "" || line !== total);
  const made = new Map(versions.map((version) => [version.version, version]));
  return (
    <section class="card" aria-labelledby="lines-title" id="lines">
      <h2 id="lines-title">Who wrote each line</h2>
      <section class="scroll" aria-label={`Lines of the ${field}`} tabindex={0}>
        <table class="data blame">
          <caption class="hidden">Lines of the {field} and who brought each</caption>
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">By</th>
              <th scope="col">Line</th>
            </tr>
          </thead>
          <tbody>
            {items.map(({ text, version }) => (
              <tr>
                <td class="number">{version ?? "older"}</td>
                <td>
                  <bdi>{version === null ? "" : made.get(version)?.author}</bdi>
                </td>
                <td>
                  <code>
                    <JqPieces text={text} />
                  </code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {returned < total ? (
        <p class="hint">
          The first {returned} of {total} lines.
        </p>
      ) : null}
    </section>
  );
}

/** Makes an old version the newest again. */
export function goBack(kind: EntryKind): Action {
  return async (call, form, c) => {
    const name = c.req.param("name") ?? "";
    await useTool(call, `rollback_${kind}`, { name, version: Number(form.get("version")) }, form);
    return { to: entryPath(kind, name, "history"), done: "rolled-back" };
  };
}
