// The parts of the editor's form: what is read, parameters, tests. All of it works without a script. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import type { EntryKind } from "../../../features/history/schema.ts";
import { Check, Field } from "../forms.tsx";
import { notesOf } from "./function-form.ts";
import { type TestRow, testFields } from "./tests-form.ts";
import { type ParameterRow, parameterFields, parameterTypes, rowsIn } from "./tool-form.ts";

export interface FieldsProps {
  call: CallContext;
  fields: URLSearchParams;
}

/** A field of one row among several of the same names. */
function RowField(props: {
  name: string;
  at: number;
  label: string;
  value: string;
  hint?: string;
  options?: readonly { value: string; label: string }[];
  rows?: number;
  placeholder?: string;
}) {
  const { name, at, label, value, hint, options, rows, placeholder } = props;
  const id = `${name}-${at}`;
  const shared = { id, name, "aria-describedby": hint === undefined ? undefined : `${id}-hint` };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {options !== undefined ? (
        <select {...shared}>
          {options.map((option) => (
            <option value={option.value} selected={option.value === value}>
              {option.label}
            </option>
          ))}
        </select>
      ) : rows !== undefined ? (
        <textarea {...shared} rows={rows} class="code" spellcheck={false} placeholder={placeholder}>
          {value}
        </textarea>
      ) : (
        <input {...shared} type="text" value={value} placeholder={placeholder} autocomplete="off" />
      )}
      {hint === undefined ? null : (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** Which datasets a tool reads, and how. */
export function ReadingFields({ call, fields }: FieldsProps) {
  const chosen = fields.getAll("dataset");
  const others = [...call.catalogue.datasets.keys()].filter((name) => !chosen.includes(name)).sort();
  const value = (name: string, preset: string): string => fields.get(name) ?? preset;
  return (
    <fieldset class="card">
      <legend>What it reads</legend>
      <div class="tick-grid">
        {[...chosen, ...others].map((name) => (
          <div class="check">
            <input id={`dataset-${name}`} type="checkbox" name="dataset" value={name} checked={chosen.includes(name)} />
            <label for={`dataset-${name}`}>
              <bdi>{name}</bdi>
            </label>
          </div>
        ))}
      </div>
      <p class="hint">
        {chosen.length + others.length === 0
          ? "The team has no datasets yet; without one the query runs once on null."
          : "None: the query runs once on null. With several, the first ticked is read unless a call asks for another."}
      </p>
      <div class="value-grid">
        <Field
          name="input"
          label="How"
          value={value("input", "whole")}
          options={[
            { value: "whole", label: "As a whole: . is the dataset" },
            { value: "records", label: "Record by record: . is one record" },
          ]}
        />
        <Field
          name="dataset_mode"
          label="Several datasets"
          value={value("dataset_mode", "one")}
          options={[
            { value: "one", label: "One of them at a time" },
            { value: "all", label: "All at once: . holds each by its name" },
          ]}
        />
      </div>
      <Check
        name="null_input"
        label={
          <>
            Start with null and read records with <code>inputs</code>, as <code>jq -n</code> does
          </>
        }
        checked={fields.get("null_input") === "yes"}
      />
    </fieldset>
  );
}

/** A tool's parameters: the rows there are, and `more` empty ones. */
export function ParameterFields({ fields, more }: { fields: URLSearchParams; more: number }) {
  const rows = [
    ...rowsIn(fields, parameterFields).filter(({ param }) => param.trim() !== ""),
    ...Array.from({ length: more }, () => emptyRow(parameterFields)),
  ];
  return (
    <fieldset class="card" id="parameters">
      <legend>Parameters</legend>
      <p class="hint">
        A value that each call gives. Write <code>{"${name}"}</code> in the query where it goes. Clear a name to remove
        its parameter.
      </p>
      {rows.map((row, at) => (
        <ParameterRowFields row={row} at={at} />
      ))}
      <button
        type="submit"
        name="action"
        value="more_parameters"
        class="quiet small"
        hx-post=""
        hx-target="#parameters"
        hx-select="#parameters"
        hx-swap="outerHTML"
      >
        Add a parameter
      </button>
    </fieldset>
  );
}

function emptyRow<Name extends string>(names: readonly Name[]): Record<Name, string> {
  return Object.fromEntries(names.map((name) => [name, ""])) as Record<Name, string>;
}

const requiredOptions = [
  { value: "", label: "Unless it has a default" },
  { value: "yes", label: "Yes" },
  { value: "no", label: "No: null when left out" },
];

function ParameterRowFields({ row, at }: { row: ParameterRow; at: number }) {
  const called = row.param === "" ? `Parameter ${at + 1}` : row.param;
  const field = (name: keyof ParameterRow, label: string, more: { hint?: string; rows?: number } = {}) => (
    <RowField name={name} at={at} label={label} value={row[name]} {...more} />
  );
  const hasMore = [row.param_enum, row.param_min, row.param_max, row.param_pattern].some((text) => text !== "");
  return (
    <fieldset class="entry">
      <legend class="hidden">{called}</legend>
      <div class="value-grid">
        {field("param", "Name")}
        <RowField
          name="param_type"
          at={at}
          label="Type"
          value={row.param_type === "" ? "string" : row.param_type}
          options={parameterTypes.map((type) => ({ value: type, label: type }))}
        />
        {field("param_default", "Default")}
        <RowField
          name="param_required"
          at={at}
          label="Must be given"
          value={row.param_required}
          options={requiredOptions}
        />
        {field("param_about", "Meaning")}
      </div>
      <details open={hasMore}>
        <summary>Bounds of {called}</summary>
        <div class="value-grid">
          {field("param_enum", "Allowed values, one a line", { rows: 2 })}
          {field("param_min", "Least value or length")}
          {field("param_max", "Greatest value or length")}
          {field("param_pattern", "Pattern of a string", { hint: "Anchor it with ^ and $." })}
        </div>
      </details>
    </fieldset>
  );
}

/** Notes on a function's parameters, as its def names them. */
export function NoteFields({ fields }: { fields: URLSearchParams }) {
  const notes = notesOf(fields, fields.get("definition") ?? "");
  return (
    <fieldset class="card" id="parameters">
      <legend>Parameters</legend>
      {notes.length === 0 ? (
        <p class="hint">The def has none. Once it does, Check shows them here, to be explained.</p>
      ) : (
        notes.map(({ param, param_type, param_about }, at) => (
          <div class="value-grid">
            <div class="field">
              <span class="label">Parameter</span>
              <code>{param}</code>
              <input type="hidden" name="param" value={param} />
            </div>
            <RowField name="param_type" at={at} label={`Type of ${param}`} value={param_type} placeholder="number" />
            <RowField name="param_about" at={at} label={`Meaning of ${param}`} value={param_about} />
          </div>
        ))
      )}
    </fieldset>
  );
}

/** Tests: those there are, and `more` empty ones. */
export function TestFields(props: { kind: EntryKind; fields: URLSearchParams; more: number }) {
  const { kind, fields, more } = props;
  const written = rowsIn(fields, testFields).filter((row) => Object.values(row).some((text) => text.trim() !== ""));
  const rows = [...written, ...Array.from({ length: more }, () => emptyRow(testFields))];
  return (
    <fieldset class="card" id="tests">
      <legend>Tests</legend>
      <p class="hint">
        What it must give. Run them here before you save. A proposal keeps them, and is applied only while they pass;
        saving directly does not keep them.
      </p>
      {rows.map((row, at) => (
        <TestRowFields kind={kind} row={row} at={at} />
      ))}
      <button
        type="submit"
        name="action"
        value="more_tests"
        class="quiet small"
        hx-post=""
        hx-target="#tests"
        hx-select="#tests"
        hx-swap="outerHTML"
      >
        Add a test
      </button>
    </fieldset>
  );
}

function TestRowFields({ kind, row, at }: { kind: EntryKind; row: TestRow; at: number }) {
  const field = (
    name: keyof TestRow,
    label: string,
    more: { hint?: string; rows?: number; placeholder?: string } = {},
  ) => <RowField name={name} at={at} label={label} value={row[name]} {...more} />;
  return (
    <fieldset class="entry">
      <legend class="hidden">{row.test_name === "" ? `Test ${at + 1}` : row.test_name}</legend>
      <div class="value-grid">
        {field("test_name", "Name")}
        {kind === "function"
          ? field("test_expression", "jq that calls it", { rows: 2, placeholder: "margin(10; 4)" })
          : field("test_arguments", "Arguments, JSON", { rows: 2, placeholder: '{"region": "EU"}' })}
        {field("test_input", "Input, JSON", {
          rows: 2,
          placeholder: '[{"amount": 2}]',
          hint: kind === "function" ? "What . is." : "In place of a dataset.",
        })}
        {kind === "function" ? null : field("test_dataset", "Or a dataset")}
        {field("test_expected", "Expected, JSON", {
          rows: 2,
          placeholder: "0.6",
          hint: "Of several outputs, the list.",
        })}
        {field("test_assert", "Or jq that must be true", {
          rows: 2,
          placeholder: "length > 0",
          hint: "Over the array of outputs.",
        })}
      </div>
    </fieldset>
  );
}
