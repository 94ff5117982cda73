// Forms of the dashboard: fields with their hints, and what is said when one fails. Runs at the edge.
import type { Child } from "hono/jsx";
import { newId } from "../../core/ids.ts";
import { actionField, keyField } from "./actions.ts";
import type { Attempt } from "./routes.ts";

export interface FormProps {
  /** Which of the page's actions it asks for. */
  action: string;
  children: Child;
  class?: string;
  /** What a screen reader calls it. */
  label?: string;
  /** For fields that stand elsewhere on the page and name it. */
  id?: string;
}

/** A form that posts to its own page; its random key makes a second click the same request. */
export function Form({ action, children, class: className, label, id }: FormProps) {
  return (
    <form method="post" class={className} aria-label={label} id={id}>
      <input type="hidden" name={actionField} value={action} />
      <input type="hidden" name={keyField} value={newId("form")} />
      {children}
    </form>
  );
}

export interface FieldProps {
  /** The name it is sent under; also, with `prefix`, its id. */
  name: string;
  label: string;
  hint?: Child;
  prefix?: string;
  /** What is in it: what was entered if the form failed, else this. */
  value?: string | number | undefined;
  attempt?: Attempt | undefined;
  required?: boolean;
  maxlength?: number;
  type?: "text" | "number" | "url" | "email" | "search" | "date" | "datetime-local";
  placeholder?: string;
  pattern?: string;
  /** More than one line, with so many shown. */
  rows?: number;
  /** Choices; the field is then a list to choose from. */
  options?: readonly (string | { value: string; label: string })[];
  /** Code: fixed width, no spelling. */
  code?: boolean;
  autocomplete?: string;
}

/** A label, its field and its hint. */
export function Field(props: FieldProps) {
  const { name, label, hint, prefix = "f", attempt, required, options, rows } = props;
  const id = `${prefix}-${name}`;
  const value = attempt?.form.get(name) ?? (props.value === undefined ? "" : String(props.value));
  const shared = {
    id,
    name,
    required,
    "aria-describedby": hint === undefined ? undefined : `${id}-hint`,
  };
  const texts = {
    ...shared,
    maxlength: props.maxlength,
    placeholder: props.placeholder,
    autocomplete: props.autocomplete ?? "off",
    spellcheck: props.code === true ? (false as const) : undefined,
    class: props.code === true ? "code" : undefined,
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {options !== undefined ? (
        <select {...shared}>
          {options.map((option) => {
            const choice = typeof option === "string" ? { value: option, label: option } : option;
            return (
              <option value={choice.value} selected={choice.value === value}>
                {choice.label}
              </option>
            );
          })}
        </select>
      ) : rows !== undefined ? (
        <textarea {...texts} rows={rows}>
          {value}
        </textarea>
      ) : (
        <input {...texts} type={props.type ?? "text"} pattern={props.pattern} value={value} />
      )}
      {hint === undefined ? null : (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** A tick box with its label. */
export function Check(props: {
  name: string;
  label: Child;
  value?: string;
  checked?: boolean;
  prefix?: string;
  attempt?: Attempt | undefined;
}) {
  const { name, label, value = "yes", prefix = "f", attempt } = props;
  const id = `${prefix}-${name}-${value}`;
  const isOn = attempt === undefined ? props.checked === true : attempt.form.getAll(name).includes(value);
  return (
    <div class="check">
      <input id={id} type="checkbox" name={name} value={value} checked={isOn} />
      <label for={id}>{label}</label>
    </div>
  );
}

/**
 * Why a form did nothing, and what to do. When the tool asks to be sure, the same form again with the confirmation in it: nothing that was
 * entered is typed twice.
 */
export function Problem({ attempt }: { attempt: Attempt }) {
  const { error, form } = attempt;
  const confirm = error.code === "confirmation_required" ? error.details?.confirm : undefined;
  return (
    <div class="warning" role="alert" id="problem">
      <p>
        {error.message} {confirm === undefined ? error.hint : null}
      </p>
      {typeof confirm !== "string" ? null : (
        <form method="post" class="actions">
          {[...form]
            .filter(([name]) => name !== keyField && name !== "confirm")
            .map(([name, value]) => (
              <input type="hidden" name={name} value={value} />
            ))}
          <input type="hidden" name="confirm" value={confirm} />
          <button type="submit" class="danger">
            Yes, do it
          </button>
        </form>
      )}
    </div>
  );
}

/** A button that is a form of its own: one action on one thing. */
export function ActionButton(props: {
  action: string;
  fields?: Readonly<Record<string, string | number | undefined>>;
  children: Child;
  /** What a screen reader says, when the text alone does not name the thing. */
  label?: string;
  kind?: "quiet" | "danger" | "primary";
  small?: boolean;
}) {
  const { action, fields = {}, children, label, kind = "quiet", small = true } = props;
  return (
    <Form action={action} class="inline">
      {Object.entries(fields).map(([name, value]) =>
        value === undefined ? null : <input type="hidden" name={name} value={String(value)} />,
      )}
      <button
        type="submit"
        class={`${kind === "primary" ? "" : kind}${small ? " small" : ""}`.trim()}
        aria-label={label}
      >
        {children}
      </button>
    </Form>
  );
}

/** A button that first says what it does and asks: what is in it opens in place, without a script too. */
export function Confirm(props: {
  action: string;
  /** What the closed button says. */
  label: string;
  /** What a screen reader says of it, when the text alone does not name the thing. */
  about?: string;
  /** What happens then. */
  children: Child;
  /** What the button that does it says. */
  button: string;
  fields?: Readonly<Record<string, string | number | undefined>>;
  open?: boolean;
  /** The browser loads what comes next whole: it is no page of the team. */
  leaves?: boolean;
}) {
  const { action, label, about, children, button, fields = {}, open, leaves } = props;
  return (
    <details class="confirm" open={open}>
      <summary class="button danger small" aria-label={about}>
        {label}
      </summary>
      <form method="post" hx-boost={leaves === true ? "false" : undefined}>
        <input type="hidden" name={actionField} value={action} />
        <input type="hidden" name={keyField} value={newId("form")} />
        {Object.entries(fields).map(([name, value]) =>
          value === undefined ? null : <input type="hidden" name={name} value={String(value)} />,
        )}
        {children}
        <button type="submit" class="danger small" aria-label={about === undefined ? undefined : `${button}: ${about}`}>
          {button}
        </button>
      </form>
    </details>
  );
}
