// A group of settings as one form: each value with its range, its default and what it does. Runs at the edge.
import { may } from "../../../features/access/access.ts";
import { maxRatePerMinute, type TeamSettings } from "../../../features/teams/schema.ts";
import { type Action, useTool } from "../actions.ts";
import { Form, Problem } from "../forms.tsx";
import { count } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import {
  changesOf,
  rangeOf,
  type SettingForm,
  type SettingGroup,
  type SettingValue,
  settingAt,
  settingForm,
  settingGroups,
  shownField,
} from "./setting-groups.ts";

/** What is said once a group was saved. */
export const settingsDone = {
  saved: "Saved. It holds from now on.",
  unchanged: "Nothing was different, so nothing changed.",
};

/** The group as a form for whoever may change it, as facts for everyone else. */
export function SettingGroupCard(props: {
  c: PageContext;
  group: SettingGroup;
  settings: TeamSettings;
  attempt?: Attempt | undefined;
}) {
  const { c, group, settings } = props;
  const own = props.attempt?.action === group.id ? props.attempt : undefined;
  const entries = Object.entries(group.settings);
  const maxRate = maxRatePerMinute(c.env);
  return (
    <section class="card" aria-labelledby={`${group.id}-title`}>
      <h2 id={`${group.id}-title`}>{group.title}</h2>
      <p class="muted">{group.intro}</p>
      {own === undefined ? null : <Problem attempt={own} />}
      {may(c.get("call").actor, "settings:manage") ? (
        <Form action={group.id} label={group.title}>
          <div class="form-grid">
            {entries.map(([path, label]) => (
              <SettingField
                path={path}
                label={label}
                form={settingForm(path, maxRate)}
                value={settingAt(settings, path)}
                attempt={own}
              />
            ))}
          </div>
          <button type="submit">Save</button>
        </Form>
      ) : (
        <dl class="facts">
          {entries.map(([path, label]) => (
            <>
              <dt>{label}</dt>
              <dd>{inWords(settingAt(settings, path))}</dd>
            </>
          ))}
        </dl>
      )}
    </section>
  );
}

function inWords(value: SettingValue): string {
  return value === null ? "never" : typeof value === "boolean" ? (value ? "yes" : "no") : count(value);
}

function SettingField(props: {
  path: string;
  label: string;
  form: SettingForm;
  value: SettingValue;
  attempt: Attempt | undefined;
}) {
  const { path, label, form, value, attempt } = props;
  const id = `set-${path.replaceAll(".", "-")}`;
  const hint = (
    <p class="hint" id={`${id}-hint`}>
      {form.description} {rangeOf(form)}
    </p>
  );
  // What was shown when the sender began, also after a failure.
  const shown = (
    <input type="hidden" name={shownField(path)} value={attempt?.form.get(shownField(path)) ?? JSON.stringify(value)} />
  );
  if (form.kind === "boolean") {
    const isOn = attempt === undefined ? value === true : attempt.form.get(path) === "yes";
    return (
      <div class="field">
        {shown}
        <div class="check">
          <input id={id} type="checkbox" name={path} value="yes" checked={isOn} aria-describedby={`${id}-hint`} />
          <label for={id}>{label}</label>
        </div>
        {hint}
      </div>
    );
  }
  return (
    <div class="field">
      {shown}
      <label for={id}>{label}</label>
      <input
        id={id}
        type="number"
        name={path}
        inputmode={form.whole ? "numeric" : "decimal"}
        step={form.whole ? 1 : "any"}
        min={form.min}
        max={form.max}
        required={!form.nullable}
        value={attempt?.form.get(path) ?? (value === null ? "" : String(value))}
        aria-describedby={`${id}-hint`}
      />
      {hint}
    </div>
  );
}

/** The action of each group's form: `update_team` with what its sender changed. */
export const settingActions: Readonly<Record<string, Action>> = Object.fromEntries(
  settingGroups.map((group): [string, Action] => [
    group.id,
    async (call, form, c) => {
      const settings = changesOf(group, form, maxRatePerMinute(c.env));
      if (Object.keys(settings).length === 0) return { done: "unchanged" };
      const { data } = await useTool(call, "update_team", { settings }, form);
      return { done: data.outcome === "changed" ? "saved" : "unchanged" };
    },
  ]),
);
