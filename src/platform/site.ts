// The deployment around a team, as far as backups need it: other teams' objects, the register, the key. Runs at the edge.
import { deploymentClient } from "./deployment-client.ts";
import { type TeamClient, teamClient } from "./team-client.ts";
import { type WorkspaceClient, workspaceClient } from "./workspace-client.ts";

export interface Site {
  /** The secret BACKUP_KEY as the operator set it; undefined when it is not set. */
  backupSecret: string | undefined;
  teamOf: (slug: string) => TeamClient;
  workspaceOf: (slug: string, incarnation: string) => WorkspaceClient;
  register: (team: { slug: string; incarnation: string; createdAt: number }) => Promise<void>;
  unregister: (slug: string, incarnation: string) => Promise<void>;
}

export function siteOf(env: Pick<Env, "TEAM" | "WORKSPACE" | "DEPLOYMENT">): Site {
  const secret: unknown = Reflect.get(env, "BACKUP_KEY");
  return {
    backupSecret: typeof secret === "string" && secret !== "" ? secret : undefined,
    teamOf: (slug) => teamClient(env.TEAM, slug),
    workspaceOf: (slug, incarnation) => workspaceClient(env.WORKSPACE, slug, incarnation),
    register: (team) => deploymentClient(env).registerTeam({ ...team, createdByPerson: null }),
    unregister: (slug, incarnation) => deploymentClient(env).unregisterTeam(slug, incarnation),
  };
}
