// That the workflow proof would find a broken rule: each fault is put into the running product on purpose, and the proof must stumble over it.
import { afterEach, expect, it, vi } from "vitest";
import { TeamObject } from "../../src/durable/team-object.ts";
import { ApprovalsRpc } from "../../src/features/approvals/rpc.ts";
import { hourMs } from "./model.ts";
import { type ProofOptions, prove } from "./prover.ts";
import type { World } from "./world.ts";

afterEach(() => vi.restoreAllMocks());

const trigger =
  (sql: string) =>
  async (world: World): Promise<void> =>
    void (await world.rows(`CREATE TRIGGER sabotage ${sql}`));

const { vote, next } = ApprovalsRpc.prototype;

interface Fault extends Pick<ProofOptions, "sabotage" | "favour"> {
  rule: string;
  /** What the proof says of it. */
  said: RegExp;
}

const faults: Fault[] = [
  {
    rule: "a vote is on one edition",
    sabotage: () =>
      void vi.spyOn(ApprovalsRpc.prototype, "vote").mockImplementation(function (this: ApprovalsRpc, id, input, by) {
        return vote.call(this, id, { vote: input.vote }, by);
      }),
    favour: { vote: 90, edit: 20 },
    said: /a vote on edition \d+ of prop_\S+ counted at \d+/,
  },
  {
    rule: "who has left does not count",
    // What they voted is the founder's from then on, who stays.
    sabotage:
      trigger(`AFTER UPDATE OF removed_at ON users WHEN NEW.removed_at IS NOT NULL BEGIN UPDATE OR IGNORE approval_votes
      SET user_id = (SELECT id FROM users WHERE username = 'olga') WHERE user_id = NEW.id; END`),
    favour: { "change people": 40, vote: 60, "move the clock": 0 },
    said: /nothing approves it: votes come to undefined|rejected \(\w+\): votes come to undefined/,
  },
  {
    rule: "no vote is lost",
    sabotage: trigger("BEFORE INSERT ON approval_votes WHEN NEW.username = 'cleo' BEGIN SELECT RAISE(IGNORE); END"),
    favour: { vote: 60 },
    said: /its votes are .* and should be .*cleo/,
  },
  {
    rule: "what is applied stays applied",
    sabotage: trigger(
      "AFTER UPDATE OF state ON proposals WHEN NEW.state = 'applied' BEGIN UPDATE proposals SET state = 'approved' WHERE id = NEW.id; END",
    ),
    favour: { vote: 60 },
    said: /is approved and has made 1 versions/,
  },
  {
    rule: "nothing is approved before its time",
    sabotage: (world) =>
      void vi.spyOn(ApprovalsRpc.prototype, "next").mockImplementation(function (this: ApprovalsRpc, id) {
        const { now } = world;
        world.now = now + 20 * hourMs;
        try {
          return next.call(this, id);
        } finally {
          world.now = now;
        }
      }),
    favour: { vote: 0, "vote together": 0, race: 0, "deliver a message": 40, "move the clock": 30 },
    said: /pending became \w+ \(timeout\): nothing approves it/,
  },
  {
    rule: "what a queue lost is found by the alarm",
    sabotage: () => void vi.spyOn(TeamObject.prototype, "alarm").mockImplementation(async () => undefined),
    favour: { "lose a message": 60, "move the clock": 30 },
    said: /never applied|still pending though time has made it|does not come to rest/,
  },
  {
    rule: "everyone is told once",
    sabotage: trigger(`AFTER INSERT ON notifications WHEN NEW.kind = 'proposal.applied' AND NEW.actor <> 'twin' BEGIN
      INSERT INTO notifications (user_id, kind, subject_kind, subject_name, title, body, actor, created_at, digested)
      VALUES (NEW.user_id, NEW.kind, NEW.subject_kind, NEW.subject_name, NEW.title, NEW.body, 'twin', NEW.created_at, 1); END`),
    favour: { vote: 60 },
    said: /was told 2 times that prop_\S+ is applied/,
  },
];

it.each(faults)("finds that $rule no more", { timeout: 180_000 }, async ({ sabotage, favour, said }) => {
  const { failed, trace } = await prove({
    seed: 11,
    steps: 400,
    ...(sabotage && { sabotage }),
    ...(favour && { favour }),
  });
  expect(failed?.faults.join("\n") ?? `nothing in ${trace.length} steps`).toMatch(said);
});
