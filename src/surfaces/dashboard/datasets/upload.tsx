// The upload page: a file step by step with scripts, pasted text or a terminal without. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import type { Dataset } from "../../../features/datasets/schema.ts";
import { datasetLimits } from "../../../limits.ts";
import { type Action, given, pathOf, textField, useTool } from "../actions.ts";
import { Field, Form, Problem } from "../forms.tsx";
import { teamPage } from "../page.tsx";
import { bytes, Copy, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";

/** Bytes of a part that a browser sends: after a lost connection as much is sent again at most. */
const partBytes = 8 * 1024 * 1024;

const formats = [
  { value: "csv", label: "CSV" },
  { value: "json", label: "JSON" },
  { value: "ndjson", label: "NDJSON (one JSON value a line)" },
];

export async function uploadPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const name = urlOf(c).searchParams.get("name") ?? "";
  const dataset = call.catalogue.datasets.get(name);
  return teamPage(c, {
    title: dataset === undefined ? "Upload a dataset" : `Upload a new version of ${dataset.name}`,
    section: "datasets",
    crumbs: [
      { label: "Datasets", path: "/datasets" },
      ...(dataset === undefined ? [] : [{ label: dataset.name, path: `/datasets/${dataset.name}` }]),
    ],
    intro: `A CSV, JSON or NDJSON file in UTF-8, up to ${bytes(datasetLimits.storedBytes)}. Nothing changes until the upload is complete.`,
    attempt,
    ownProblems: ["paste"],
    children: (
      <>
        <Wizard c={c} dataset={dataset} />
        <noscript>
          <p class="warning">Choosing a file here needs JavaScript. Without it, paste the data or use a terminal.</p>
        </noscript>
        <div class="columns other-ways">
          <Paste dataset={dataset} attempt={attempt} />
          <Terminal call={call} name={dataset?.name ?? "orders"} />
        </div>
      </>
    ),
  });
}

/** The steps of an upload, all of them here; the script shows one after the other and fills in what it finds. */
function Wizard({ c, dataset }: { c: PageContext; dataset: Dataset | undefined }) {
  const call = c.get("call");
  return (
    <dataset-upload
      class="upload"
      hidden
      data-api={pathOf(c, "/api/v1/datasets")}
      data-pages={pathOf(c, "/datasets")}
      data-preview-bytes={datasetLimits.previewBytes}
      data-part-bytes={partBytes}
      data-parts={datasetLimits.parts}
      data-max-bytes={datasetLimits.storedBytes}
      data-name={dataset?.name}
      data-known={[...call.catalogue.datasets.keys()].join(" ")}
    >
      <div class="warning" role="alert" data-part="problem" hidden>
        <p data-part="problem-text" />
      </div>
      <section class="card drop" data-step="choose" aria-labelledby="choose-title">
        <h2 id="choose-title">Choose a file</h2>
        <label for="upload-file">Drop a file here, or choose one</label>
        <input id="upload-file" type="file" accept=".csv,.tsv,.json,.geojson,.ndjson,.jsonl,.txt" />
        <p class="hint" role="status" data-part="reading" />
      </section>
      <Check dataset={dataset} />
      <section class="card" data-step="send" aria-labelledby="send-title" hidden>
        <h2 id="send-title" tabindex={-1}>
          Uploading
        </h2>
        <progress data-part="progress" max={100} value={0} aria-labelledby="send-title" />
        <p role="status" data-part="state" />
        <p class="actions">
          <button type="button" class="quiet" data-do="retry" hidden>
            Try now
          </button>
          <button type="button" data-do="replace" hidden>
            Replace it
          </button>
          <button type="button" class="danger" data-do="cancel">
            Cancel
          </button>
        </p>
        <p class="hint">Leaving the page pauses the upload. Choose the same file again within a day to go on.</p>
      </section>
      <section class="card" data-step="done" aria-labelledby="done-title" hidden>
        <h2 id="done-title" tabindex={-1}>
          The upload is complete
        </h2>
        <p data-part="result" />
        <ul data-part="notes" />
        <p class="actions">
          <a class="button" data-part="open" href={pathOf(c, "/datasets")}>
            Open the dataset
          </a>
          <button type="button" class="quiet" data-do="again">
            Upload another file
          </button>
        </p>
      </section>
    </dataset-upload>
  );
}

