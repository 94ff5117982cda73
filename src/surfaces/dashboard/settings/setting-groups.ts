// The team's settings as forms show them: grouped, each with what its schema says of it. Runs at the edge.
import * as z from "zod";
import { type TeamSettings, teamSettingsSchema, updateTeamSchema } from "../../../features/teams/schema.ts";

/** One value that is set by itself: `approval_threshold`, or `rate_limits.person_per_minute`. */
export type SettingPath = string;

export interface SettingGroup {
  /** The action of its form. */
  id: string;
  title: string;
  intro: string;
  /** By path, what the field is called. */
  settings: Readonly<Record<SettingPath, string>>;
}

export const settingGroups: readonly SettingGroup[] = [
  {
    id: "approval",
    title: "Approval",
    intro: "Who decides on proposals, and when they are decided.",
    settings: {
      members_save_directly: "Members save without a vote",
      approval_threshold: "Approvals needed",
      reject_threshold: "Rejections needed",
      approval_quorum: "Quorum",
      author_may_vote: "Authors vote on their own proposals",
      admin_veto: "An admin's rejection is final",
      "vote_weights.member": "Weight of a member's vote",
      "vote_weights.admin": "Weight of an admin's vote",
      "vote_weights.owner": "Weight of an owner's vote",
    },
  },
  {
    id: "timeouts",
    title: "Timeouts",
    intro: "What happens to proposals by itself. A changed time holds for open proposals, too.",
    settings: {
      auto_approve_timeout: "Approve by itself after (hours)",
      proposal_expiry: "Expire after (hours)",
    },
  },
  {
    id: "learning",
    title: "Learning",
    intro: "Queries that people repeat become suggestions for tools.",
    settings: {
      enable_learning: "Learn from queries",
      suggest_after_people: "Suggest after people",
      suggest_after_runs: "Suggest after runs",
    },
  },
  {
    id: "limits",
    title: "Limits",
    intro: "What a frame may hold, and how often anyone may call.",
    settings: {
      frame_rows: "Rows of a data frame",
      "rate_limits.person_per_minute": "Requests a person",
      "rate_limits.token_per_minute": "Requests a token",
      "rate_limits.query_per_minute": "Queries a person",
      "rate_limits.write_per_minute": "Writes a person",
    },
  },
  {
    id: "backup_settings",
    title: "Schedule and retention",
    intro: "Backups made by themselves, and how long any is kept.",
    settings: {
      nightly_backups: "Back up every night",
      backups_kept: "Backups kept",
      backup_days: "Days kept",
    },
  },
  {
    id: "privacy",
    title: "Log",
    intro: "What whoever runs this deployment sees of calls.",
    settings: { log_arguments: "Arguments in the operator's log" },
  },
];

export type SettingValue = number | boolean | null;

/** What a form needs to know of a setting. */
export interface SettingForm {
  kind: "boolean" | "number";
  /** May be empty, which is null. */
  nullable: boolean;
  /** Steps of one. */
  whole: boolean;
  min: number | undefined;
  max: number | undefined;
  preset: SettingValue;
  /** The schema's own words. */
  description: string;
}

interface JsonProperty {
  type?: string;
  description?: string;
  minimum?: number;
  maximum?: number;
  anyOf?: JsonProperty[];
  properties?: Record<string, JsonProperty>;
}

const shape = (z.toJSONSchema(updateTeamSchema, { io: "input" }) as JsonProperty).properties?.settings ?? {};
const presets = teamSettingsSchema.parse({});

/** The value at a path of the team's settings. */
export function settingAt(settings: TeamSettings, path: SettingPath): SettingValue {
  const found = path.split(".").reduce<unknown>((value, key) => Reflect.get(Object(value), key), settings);
  return typeof found === "number" || typeof found === "boolean" ? found : null;
}

/** What is known of a setting; `maxRate` is the operator's bound of rates. Throws for a path that update_team does not take. */
export function settingForm(path: SettingPath, maxRate: number): SettingForm {
  const keys = path.split(".");
  const [own, parent] = [propertyAt(keys), propertyAt(keys.slice(0, 1))];
  if (own === undefined) throw new Error(`update_team takes no setting ${path}`);
  const typed = own.anyOf?.find(({ type }) => type !== "null") ?? own;
  const isRate = keys[0] === "rate_limits";
  const max = isRate ? maxRate : typed.maximum;
  return {
    kind: typed.type === "boolean" ? "boolean" : "number",
    nullable: own.anyOf?.some(({ type }) => type === "null") ?? false,
    whole: typed.type === "integer",
    min: typed.minimum,
    max: max === Number.MAX_SAFE_INTEGER ? undefined : max,
    preset: settingAt(presets, path),
    // Null is how programs say it; the form says what an empty field means.
    description: (own.description ?? parent?.description ?? "").replace(/; null: [^.;]*/, ""),
  };
}

function propertyAt(keys: readonly string[]): JsonProperty | undefined {
  return keys.reduce<JsonProperty | undefined>((at, key) => at?.properties?.[key], shape);
}

/**
 * What a group's form changes: only what its sender changed, so that two people who change different settings do not undo each other. A
 * number's text that is none goes to the schema as it is, which refuses it in its own words.
 */
export function changesOf(group: SettingGroup, form: URLSearchParams, maxRate: number): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  for (const path of Object.keys(group.settings)) {
    const value = enteredValue(path, form, maxRate);
    if (JSON.stringify(value) === form.get(shownField(path))) continue;
    const [key = path, inner] = path.split(".");
    changes[key] = inner === undefined ? value : { ...Object(changes[key]), [inner]: value };
  }
  return changes;
}

/** The hidden field that says what the form showed. */
export const shownField = (path: SettingPath): string => `shown.${path}`;

function enteredValue(path: SettingPath, form: URLSearchParams, maxRate: number): unknown {
  const { kind, nullable } = settingForm(path, maxRate);
  const text = form.get(path)?.trim() ?? "";
  if (kind === "boolean") return text === "yes";
  if (text === "") return nullable ? null : "";
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

/** "1 to 1,000. Default 2." */
export function rangeOf({ kind, min, max, preset, nullable }: SettingForm): string {
  const said = (value: SettingValue): string =>
    value === null ? "never" : typeof value === "boolean" ? (value ? "on" : "off") : value.toLocaleString("en-US");
  const range =
    kind === "boolean"
      ? ""
      : min !== undefined && max !== undefined
        ? `${said(min)} to ${said(max)}. `
        : min === undefined
          ? ""
          : `${said(min)} or more. `;
  return `${range}${nullable ? "Empty: never. " : ""}Default: ${said(preset)}.`;
}
