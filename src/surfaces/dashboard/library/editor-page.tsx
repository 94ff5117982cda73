// The editor of tools and functions, for new ones and those there are. A plain form: scripts only make the code easier to write. Runs at the edge.
import { newId } from "../../../core/ids.ts";
import { isToolContent } from "../../../features/approvals/content.ts";
import type { Validation } from "../../../features/approvals/schema.ts";
import type { EntryKind } from "../../../features/history/schema.ts";
import { type Action, actionField, keyField } from "../actions.ts";
import { Check, Field, Problem } from "../forms.tsx";
import { teamPage } from "../page.tsx";
import { Diff, Empty, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { diffLines } from "./diff-lines.ts";
import {
  type Clash,
  checkForm,
  clashOf,
  contentOfEntry,
  type Edited,
  nameOf,
  proposeForm,
  saveForm,
} from "./editing.ts";
import { NoteFields, ParameterFields, ReadingFields, TestFields } from "./editor-fields.tsx";
import { findEntry, type Rights, rightsOf } from "./entries.ts";
import { fieldsOfFunction } from "./function-form.ts";
import { entryPath, listPaths } from "./places.ts";
import { keptTests } from "./testing.ts";
import { addTests } from "./tests-form.ts";
import { Findings } from "./tests-page.tsx";
import { fieldsOfTool } from "./tool-form.ts";
import { proposalPath } from "./tool-page.tsx";

/** What a button of the form came to, besides what is wrong with it. */
interface Shown {
  fields?: URLSearchParams;
  validation?: Validation;
  attempt?: Attempt | undefined;
  moreParameters?: number;
  moreTests?: number;
}

const words = {
  tool: { list: "Tools", code: "query", codeLabel: "Query", noun: "tool" },
  function: { list: "Functions", code: "definition", codeLabel: "Definition", noun: "function" },
} as const;

const starts: Record<EntryKind, string> = { tool: ".", function: "def name($value): $value;" };

export function editorPage(kind: EntryKind, isNew: boolean) {
  return async (c: PageContext, attempt?: Attempt): Promise<Response> =>
    attempt === undefined
      ? showEditor(c, editedIn(c, kind, isNew), { fields: await fieldsToBegin(c, kind, isNew) })
      : showEditor(c, editedIn(c, kind, isNew), { fields: attempt.form, attempt });
}

function editedIn(c: PageContext, kind: EntryKind, isNew: boolean): Edited {
  return { kind, name: isNew ? undefined : (c.req.param("name") ?? "") };
}

/** Of a tool or function that is there, what it is; then what the address says instead, e.g. a query from the playground. */
async function fieldsToBegin(c: PageContext, kind: EntryKind, isNew: boolean): Promise<URLSearchParams> {
  const query = urlOf(c).searchParams;
  const fields = isNew ? new URLSearchParams({ base: "0" }) : await fieldsOfEntry(c, kind);
  for (const name of new Set(query.keys())) {
    if (name === "base" || name === "done") continue;
    fields.delete(name);
    for (const value of query.getAll(name)) fields.append(name, value);
  }
  const { code } = words[kind];
  if (isNew && !fields.has(code)) fields.set(code, starts[kind]);
  return fields;
}

async function fieldsOfEntry(c: PageContext, kind: EntryKind): Promise<URLSearchParams> {
  const call = c.get("call");
  const entry = await findEntry(call, kind, c.req.param("name") ?? "");
  const content = contentOfEntry(entry);
  const fields = isToolContent(content) ? fieldsOfTool(content) : fieldsOfFunction(content);
  fields.set("base", entry.item.is_active ? String(entry.item.version) : "0");
  addTests(fields, (await keptTests(call, entry))?.tests ?? []);
  return fields;
}

async function showEditor(c: PageContext, edited: Edited, shown: Shown): Promise<Response> {
  const call = c.get("call");
  const { kind, name } = edited;
  const { fields = new URLSearchParams(), attempt } = shown;
  const { list, noun } = words[kind];
  const isClash = attempt?.error.code === "conflict" && attempt.error.details?.version !== undefined;
  const [rights, clash] = await Promise.all([
    rightsOf(call),
    isClash ? clashOf(call, edited, fields).catch(() => undefined) : undefined,
  ]);
  // Whoever was shown the other's change knows what saving again does.
  if (isClash) fields.set("base", String(attempt?.error.details?.version));
  return teamPage(c, {
    title: name === undefined ? `New ${noun}` : `Edit ${name}`,
    section: "library",
    crumbs: [
      { label: "Library", path: "/library" },
      ...(kind === "function" ? [{ label: list, path: listPaths[kind] }] : []),
      ...(name === undefined ? [] : [{ label: name, path: entryPath(kind, name) }]),
    ],
    ...(name === undefined
      ? {}
      : {
          heading: (
            <>
              Edit <bdi>{name}</bdi>
            </>
          ),
        }),
    attempt,
    ownProblems: ["check", "test"],
    children:
      rights.saves || rights.proposes ? (
        <>
          {clash === undefined ? null : <BothSides clash={clash} />}
          <EditorForm c={c} edited={edited} shown={{ ...shown, fields }} rights={rights} />
        </>
      ) : (
        <Empty title="You may look, not change.">
          <p>Members propose changes; ask an admin of the team for that role.</p>
        </Empty>
      ),
  });
}

function BothSides({ clash: { version, by, theirs, yours } }: { clash: Clash }) {
  const changes = (list: Clash["theirs"], label: string) =>
    list.map(({ field, diff }) => (
      <>
        <h3>{field}</h3>
        <Diff lines={diffLines(diff)} label={`${field}, ${label}`} />
      </>
    ));
  return (
    <div class="columns">
      <section class="card" aria-labelledby="theirs-title">
        <h2 id="theirs-title">
          What <bdi>{by}</bdi> changed
        </h2>
        {theirs.length === 0 ? <p>Version {version} is there; what it was before is not known.</p> : null}
        {changes(theirs, "their change")}
      </section>
      <section class="card" aria-labelledby="yours-title">
        <h2 id="yours-title">What saving yours changes now</h2>
        {yours.length === 0 ? <p>Nothing: yours is the same as version {version}.</p> : null}
        {changes(yours, "your change")}
      </section>
    </div>
  );
}

interface FormParts {
  c: PageContext;
  edited: Edited;
  shown: Shown & { fields: URLSearchParams };
  rights: Rights;
}

function EditorForm({ c, edited, shown, rights }: FormParts) {
  const call = c.get("call");
  const { kind, name } = edited;
  const { fields, validation, attempt, moreParameters = 0, moreTests = 0 } = shown;
  const value = (field: string): string => fields.get(field) ?? "";
  const own = attempt !== undefined && ["check", "test"].includes(attempt.action) ? attempt : undefined;
  return (
    <form method="post" class="editor" aria-label={name === undefined ? `New ${words[kind].noun}` : `Edit ${name}`}>
      <input type="hidden" name={keyField} value={newId("form")} />
      <input type="hidden" name="base" value={value("base") === "" ? "0" : value("base")} />
      {name === undefined ? (
        <Field
          name="name"
          label="Name"
          value={value("name")}
          maxlength={64}
          code
          hint={kind === "tool" ? "What clients call: lower case, words with _ between." : "As in the def."}
        />
      ) : null}
      <Field
        name="description"
        label="Description"
        value={value("description")}
        rows={2}
        maxlength={2000}
        hint={
          kind === "tool"
            ? "What it answers and when to use it: all that a model sees before it calls."
            : "What it computes, for people and models choosing a function."
        }
      />
      {kind === "tool" ? <ReadingFields call={call} fields={fields} /> : null}
      <CodeField call={call} kind={kind} text={value(words[kind].code)} />
      {kind === "tool" ? <ParameterFields fields={fields} more={moreParameters} /> : <NoteFields fields={fields} />}
      <TestFields kind={kind} fields={fields} more={moreTests} />
      <Further kind={kind} value={value} />
      <Field
        name="reason"
        label={rights.saves ? "Reason" : "Reason, for those who vote"}
        value={value("reason")}
        maxlength={500}
        hint={rights.saves ? "Kept in the history; a proposal needs one." : "What it is for, and why."}
      />
      <Outcome attempt={own} validation={validation} />
      <Buttons rights={rights} />
    </form>
  );
}

function CodeField({ call, kind, text }: { call: { team: string }; kind: EntryKind; text: string }) {
  const { code, codeLabel } = words[kind];
  const path = `/t/${call.team}/library`;
  return (
    <div class="field">
      <label for={`f-${code}`}>{codeLabel}</label>
      <p class="hint" id={`f-${code}-hint`}>
        {kind === "tool"
          ? "jq. It may call the team's functions. End a query that gives a list with | .[] so that each item is a row."
          : "One def, with its helpers inside it."}
      </p>
      <jq-editor
        data-language="jq"
        data-kind={kind}
        data-check={`${path}/check`}
        data-complete={`${path}/completions`}
        data-dataset-field={kind === "tool" ? "dataset" : undefined}
        data-variable-field={kind === "tool" ? "param" : undefined}
      >
        <textarea
          id={`f-${code}`}
          name={code}
          class="code"
          rows={10}
          spellcheck={false}
          aria-describedby={`f-${code}-hint`}
        >
          {text}
        </textarea>
      </jq-editor>
    </div>
  );
}

function Further({ kind, value }: { kind: EntryKind; value: (field: string) => string }) {
  const isSet =
    value("pinned") === "yes" || !["", "0"].includes(value("weight")) || value("allow_builtin_name") === "yes";
  return (
    <details class="card" open={isSet}>
      <summary>Further settings</summary>
      {kind === "tool" ? (
        <>
          <Check name="pinned" label="Pinned: listed first for every client" checked={value("pinned") === "yes"} />
          <Field
            name="weight"
            label="Weight"
            type="number"
            value={value("weight") === "" ? "0" : value("weight")}
            hint="From -1000 to 1000; tools with more come first in lists and searches."
          />
        </>
      ) : (
        <Check
          name="allow_builtin_name"
          label="Use this name although jq has a function of it"
          checked={value("allow_builtin_name") === "yes"}
        />
      )}
    </details>
  );
}

/** Where Check and Run tests say what they found, in place when scripts run. */
function Outcome({ attempt, validation }: { attempt: Attempt | undefined; validation: Validation | undefined }) {
  return (
    <div id="outcome">
      {attempt === undefined ? null : <Problem attempt={attempt} />}
      {validation === undefined ? null : <Findings validation={validation} />}
    </div>
  );
}

function Buttons({ rights }: { rights: Rights }) {
  const inPlace = { "hx-post": "", "hx-target": "#outcome", "hx-select": "#outcome", "hx-swap": "outerHTML" };
  return (
    <p class="actions">
      <button type="submit" name={actionField} value="check" class="quiet" data-run {...inPlace}>
        Check
      </button>
      <button type="submit" name={actionField} value="test" class="quiet" {...inPlace}>
        Run tests
      </button>
      {rights.saves ? (
        <button type="submit" name={actionField} value="save">
          Save
        </button>
      ) : null}
      {rights.proposes ? (
        <button type="submit" name={actionField} value="propose" class={rights.saves ? "quiet" : undefined}>
          Propose
        </button>
      ) : null}
    </p>
  );
}

/** What the form's buttons do. */
export function editorActions(kind: EntryKind, isNew: boolean): Record<string, Action> {
  const again = (c: PageContext, shown: Shown): Promise<Response> => showEditor(c, editedIn(c, kind, isNew), shown);
  const checked =
    (withTests: boolean): Action =>
    async (call, fields, c) => {
      const validation = await checkForm(call, editedIn(c, kind, isNew), fields, withTests);
      return again(c, { fields, validation });
    };
  return {
    check: checked(false),
    test: checked(true),
    more_parameters: (_call, fields, c) => again(c, { fields, moreParameters: 1 }),
    more_tests: (_call, fields, c) => again(c, { fields, moreTests: 1 }),
    save: async (call, fields, c) => {
      const edited = editedIn(c, kind, isNew);
      const done = await saveForm(call, edited, fields);
      return { to: entryPath(kind, nameOf(edited, fields)), done };
    },
    propose: async (call, fields, c) => ({
      to: proposalPath(await proposeForm(call, editedIn(c, kind, isNew), fields)),
    }),
  };
}
