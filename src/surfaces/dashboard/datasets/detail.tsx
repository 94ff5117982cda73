// One dataset: what is in it, what uses it, how to query it, who sees it. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { isRecord, parseExact } from "../../../core/exact-json.ts";
import { cutText } from "../../../core/markdown.ts";
import { may, roles } from "../../../features/access/access.ts";
import { deletionToken } from "../../../features/datasets/calls.ts";
import { fitsWhole } from "../../../features/datasets/datasets.ts";
import type { Dataset } from "../../../features/datasets/schema.ts";
import { describeVisibility } from "../../../features/visibility/visibility.ts";
import { datasetLimits, jqLimits } from "../../../limits.ts";
import { type Action, given, pathOf, textField, useTool } from "../actions.ts";
import { Confirm, Field, Form, Problem } from "../forms.tsx";
import { Ago, bytes, Code, Copy, count, DataTable, Live } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { Data, datasetOf, pageOfDataset, SchemaTable } from "./shared.tsx";

const cellChars = 120;
const toolTextChars = 240;
const sampleColumns = 12;

export async function datasetPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const dataset = datasetOf(c);
  const token = may(call.actor, "data:write") ? await deletionToken(dataset) : undefined;
  return pageOfDataset(c, dataset, {
    title: dataset.name,
    tab: "overview",
    ...(dataset.description === "" ? {} : { intro: <bdi>{dataset.description}</bdi> }),
    attempt,
    ownProblems: ["visibility"],
    done: {
      restored: <p>The dataset is back as it was.</p>,
      uploaded: <p>The upload is complete. This is version {dataset.version}.</p>,
      visibility: <p>It is now shown to {describeVisibility(dataset.visibility ?? "everyone")}.</p>,
    },
    children: (
      <>
        <Live id="dataset" kinds={["dataset", "tool"]}>
          <Facts dataset={dataset} now={call.now()} />
          <section aria-labelledby="fields-title">
            <h2 id="fields-title">Fields</h2>
            <SchemaTable schema={dataset.schema} records={dataset.record_count} />
          </section>
          <Sample dataset={dataset} />
          <div class="columns">
            <UsedBy c={c} dataset={dataset} />
            <HowToQuery call={call} dataset={dataset} />
          </div>
        </Live>
        <div class="columns">
          <Sight call={call} dataset={dataset} attempt={attempt} />
          {token === undefined ? null : <Delete dataset={dataset} token={token} />}
        </div>
      </>
    ),
  });
}

function Facts({ dataset, now }: { dataset: Dataset; now: number }) {
  const { kind, record_count, version, format, updated_at, updated_by, created_at, created_by } = dataset;
  return (
    <>
      <dl class="stats">
        <div>
          <dt>Records</dt>
          <dd>{kind === "whole" ? "One document" : count(record_count)}</dd>
        </div>
        <div>
          <dt>Size</dt>
          <dd>{bytes(dataset.bytes)}</dd>
        </div>
        <div>
          <dt>Version</dt>
          <dd>{version}</dd>
        </div>
        <div>
          <dt>Uploaded as</dt>
          <dd>{format.toUpperCase()}</dd>
        </div>
      </dl>
      <p class="muted">
        This version is by <bdi>{updated_by}</bdi>, <Ago at={updated_at} now={now} />; the dataset was created by{" "}
        <bdi>{created_by}</bdi>, <Ago at={created_at} now={now} />.
      </p>
    </>
  );
}

/** The first records: as a table where they are objects, else as JSON. */
function Sample({ dataset }: { dataset: Dataset }) {
  const { sample, kind } = dataset;
  const records = sample.map((text) => parseExact(text));
  const objects = records.filter(isRecord);
  const columns = [...new Set(objects.flatMap((record) => Object.keys(record)))];
  return (
    <section aria-labelledby="sample-title">
      <h2 id="sample-title">{kind === "whole" ? "The document" : "First records"}</h2>
      {sample.length === 0 ? (
        <p class="muted">
          {dataset.record_count === 0
            ? "There are no records."
            : `Longer than ${datasetLimits.sampleRecordBytes} bytes, so not shown here. Query it, or download it.`}
        </p>
      ) : kind === "records" && objects.length === records.length && columns.length > 0 ? (
        <>
          <RecordTable records={objects} columns={columns.slice(0, sampleColumns)} />
          {columns.length > sampleColumns ? (
            <p class="hint">{columns.length - sampleColumns} more columns are in the records.</p>
          ) : null}
        </>
      ) : (
        <Code label="First records" text={sample.join("\n")} />
      )}
    </section>
  );
}

function RecordTable({
  records,
  columns,
}: {
  records: readonly Record<string, unknown>[];
  columns: readonly string[];
}) {
  return (
    <DataTable
      caption="First records"
      rows={records}
      columns={columns.map((column) => ({
        label: column,
        cell: (record: Record<string, unknown>) =>
          Object.hasOwn(record, column) ? <Data>{cutText(cellText(record[column]), cellChars)}</Data> : "",
      }))}
    />
  );
}

