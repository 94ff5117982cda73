// Creating teams: who may, and how it comes out whole. Runs at the edge.
import { AppError } from "../../core/errors.ts";
import { newTeamSlugSchema } from "../../core/names.ts";
import { parseWith } from "../../core/parse.ts";
import { deploymentClient } from "../../platform/deployment-client.ts";
import { teamClient } from "../../platform/team-client.ts";
import type { Caller } from "../access/access.ts";
import { usernameFrom } from "../access/schema.ts";
import { teamNameSchema } from "./schema.ts";

type TeamsEnv = Pick<Env, "TEAM" | "DEPLOYMENT">;

/** A signed-in person, as far as creating a team asks. */
export interface Person {
  personId: string;
  displayName: string;
  verifiedEmails: readonly string[];
}

/**
 * True when this deployment lets the person create teams. The operator's TEAM_CREATION is `anyone`, `operator` (only the operator, the preset)
 * or a list of addresses and @domains, of which one must be a verified address of theirs.
 */
export function mayCreateTeams(env: object, person: Pick<Person, "verifiedEmails">): boolean {
  const set: unknown = Reflect.get(env, "TEAM_CREATION");
  const policy = typeof set === "string" ? set.trim().toLowerCase() : "operator";
  if (policy === "anyone") return true;
  const listed = policy.split(",").map((entry) => entry.trim());
  return person.verifiedEmails.some((email) => {
    const address = email.trim().toLowerCase();
    return listed.some((entry) =>
      entry.startsWith("@") ? address.endsWith(entry) : entry.includes("@") && entry === address,
    );
  });
}

/**
 * Creates a team that the person owns. Whoever asks again with the same slug, after an answer that got lost say, gets the same team, and
 * `created` says false. Throws `forbidden` by the deployment's policy, `invalid_argument`, `already_exists`, `too_large` at the limit of teams.
 */
export async function createTeamFor(
  env: TeamsEnv,
  person: Person,
  input: { slug: string; name?: string },
  by: Caller,
): Promise<{ slug: string; name: string; created: boolean }> {
  requireMayCreate(env, person);
  const slug = parseWith(newTeamSlugSchema, input.slug, "slug");
  const name = parseWith(teamNameSchema, input.name ?? slug, "name");
  const deployment = deploymentClient(env);
  const reservation = await deployment.reserveTeam(slug, person.personId);
  if (reservation.outcome === "too_many") throw tooMany(reservation.limit);
  if (reservation.outcome === "taken") throw taken(slug);
  const team = teamClient(env.TEAM, slug);
  const created = await team.create({ slug, name, founder: founderOf(person), by });
  const owns = created || (await team.people().membershipOf(person.personId))?.role === "owner";
  if (!owns) {
    await deployment.releaseTeam(slug, person.personId);
    throw taken(slug);
  }
  const identity = await team.teams().identity();
  await registerTeam(env, identity, person.personId);
  return { slug, name: identity.name, created };
}

/** Creates a team that nobody is in yet, for the operator; false when there is one. Either way the register knows it afterwards. */
export async function createTeamForOperator(
  env: TeamsEnv,
  input: { slug: string; name: string },
  by: Caller,
): Promise<boolean> {
  const team = teamClient(env.TEAM, input.slug);
  const created = await team.create({ ...input, by });
  const identity = await team.teams().identity();
  await registerTeam(env, identity, null);
  return created;
}

async function registerTeam(
  env: TeamsEnv,
  { slug, incarnation, createdAt }: { slug: string; incarnation: string; createdAt: number },
  createdByPerson: string | null,
): Promise<void> {
  await deploymentClient(env).registerTeam({ slug, incarnation, createdByPerson, createdAt });
}

function founderOf({ personId, displayName, verifiedEmails }: Person) {
  const username = usernameFrom([...verifiedEmails, displayName], () => false);
  return { personId, username, displayName: displayName.slice(0, 100), email: verifiedEmails[0] ?? null };
}

function requireMayCreate(env: object, person: Person): void {
  if (mayCreateTeams(env, person)) return;
  throw new AppError("forbidden", "This deployment does not let you create teams.", {
    hint: "Ask its operator for a team, or for your verified address to be put into TEAM_CREATION.",
  });
}

function tooMany(limit: number): AppError {
  return new AppError("too_large", `You have created ${limit} teams, the most one person may (limit createdEach).`, {
    hint: "Delete one you no longer need; it counts until it is removed for good.",
    details: { limit: "createdEach", value: limit },
  });
}

function taken(slug: string): AppError {
  return new AppError("already_exists", `The slug ${slug} is taken.`, {
    hint: "Choose another. The slug of a deleted team is free once the team is removed for good.",
  });
}
