// A team's notifications from inside its object, with the clock and the queue in the test's hands. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { CallContext } from "../../src/context.ts";
import { type Db, openDb } from "../../src/durable/db.ts";
import { makeTeamDeps, type TeamDeps } from "../../src/durable/team-deps.ts";
import { saveWebhook } from "../../src/features/notifications/calls.ts";
import type { DeliveryPolicy } from "../../src/features/notifications/notifications.ts";
import { NotificationsRpc } from "../../src/features/notifications/rpc.ts";
import type { SaveWebhook } from "../../src/features/notifications/schema.ts";
import type { TeamClient } from "../../src/platform/team-client.ts";
import type { BackgroundMessage } from "../../src/surfaces/background/messages.ts";
import { type FreshTeam, freshTeam } from "./team.ts";

export interface Inside {
  deps: TeamDeps;
  db: Db;
  rpc: NotificationsRpc;
  /** What the edge calls: the same object, as if over RPC. */
  stub: Pick<TeamClient, "notifications">;
  clock: { now: number };
  /** What was put on the queue; nobody takes it from there. */
  sent: BackgroundMessage[];
  /** Times that the alarm was asked for. */
  wakes: number[];
}

export const testPolicy: DeliveryPolicy = {
  allowedHosts: ["127.0.0.1:9"],
  resolver: "https://dns.example/dns-query",
  sendsEmail: true,
};

/** Runs a test inside a team's object. */
export async function inside<T>(
  team: FreshTeam,
  run: (at: Inside) => T | Promise<T>,
  policy: DeliveryPolicy = testPolicy,
): Promise<T> {
  const object = env.TEAM.get(env.TEAM.idFromName(team.slug));
  return runInDurableObject(object, async (_object, { storage }) => {
    const clock = { now: 1_900_000_000_000 };
    const [sent, wakes]: [BackgroundMessage[], number[]] = [[], []];
    const wakeAt = (time: number) => void wakes.push(time);
    const alarm = { wakeAt, afterwards: <R>(write: () => R): R => write() };
    const db = openDb(storage);
    const made = makeTeamDeps(
      storage,
      db,
      alarm as unknown as Parameters<typeof makeTeamDeps>[2],
      { publish: () => undefined, endFeeds: () => undefined },
      (message) => void sent.push(message),
    );
    const deps: TeamDeps = { ...made, now: () => clock.now };
    const rpc = new NotificationsRpc(deps, policy);
    const remote = new Proxy(rpc, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        return async (...args: unknown[]) => (method as (...given: unknown[]) => unknown).apply(target, args);
      },
    });
    const stub = { notifications: () => remote } as unknown as Inside["stub"];
    const time = vi.spyOn(Date, "now").mockImplementation(() => clock.now);
    try {
      return await run({ deps, db, rpc, stub, clock, sent, wakes });
    } finally {
      time.mockRestore();
    }
  });
}

/** An address whose path and query hold secrets. */
export const url = "https://hooks.example.com/services/planted-token?key=planted-key";

/** Answers every look-up with a public address; everything else by `receive`. */
export function fetcher(receive: (request: Request) => Response | Promise<Response>) {
  const seen: { url: string; headers: Record<string, string>; body: string }[] = [];
  const fake = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const address = new URL(String(input));
    if (address.host === "dns.example" || address.host === "cloudflare-dns.com") {
      const isFour = address.searchParams.get("type") === "A";
      return Response.json({ Status: 0, Answer: isFour ? [{ type: 1, data: "93.184.215.14" }] : [] });
    }
    const request = new Request(address, init);
    seen.push({ url: address.href, headers: Object.fromEntries(request.headers), body: await request.clone().text() });
    return receive(request);
  };
  return { seen, fetch: fake as typeof fetch };
}

/** A receiver that takes everything, and a resolver that knows every name. */
export const away = fetcher(() => new Response(null, { status: 204 })).fetch;

/** Saves a webhook as the tool does, with that resolver. */
export async function saved(context: CallContext, input: Partial<SaveWebhook> & { name: string }) {
  return saveWebhook(context, { url, ...input }, away);
}

/** A team with one webhook, and its deliveries in the test's hands. */
export async function withWebhook(
  input: Partial<SaveWebhook> = {},
): Promise<{ team: FreshTeam; context: CallContext; secret: string }> {
  const team = await freshTeam();
  const context = await team.call("admin");
  const { secret = "" } = await saved(context, { name: "hook", ...input });
  return { team, context, secret };
}