const cellText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

function UsedBy({ c, dataset }: { c: PageContext; dataset: Dataset }) {
  const tools = [...c.get("call").catalogue.tools.values()].filter(({ datasets }) => datasets.includes(dataset.name));
  return (
    <section class="card" aria-labelledby="used-title">
      <h2 id="used-title">Tools that use it</h2>
      {tools.length === 0 ? (
        <p class="muted">None yet. A query that works can be saved as a tool in the playground.</p>
      ) : (
        <ul>
          {tools.map(({ name, description }) => (
            <li>
              <a href={pathOf(c, `/library/tools/${name}`)}>
                <bdi>{name}</bdi>
              </a>{" "}
              <span class="sub">
                <bdi>{cutText(description, toolTextChars)}</bdi>
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function HowToQuery({ call, dataset }: { call: CallContext; dataset: Dataset }) {
  const { name, kind } = dataset;
  const mode = fitsWhole(dataset) ? "" : ',"input":"records"';
  const query = kind === "whole" || mode !== "" ? "." : ".[0:3]";
  const api = `${call.origin}/t/${call.team}/api/v1/datasets/${name}/content`;
  return (
    <section class="card" aria-labelledby="query-title">
      <h2 id="query-title">Query and fetch it</h2>
      <p>An assistant, or any MCP client:</p>
      <Copy id="query-mcp" label="MCP call" text={`query_dataset {"dataset":"${name}","query":"${query}"${mode}}`} />
      {mode === "" ? null : (
        <p class="hint">
          Too large to query whole (limit {count(jqLimits.wholeInputBytes)} bytes): the query runs once per record.
        </p>
      )}
      <p>A script:</p>
      <Copy id="query-curl" label="curl line" text={`curl -H "Authorization: Bearer $TOKEN" ${api}`} />
      <p>The command line:</p>
      <Copy id="query-cli" label="command line" text={`npx super-data datasets pull ${name}`} />
    </section>
  );
}

const choices = [
  { value: "everyone", label: "Everyone in the team" },
  ...roles.filter((role) => role !== "viewer").map((role) => ({ value: role, label: describeVisibility(role) })),
  { value: "people", label: "The people named below" },
];

function Sight({ call, dataset, attempt }: { call: CallContext; dataset: Dataset; attempt?: Attempt | undefined }) {
  const visibility = dataset.visibility ?? "everyone";
  const { username } = call.actor;
  const sets =
    may(call.actor, "visibility:manage") || (dataset.created_by === username && may(call.actor, "data:write"));
  const tried = attempt?.action === "visibility" ? attempt : undefined;
  return (
    <section class="card" aria-labelledby="sight-title">
      <h2 id="sight-title">Who sees it</h2>
      {tried === undefined ? null : <Problem attempt={tried} />}
      <p>
        Shown to <bdi>{describeVisibility(visibility)}</bdi>. For others it does not exist.
      </p>
      {sets ? (
        <Form action="visibility" label="Who sees it">
          <Field
            name="visibility"
            label="Show it to"
            options={choices}
            value={typeof visibility === "string" ? visibility : "people"}
            attempt={tried}
          />
          <Field
            name="people"
            label="People"
            hint="Usernames, separated by commas. Owners always see it."
            value={typeof visibility === "string" ? "" : visibility.join(", ")}
            attempt={tried}
          />
          <button type="submit" class="quiet">
            Save
          </button>
        </Form>
      ) : (
        <p class="hint">Admins, and whoever created it, can change that.</p>
      )}
    </section>
  );
}

function Delete({ dataset, token }: { dataset: Dataset; token: string }) {
  return (
    <section class="card" aria-labelledby="delete-title">
      <h2 id="delete-title">Delete</h2>
      <p>
        It is gone for everyone at once, and can be brought back for {datasetLimits.keptDays} days. Tools that use it
        fail until then.
      </p>
      <Confirm
        action="delete"
        label="Delete the dataset …"
        button={`Delete ${dataset.name}`}
        fields={{ confirm: token }}
      >
        <p>
          Delete <bdi>{dataset.name}</bdi>,{" "}
          {dataset.kind === "whole" ? "one document" : `${count(dataset.record_count)} records`}, {bytes(dataset.bytes)}
          ?
        </p>
      </Confirm>
    </section>
  );
}

export const datasetActions: Readonly<Record<string, Action>> = {
  visibility: async (call, form, c) => {
    const chosen = textField(form, "visibility");
    const people = (textField(form, "people") ?? "").split(/[\s,]+/).filter((name) => name !== "");
    const visibility = chosen === "people" ? people : chosen;
    await useTool(call, "set_visibility", given({ kind: "dataset", name: datasetOf(c).name, visibility }), form);
    return { done: "visibility" };
  },
  delete: async (call, form, c) => {
    const { name } = datasetOf(c);
    await useTool(call, "delete_dataset", given({ dataset: name, confirm: textField(form, "confirm") }), form);
    return { to: `/datasets?deleted=${encodeURIComponent(name)}`, done: "deleted" };
  },
};
