// Saving webhooks: addresses, secrets, changes and their limits. Runs in workerd.
import { describe, expect, it } from "vitest";
import { away, inside, saved, url, withWebhook } from "../../../test/helpers/notifications.ts";
import { auditLog, freshTeam, rejection, useTool } from "../../../test/helpers/team.ts";
import { notificationLimits } from "../../workflow-limits.ts";
import { systemCaller } from "../access/access.ts";
import { saveWebhook } from "./calls.ts";
import type { SaveWebhook } from "./schema.ts";
import { webhooks } from "./table.ts";

describe("saving a webhook", () => {
  it("shows its secret once and its address never again, not to storage either", async () => {
    const team = await freshTeam();
    const context = await team.call("admin");
    const made = await saved(context, { name: "hook", format: "slack", kinds: ["library.changed"] });
    const shown = {
      id: expect.stringMatching(/^whk_/),
      name: "hook",
      url: "https://hooks.example.com/…",
      format: "slack",
      kinds: ["library.changed"],
      is_active: true,
      created_by: "ada",
      created_at: expect.any(String),
      updated_at: expect.any(String),
      waiting: 0,
      dead: 0,
    };
    expect(made).toEqual({ outcome: "created", webhook: shown, secret: expect.stringMatching(/^whsec_[\w-]{43}$/) });
    expect((await useTool(context, "list_webhooks", {})).data).toEqual({ webhooks: [shown] });
    const stored = await inside(team, (at) => at.db.select().from(webhooks).all());
    const log = await auditLog(team.slug);
    const everything = JSON.stringify([stored, log]);
    expect([everything.includes("planted"), everything.includes("whsec_")]).toEqual([false, false]);
    expect(log.filter(({ action }) => action.startsWith("webhook."))).toEqual([
      {
        username: "ada",
        action: "webhook.create",
        target: "webhook hook",
        before: null,
        after: { url: "https://hooks.example.com/…", format: "slack", kinds: ["library.changed"], is_active: true },
      },
    ]);
  });

  it("changes what is given, keeps the rest, and makes a new secret when asked", async () => {
    const { team, context, secret } = await withWebhook();
    const again = await saved(context, { name: "hook" });
    const paused = await saveWebhook(context, { name: "hook", is_active: false, kinds: ["test"] as never }, away);
    const moved = await saved(context, { name: "hook", url: "https://other.example.com/" });
    const rotated = await saveWebhook(context, { name: "hook", rotate_secret: true }, away);
    expect([
      again.outcome,
      again.secret,
      paused.outcome,
      paused.webhook.is_active,
      moved.webhook.url,
      moved.secret,
    ]).toEqual(["unchanged", undefined, "updated", false, "https://other.example.com/", undefined]);
    expect(rotated.secret).toMatch(/^whsec_/);
    expect(rotated.secret).not.toBe(secret);
    expect((await auditLog(team.slug)).slice(-1)).toMatchObject([
      { action: "webhook.update", after: { url: "https://other.example.com/", signing_rotated: true } },
    ]);
  });

  it("refuses what it may not be", async () => {
    const team = await freshTeam();
    const context = await team.call("admin");
    const refused = (input: Partial<SaveWebhook>) => rejection(saveWebhook(context, { name: "x", ...input }, away));
    expect([
      await refused({}),
      await refused({ url: "http://example.com/" }),
      await refused({ url: "https://127.0.0.1/" }),
      await rejection(useTool(context, "save_webhook", { name: "No Good", url })),
    ]).toEqual([
      { code: "invalid_argument", message: "save_webhook: url: a new webhook needs one." },
      { code: "invalid_argument", message: "save_webhook: url: it does not begin with https://" },
      { code: "invalid_argument", message: "save_webhook: url: its host is not an address of the public internet" },
      {
        code: "invalid_argument",
        message: "save_webhook: name: use 1 to 60 of a-z, 0-9, - and _, beginning with a letter or digit",
      },
    ]);
    const inward = async () => Response.json({ Status: 0, Answer: [{ type: 1, data: "10.0.0.1" }] });
    expect(await rejection(saveWebhook(context, { name: "x", url }, inward as typeof fetch))).toEqual({
      code: "invalid_argument",
      message: "save_webhook: url: its host's name stands for an address of a private network",
    });
  });

  it("takes a name that nobody can look up now: each delivery looks again", async () => {
    const context = await (await freshTeam()).call("admin");
    const dark = async () => Promise.reject(new Error("no network"));
    expect((await saveWebhook(context, { name: "x", url }, dark as typeof fetch)).outcome).toBe("created");
  });

  it("is not done twice over each other, nor more often than the limit says", async () => {
    const { team, context } = await withWebhook();
    const stale = { name: "hook", id: "whk_x", was: "something else", rotated: false, isActive: false };
    const by = systemCaller("operator", "test");
    expect(await rejection(team.client.notifications().saveWebhook(stale, by))).toEqual({
      code: "conflict",
      message: "This webhook was changed by someone else meanwhile.",
    });
    for (let n = 1; n < notificationLimits.webhooks; n++) await saved(context, { name: `w${n}` });
    expect(await rejection(saved(context, { name: "more" }))).toEqual({
      code: "too_large",
      message: "A team has at most 20 webhooks (notificationLimits.webhooks).",
    });
  });

  it("says so when its secret cannot be read any more, and takes a new one", async () => {
    const { context } = await withWebhook();
    const other = { ...context, secrets: { ...context.secrets, open: async () => undefined } };
    expect(await rejection(saved(other, { name: "hook" }))).toEqual({
      code: "conflict",
      message: 'The address and secret of the webhook "hook" cannot be read any more.',
    });
    expect((await saved(other, { name: "hook", rotate_secret: true })).secret).toMatch(/^whsec_/);
  });
});
