// Which settings the forms show, and what they send. Runs in workerd.
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { teamSettingsSchema, updateTeamSchema } from "../../../features/teams/schema.ts";
import { changesOf, rangeOf, settingForm, settingGroups, shownField } from "./setting-groups.ts";

const maxRate = 5_000;

/** Every path of `update_team`'s settings, inner ones with a dot. */
function allPaths(): string[] {
  const { settings } = updateTeamSchema.shape;
  return Object.entries(settings.unwrap().shape).flatMap(([key, schema]) => {
    const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
    return inner instanceof z.ZodObject ? Object.keys(inner.shape).map((name) => `${key}.${name}`) : [key];
  });
}

describe("the groups", () => {
  it("have every setting that update_team takes once; the ways to sign in have a page of their own", () => {
    const shown = settingGroups.flatMap(({ settings }) => Object.keys(settings));
    expect([...shown, "sign_in_providers"].sort()).toEqual(allPaths().sort());
  });

  it("say of each what it does, its range and its default, in the schema's words", () => {
    const form = settingForm("auto_approve_timeout", maxRate);
    expect(form).toEqual({
      kind: "number",
      nullable: true,
      whole: false,
      min: 0,
      max: 8_760,
      preset: 24,
      description: "Hours after which a proposal that nobody has rejected is approved.",
    });
    expect(rangeOf(form)).toBe("0 to 8,760. Empty: never. Default: 24.");
    expect(rangeOf(settingForm("admin_veto", maxRate))).toBe("Default: on.");
    for (const path of settingGroups.flatMap(({ settings }) => Object.keys(settings))) {
      expect([path, settingForm(path, maxRate).description]).not.toEqual([path, ""]);
    }
  });

  it("take the operator's bound of rates", () => {
    expect(settingForm("rate_limits.person_per_minute", maxRate)).toMatchObject({ min: 1, max: maxRate });
  });

  it("know no others", () => {
    expect(() => settingForm("unheard_of", maxRate)).toThrow("update_team takes no setting unheard_of");
  });
});

describe("what a form changes", () => {
  const settings = teamSettingsSchema.parse({});
  const group = (id: string) => {
    const found = settingGroups.find((one) => one.id === id);
    if (found === undefined) throw new Error(`no group ${id}`);
    return found;
  };
  const form = (shown: Record<string, unknown>, entered: Record<string, string>): URLSearchParams =>
    new URLSearchParams([
      ...Object.entries(shown).map(([path, value]) => [shownField(path), JSON.stringify(value)]),
      ...Object.entries(entered),
    ]);

  it("is what differs from what was shown, and nothing else", () => {
    const shown = {
      auto_approve_timeout: settings.auto_approve_timeout,
      proposal_expiry: settings.proposal_expiry,
    };
    expect(
      changesOf(group("timeouts"), form(shown, { auto_approve_timeout: "24", proposal_expiry: "336" }), maxRate),
    ).toEqual({});
    expect(
      changesOf(group("timeouts"), form(shown, { auto_approve_timeout: "", proposal_expiry: "336" }), maxRate),
    ).toEqual({ auto_approve_timeout: null });
  });

  it("keeps inner settings together, and a box that is not ticked is off", () => {
    const shown = {
      members_save_directly: false,
      approval_threshold: 2,
      reject_threshold: 2,
      approval_quorum: 0,
      author_may_vote: false,
      admin_veto: true,
      "vote_weights.member": 1,
      "vote_weights.admin": 1,
      "vote_weights.owner": 1,
    };
    const entered = {
      approval_threshold: "2",
      reject_threshold: "2",
      approval_quorum: "0",
      "vote_weights.member": "1",
      "vote_weights.admin": "2",
      "vote_weights.owner": "3",
    };
    expect(changesOf(group("approval"), form(shown, entered), maxRate)).toEqual({
      admin_veto: false,
      vote_weights: { admin: 2, owner: 3 },
    });
  });

  it("leaves it to the schema to refuse what is no number", () => {
    const shown = { enable_learning: true, suggest_after_people: 3, suggest_after_runs: 10 };
    const entered = { enable_learning: "yes", suggest_after_people: "", suggest_after_runs: "ten" };
    expect(changesOf(group("learning"), form(shown, entered), maxRate)).toEqual({
      suggest_after_people: "",
      suggest_after_runs: "ten",
    });
  });
});
