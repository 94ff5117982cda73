// The proof's operations outside of any team's URL: the operator's routes with everyone's tokens, invitation links, metadata. Runs anywhere.
import type { Team, World } from "./world.ts";

export interface SiteUse {
  /** With everything in it filled in. */
  path: string;
  json?: unknown;
  form?: Record<string, string>;
  headers?: Record<string, string>;
  /** Only the operator gets in, and no token of a team is the operator's. */
  operatorOnly?: boolean;
  /** Whoever has the link is told what it opens, so the team's name and no more. */
  opens?: Team;
}

type SiteOperations = Readonly<Record<string, (world: World, team: Team) => SiteUse>>;

const forOperator =
  (path: (world: World, team: Team) => string, json?: unknown) =>
  (world: World, team: Team): SiteUse => ({
    path: path(world, team),
    operatorOnly: true,
    ...(json === undefined ? {} : { json }),
  });

const plain = (path: string) => (): SiteUse => ({ path });

function joinLink(world: World, team: Team): SiteUse {
  const other = world.random.chance(0.4) ? (world.random.pick(world.teams) ?? team) : team;
  const found = world.random.pick(other.loot.invitations);
  const path = `/join/${team.slug}/${found?.secret ?? "A".repeat(43)}`;
  return { path, ...(found !== undefined && other === team ? { opens: team } : {}) };
}

export const siteOperations: SiteOperations = {
  "GET /operator/teams": forOperator(() => "/operator/teams"),
  "PUT /operator/teams/:team": forOperator((_, team) => `/operator/teams/${team.slug}`, { name: "Taken" }),
  "DELETE /operator/teams/:team": forOperator((_, team) => `/operator/teams/${team.slug}`),
  "POST /operator/teams/:team/restore": forOperator((_, team) => `/operator/teams/${team.slug}/restore`, {}),
  "GET /operator/teams/:team/backups": forOperator((_, team) => `/operator/teams/${team.slug}/backups`),
  "POST /operator/teams/:team/invitations": forOperator((_, team) => `/operator/teams/${team.slug}/invitations`, {
    role: "owner",
    sign_in: true,
  }),
  "POST /operator/teams/:team/tokens": forOperator((_, team) => `/operator/teams/${team.slug}/tokens`, {
    username: "ada",
    role: "owner",
  }),
  "DELETE /operator/teams/:team/tokens/:id": forOperator(
    (world, team) => `/operator/teams/${team.slug}/tokens/${world.random.pick(team.keys)?.id ?? "tok_none"}`,
  ),
  "GET /operator/dead-letters": forOperator(() => "/operator/dead-letters"),
  "POST /operator/dead-letters/:id/replay": forOperator(() => "/operator/dead-letters/x/replay", {}),
  "DELETE /operator/dead-letters/:id": forOperator(() => "/operator/dead-letters/x"),
  "GET /": plain("/"),
  "GET /account": plain("/account"),
  "GET /teams/new": plain("/teams/new"),
  "GET /sign-in": plain("/sign-in"),
  "GET /metrics": forOperator(() => "/metrics"),
  "GET /health": plain("/health"),
  "GET /health/ready": plain("/health/ready"),
  "GET /.well-known/oauth-protected-resource/t/:team/mcp": (_, team) => ({
    path: `/.well-known/oauth-protected-resource/t/${team.slug}/mcp`,
  }),
  "ALL /.well-known/oauth-authorization-server": plain("/.well-known/oauth-authorization-server"),
  "GET /join/:team/:secret": joinLink,
  "ALL /token": (world, team) => ({
    path: "/token",
    form: {
      grant_type: world.random.pick(["authorization_code", "refresh_token"]),
      code: `${team.slug}.per_x:grant:secret`,
      refresh_token: world.random.pick(team.keys)?.token ?? "x",
      client_id: "x",
    },
  }),
};
