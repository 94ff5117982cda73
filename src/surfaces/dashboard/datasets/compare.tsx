// What changed between two versions of a dataset. Runs at the edge.
import { parseWith } from "../../../core/parse.ts";
import { compareVersions } from "../../../features/datasets/comparing/compare.ts";
import { type Comparison, compareSchema } from "../../../features/datasets/comparing/schema.ts";
import { count, DataTable, Diff, type DiffLine, Empty, urlOf } from "../parts.tsx";
import type { PageContext } from "../routes.ts";
import { Data, datasetOf, pageOfDataset } from "./shared.tsx";
import { CompareForm } from "./versions.tsx";

const shownRecords = 20;

export async function comparePage(c: PageContext): Promise<Response> {
  const call = c.get("call");
  const dataset = datasetOf(c);
  const query = urlOf(c).searchParams;
  const wanted = (name: string): number | undefined => (query.get(name) ? Number(query.get(name)) : undefined);
  const by = query.get("by")?.trim() || undefined;
  const asked = { dataset: dataset.name, from: wanted("from"), to: wanted("to"), key: by, limit: shownRecords };
  const [comparison, { versions }] = await Promise.all([
    compareVersions(call, parseWith(compareSchema, asked, "compare")),
    call.stub.datasets().history(dataset.name, call.actor),
  ]);
  const { from, to } = comparison;
  return pageOfDataset(c, dataset, {
    title: `${dataset.name}: version ${from.version} to ${to.version}`,
    intro: (
      <>
        Version {from.version} by <bdi>{from.written_by}</bdi> to version {to.version} by <bdi>{to.written_by}</bdi>.
      </>
    ),
    tab: "versions",
    children: (
      <>
        <CompareForm c={c} name={dataset.name} versions={versions} from={from.version} to={to.version} by={by} />
        {comparison.notes.map((note) => (
          <p class="warning">{note}</p>
        ))}
        <Counts comparison={comparison} />
        <Fields schema={comparison.schema} />
        <Changed comparison={comparison} />
        <Lists comparison={comparison} />
      </>
    ),
  });
}

function Counts({ comparison }: { comparison: Comparison }) {
  const { counts, compared, key } = comparison;
  if (counts === undefined) return null;
  const { unchanged, added, removed, changed } = counts;
  if (isSame(comparison)) {
    return (
      <Empty title="They hold the same">
        <p>No record and no field differs.</p>
      </Empty>
    );
  }
  const shown: [string, number | undefined][] = [
    ["Added", added],
    ["Removed", removed],
    ["Changed", changed],
    ["Unchanged", unchanged],
  ];
  const how = {
    key: <>Records are matched by {key === undefined ? "" : <Data>{key}</Data>}.</>,
    records: "Whole records are compared.",
    document: "Places in the document are compared.",
    nothing: "",
  };
  return (
    <>
      <dl class="stats">
        {shown.map(([label, number]) =>
          number === undefined ? null : (
            <div>
              <dt>{label}</dt>
              <dd>{count(number)}</dd>
            </div>
          ),
        )}
      </dl>
      <p class="muted">{how[compared]}</p>
    </>
  );
}

function isSame({ counts, schema, complete }: Comparison): boolean {
  const fields = schema.added.length + schema.removed.length + schema.changed.length;
  return complete && fields === 0 && counts !== undefined && counts.added + counts.removed + counts.changed === 0;
}

function Fields({ schema }: { schema: Comparison["schema"] }) {
  const lines: DiffLine[] = [
    ...schema.removed.map(({ path, types }) => ({ kind: "removed" as const, text: `${path}: ${types.join(", ")}` })),
    ...schema.added.map(({ path, types }) => ({ kind: "added" as const, text: `${path}: ${types.join(", ")}` })),
    ...schema.changed.flatMap(({ path, before, after }) => [
      { kind: "removed" as const, text: `${path}: ${before.join(", ")}` },
      { kind: "added" as const, text: `${path}: ${after.join(", ")}` },
    ]),
  ];
  if (lines.length === 0) return null;
  return (
    <section aria-labelledby="fields-title">
      <h2 id="fields-title">Fields</h2>
      <Diff label="Changes of fields" lines={lines} />
      {schema.complete ? null : <p class="hint">There are more fields than are kept, so some of this may be wrong.</p>}
    </section>
  );
}

function Changed({ comparison }: { comparison: Comparison }) {
  const { changed, counts, compared } = comparison;
  if (changed.length === 0) return null;
  const rows = changed.flatMap(({ key, changes, total }) => [
    ...changes.map((change, index) => ({ ...change, key: index === 0 ? key : "" })),
    ...(total > changes.length
      ? [{ key: "", path: `and ${total - changes.length} more places`, before: undefined, after: undefined }]
      : []),
  ]);
  const isDocument = compared === "document";
  return (
    <section aria-labelledby="changed-title">
      <h2 id="changed-title">{isDocument ? "Changes" : "Changed records"}</h2>
      {!isDocument && counts !== undefined && counts.changed > changed.length ? (
        <p class="hint">
          The first {changed.length} of {count(counts.changed)}.
        </p>
      ) : null}
      <DataTable
        caption={isDocument ? "Changes" : "Changed records"}
        rows={rows}
        columns={[
          ...(isDocument
            ? []
            : [{ label: comparison.key ?? "Record", cell: ({ key }: { key: string }) => <Data>{key}</Data> }]),
          { label: "Place", cell: ({ path }) => <Data>{path}</Data> },
          { label: "Before", cell: ({ before }) => (before === undefined ? "" : <Data>{before}</Data>) },
          { label: "After", cell: ({ after }) => (after === undefined ? "" : <Data>{after}</Data>) },
        ]}
      />
    </section>
  );
}

function Lists({ comparison }: { comparison: Comparison }) {
  const { added, removed, counts } = comparison;
  if (counts === undefined || added.length + removed.length === 0) return null;
  return (
    <section aria-labelledby="lists-title">
      <h2 id="lists-title">Records that came and went</h2>
      <p class="hint">
        The first {added.length} of {count(counts.added)} added and the first {removed.length} of{" "}
        {count(counts.removed)} removed.
      </p>
      <Diff
        label="Records that came and went"
        lines={[
          ...removed.map((text) => ({ kind: "removed" as const, text })),
          ...added.map((text) => ({ kind: "added" as const, text })),
        ]}
      />
    </section>
  );
}