function Check({ dataset }: { dataset: Dataset | undefined }) {
  return (
    <section class="card" data-step="check" aria-labelledby="check-title" hidden>
      <h2 id="check-title" tabindex={-1}>
        Check what was found
      </h2>
      <p>
        <bdi data-part="file" />
      </p>
      <div class="warning" role="alert" data-part="refusal" hidden>
        <p data-part="refusal-text" />
      </div>
      <ul class="hint" data-part="found-notes" />
      <form data-part="form" hx-boost="false">
        <div class="columns">
          <Field
            name="name"
            label="Name"
            required
            maxlength={100}
            prefix="upload"
            code
            hint="Letters, digits, _ - and dots."
          />
          <Field name="format" label="Read it as" options={formats} prefix="upload" />
        </div>
        <p class="hint" role="status" data-part="replaces" />
        <Field
          name="description"
          label="Description"
          rows={3}
          maxlength={datasetLimits.descriptionChars}
          value={dataset?.description}
          prefix="upload"
          hint="What the data is, and what its fields mean. Assistants read it."
        />
        <p class="actions">
          <button type="submit" data-part="start">
            Upload
          </button>
          <button type="button" class="quiet" data-do="again">
            Choose another file
          </button>
        </p>
      </form>
      <h3>Fields</h3>
      <div data-part="fields" />
      <h3>First records</h3>
      <div data-part="records" />
    </section>
  );
}

function Paste({ dataset, attempt }: { dataset: Dataset | undefined; attempt?: Attempt | undefined }) {
  const tried = attempt?.action === "paste" ? attempt : undefined;
  return (
    <section class="card" aria-labelledby="paste-title">
      <h2 id="paste-title">Paste it</h2>
      {tried === undefined ? null : <Problem attempt={tried} />}
      <Form action="paste" label="Paste data">
        <Field
          name="name"
          label="Name"
          required
          maxlength={100}
          value={dataset?.name}
          attempt={tried}
          prefix="paste"
          code
          hint="A name that exists gets a new version."
        />
        <Field name="format" label="Read it as" options={formats} attempt={tried} prefix="paste" />
        <Field name="content" label="Data" required rows={6} attempt={tried} prefix="paste" code />
        <Field
          name="description"
          label="Description"
          rows={2}
          maxlength={datasetLimits.descriptionChars}
          value={dataset?.description}
          attempt={tried}
          prefix="paste"
        />
        <button type="submit" class="quiet">
          Create the dataset
        </button>
      </Form>
    </section>
  );
}

function Terminal({ call, name }: { call: CallContext; name: string }) {
  const url = `${call.origin}/t/${call.team}/api/v1/datasets/${name}`;
  return (
    <section class="card" aria-labelledby="terminal-title">
      <h2 id="terminal-title">From a terminal</h2>
      <p>Both need a token, which you create under People.</p>
      <Copy
        id="terminal-curl"
        label="curl line"
        text={`curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: text/csv" -T ${name}.csv ${url}`}
      />
      <Copy id="terminal-cli" label="command line" text={`npx super-data datasets push ${name}.csv --name ${name}`} />
      <p class="hint">The command line sends large files in parts and goes on after a broken connection.</p>
    </section>
  );
}

export const uploadActions: Readonly<Record<string, Action>> = {
  paste: async (call, form) => {
    const name = textField(form, "name");
    const args = { name, format: textField(form, "format"), content: form.get("content") ?? "" };
    await useTool(call, "create_dataset", given({ ...args, description: textField(form, "description") }), form);
    return { to: `/datasets/${name}`, done: "uploaded" };
  },
};
