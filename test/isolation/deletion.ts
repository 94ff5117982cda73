// The end of a run: one team is deleted and comes back. Nobody gets in meanwhile, whoever was nobody still learns nothing, the others notice nothing. Runs in Node.
import { findLeaks, type Violation } from "./oracle.ts";
import { asRoot, type Deployment, operator } from "./setup.ts";
import type { Streams } from "./streams.ts";
import { type Ask, mcpAsk, restAsk, send } from "./wire.ts";
import type { Key, Team, World } from "./world.ts";

const operation = "a deleted team";

/** What is wrong while the last team is deleted. Afterwards it is as it was. `nobody` says what a stranger is told. */
export async function checkDeletion(
  world: World,
  deployment: Deployment,
  streams: Streams,
  isUsualRefusal: (ask: Ask, answer: Awaited<ReturnType<typeof send>>, team: Team) => boolean,
): Promise<Violation[]> {
  const team = world.teams.at(-1);
  if (team === undefined) return [];
  const { slug } = team;
  await asRoot(deployment, team, restAsk(slug, "DELETE", "/team", { json: { confirm: slug } }));
  const violations: Violation[] = [];
  for (const key of [...team.keys, ...world.teams.flatMap((other) => (other === team ? [] : other.keys.slice(0, 2)))]) {
    const isSession = key.kind === "session";
    const asks = [restAsk(slug, "GET", "/datasets"), ...(isSession ? [] : [mcpAsk("2026", slug, "tools/list", {})])];
    for (const plain of asks) {
      const ask = { ...plain, headers: { ...plain.headers, ...credentialOf(key) } };
      const answer = await send(deployment.origin, ask);
      const viewer = world.viewerOf(key, slug);
      const refused =
        viewer === undefined
          ? isUsualRefusal(ask, answer, team)
          : answer.status === 410 && answer.code === "team_deleted";
      const leaks = findLeaks(world, answer.text, { operation, viewer: undefined, sent: "", team: slug });
      if (refused && leaks.length === 0) continue;
      const detail = `${key.name} of team ${key.person.team} was answered ${answer.status} ${answer.code}`;
      violations.push({ kind: "refusal", operation, detail, excerpt: answer.text.slice(0, 600) }, ...leaks);
    }
  }
  violations.push(...(await streams.checkTeamEnded(team)));
  await operator(deployment, "POST", `/teams/${slug}/restore`, {});
  return violations;
}

function credentialOf(key: Key): Record<string, string> {
  return key.kind === "session" ? { cookie: key.token } : { authorization: `Bearer ${key.token}` };
}
