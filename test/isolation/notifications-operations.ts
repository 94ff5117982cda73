// The proof's operations on inboxes, webhooks and deliveries. Runs anywhere.
import { asRoute, type Shared } from "./people-operations.ts";
import {
  cursorCodes,
  type Operations,
  type RouteUse,
  type Situation,
  someCursor,
  type ToolUse,
  withoutUndefined,
} from "./plan.ts";

const page = (situation: Situation): Record<string, unknown> =>
  withoutUndefined<unknown>({ limit: situation.world.random.pick([1, 3, 50]), cursor: someCursor(situation) });

function inbox(situation: Situation): Shared {
  return { args: page(situation), needs: ["notifications:own"], codes: cursorCodes };
}

/** Of one's own: another's id marks nothing. */
function markRead({ world }: Situation): Shared {
  const args = world.random.chance(0.5) ? { ids: [world.random.int(50) + 1] } : { up_to: world.random.int(50) + 1 };
  return { args, needs: ["notifications:own"], writes: true };
}

function setSettings({ world, viewer, team }: Situation): Shared {
  const self = team.people.find(({ username }) => username === viewer?.username);
  const isService = self?.kind === "service";
  return {
    args: { muted: world.random.chance(0.5) ? ["proposal.voted"] : [], email: "off" },
    needs: ["notifications:own"],
    codes: isService ? ["unsupported"] : [],
    neverOk: isService,
    writes: true,
  };
}

const name = ({ world }: Situation): string => `hook-${world.random.int(3)}`;

/** The address holds a secret that nobody is shown again; its host has no address, so nothing is sent. */
function save(situation: Situation): Shared {
  const { world, team } = situation;
  const path = world.canaries.plant(team.slug, "the address of a webhook", () => false);
  return {
    args: { name: name(situation), url: `https://hooks.example.com/${path}`, format: "slack", is_active: false },
    needs: ["webhooks:manage"],
    codes: ["conflict"],
    writes: true,
  };
}

const one = (situation: Situation): Shared => ({
  args: { name: name(situation) },
  needs: ["webhooks:manage"],
  codes: ["not_found"],
  writes: true,
});

function deliveries(situation: Situation): Shared {
  const webhook = situation.world.random.chance(0.3) ? name(situation) : undefined;
  return {
    args: { ...page(situation), ...withoutUndefined({ webhook }) },
    needs: ["webhooks:manage"],
    codes: [...cursorCodes, "not_found"],
  };
}

const replay = (): Shared => ({
  args: { id: "dlv_none" },
  needs: ["webhooks:manage"],
  codes: ["not_found"],
  neverOk: true,
  writes: true,
});

export const notificationTools: Operations<ToolUse> = {
  list_notifications: inbox,
  mark_notifications_read: markRead,
  get_notification_settings: () => ({ args: {}, needs: ["notifications:own"] }),
  set_notification_settings: setSettings,
  list_webhooks: () => ({ args: {}, needs: ["webhooks:manage"] }),
  save_webhook: save,
  delete_webhook: one,
  test_webhook: one,
  list_deliveries: deliveries,
  replay_delivery: replay,
};

const base = "/t/:team/api/v1";

export const notificationRoutes: Operations<RouteUse> = {
  [`GET ${base}/notifications`]: (situation) => asRoute(inbox(situation), "query"),
  [`POST ${base}/notifications/read`]: (situation) => asRoute(markRead(situation), "json"),
  [`GET ${base}/notifications/settings`]: () => asRoute({ args: {}, needs: ["notifications:own"] }, "query"),
  [`PUT ${base}/notifications/settings`]: (situation) => asRoute(setSettings(situation), "json"),
  [`GET ${base}/webhooks`]: () => asRoute({ args: {}, needs: ["webhooks:manage"] }, "query"),
  [`PUT ${base}/webhooks/:name`]: (situation) => asRoute(save(situation), "json", { name: "name" }),
  [`DELETE ${base}/webhooks/:name`]: (situation) => asRoute(one(situation), "query", { name: "name" }),
  [`POST ${base}/webhooks/:name/test`]: (situation) => asRoute(one(situation), "json", { name: "name" }),
  [`GET ${base}/deliveries`]: (situation) => asRoute(deliveries(situation), "query"),
  [`POST ${base}/deliveries/:id/replay`]: () => asRoute(replay(), "json", { id: "id" }),
};
