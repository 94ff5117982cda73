// The proof's operations on backups. Nothing is ever restored over a team, so the model stays true: a restore is asked for with another team's
// backup, or with a confirm value that is none. Runs anywhere.
import { asRoute, type Shared } from "./people-operations.ts";
import type { Operations, RouteUse, Situation, ToolUse } from "./plan.ts";
import { dataOf, textAt } from "./wire.ts";
import type { Team } from "./world.ts";

/** Backups that each team is known to have made. */
const made = new WeakMap<Team, string[]>();

const idsOf = (team: Team): string[] => made.get(team) ?? [];

function createBackup({ team }: Situation): Shared {
  return {
    args: {},
    needs: ["backups:manage"],
    codes: ["busy"],
    writes: true,
    after: (answer) => {
      const id = textAt(dataOf(answer), "id");
      if (id !== undefined) made.set(team, [...idsOf(team), id]);
    },
  };
}

/** Another team's backup, or nobody's. */
function foreignBackup({ world, team }: Situation): string {
  const other = world.random.pick(world.teams.filter((one) => one !== team));
  return (other === undefined ? undefined : world.random.pick(idsOf(other))) ?? "bkp_none";
}

function restoreBackup(situation: Situation): Shared {
  const { world, team } = situation;
  const own = world.random.pick(idsOf(team));
  const isOwn = own !== undefined && world.random.chance(0.4);
  return {
    args: isOwn ? { backup_id: own, confirm: "none" } : { backup_id: foreignBackup(situation) },
    needs: ["backups:manage"],
    codes: isOwn ? ["invalid_argument", "not_found"] : ["not_found"],
    neverOk: true,
  };
}

function deleteBackup(situation: Situation): Shared {
  const { world, team } = situation;
  const own = world.random.pick(idsOf(team));
  const isOwn = own !== undefined && world.random.chance(0.5);
  return {
    args: { backup_id: isOwn ? own : foreignBackup(situation) },
    needs: ["backups:manage"],
    codes: isOwn ? ["busy", "not_found"] : ["not_found"],
    neverOk: !isOwn,
    writes: isOwn,
  };
}

function readBackup(situation: Situation, permission: "backups:manage" | "backups:download"): Shared {
  const { world, team } = situation;
  const own = world.random.pick(idsOf(team));
  const isOwn = own !== undefined && world.random.chance(0.5);
  return {
    args: { backup_id: isOwn ? own : foreignBackup(situation) },
    needs: [permission],
    codes: isOwn ? ["busy", "not_found"] : ["not_found"],
    neverOk: !isOwn,
  };
}

const ofBackup = { backup_id: "backup_id" };
const listBackups = (): Shared => ({ args: {}, needs: ["backups:manage"] });

export const backupTools: Operations<ToolUse> = {
  list_backups: listBackups,
  create_backup: createBackup,
  restore_backup: restoreBackup,
  delete_backup: deleteBackup,
};

const base = "/t/:team/api/v1/backups";

export const backupRoutes: Operations<RouteUse> = {
  [`GET ${base}`]: () => asRoute(listBackups(), "query"),
  [`POST ${base}`]: (situation) => asRoute(createBackup(situation), "json"),
  [`GET ${base}/:backup_id`]: (situation) => asRoute(readBackup(situation, "backups:manage"), "query", ofBackup),
  [`GET ${base}/:backup_id/content`]: (situation) =>
    asRoute(readBackup(situation, "backups:download"), "query", ofBackup),
  [`POST ${base}/:backup_id/restore`]: (situation) => asRoute(restoreBackup(situation), "json", ofBackup),
  [`DELETE ${base}/:backup_id`]: (situation) => asRoute(deleteBackup(situation), "query", ofBackup),
};
