// Creating teams: who may, how many, and that none is left half made. Runs in workerd.
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { aPerson, operator } from "../../../test/helpers/people.ts";
import { rejection } from "../../../test/helpers/team.ts";
import { teamLimits } from "../../limits.ts";
import { deploymentClient } from "../../platform/deployment-client.ts";
import { teamClient } from "../../platform/team-client.ts";
import { createTeamFor, createTeamForOperator, mayCreateTeams } from "./teams.ts";

const open = { ...env, TEAM_CREATION: "anyone" };
const freshSlug = () => `c-${crypto.randomUUID().slice(0, 18)}`;

describe("the deployment's policy", () => {
  it.each([
    [undefined, ["a@x.org"], false],
    ["operator", ["a@x.org"], false],
    ["anyone", [], true],
    [" Anyone ", [], true],
    ["@x.org, b@y.org", ["A@X.org"], true],
    ["@x.org, b@y.org", ["b@y.org"], true],
    ["@x.org, b@y.org", ["c@y.org"], false],
    ["@x.org", ["a@notx.org"], false],
    ["@x.org", ["a@x.org.evil.com"], false],
    ["", ["a@x.org"], false],
    ["a", ["a"], false],
  ])("TEAM_CREATION %s, addresses %j: %s", (TEAM_CREATION, verifiedEmails, expected) => {
    expect(mayCreateTeams(TEAM_CREATION === undefined ? {} : { TEAM_CREATION }, { verifiedEmails })).toBe(expected);
  });

  it("is said to whom it refuses", async () => {
    const { caller, ...person } = aPerson("Ann", ["ann@example.org"]);
    const slug = freshSlug();
    expect(await rejection(createTeamFor(env, person, { slug }, caller))).toEqual({
      code: "forbidden",
      message: "This deployment does not let you create teams.",
    });
    expect((await rejection(teamClient(env.TEAM, slug).teams().identity())).code).toBe("not_found");
  });
});

describe("a person's team", () => {
  it("is theirs, registered, and the same when they ask again", async () => {
    const { caller, ...person } = aPerson("Ann Lee", ["ann@example.org"]);
    const slug = freshSlug();
    const made = await Promise.all([
      createTeamFor(open, person, { slug, name: "Anns" }, caller),
      createTeamFor(open, person, { slug, name: "Anns" }, caller),
    ]);
    expect(made.map(({ created }) => created).sort()).toEqual([false, true]);
    expect(made[0]).toMatchObject({ slug, name: "Anns" });
    const client = teamClient(env.TEAM, slug);
    expect(await client.people().membershipOf(person.personId)).toMatchObject({ username: "ann", role: "owner" });
    expect((await client.people().members()).length).toBe(1);
    expect(await deploymentClient(env).teamsCreatedBy(person.personId)).toBe(1);
  });

  it("is not someone else's, nor is its slug", async () => {
    const [ann, ben] = [aPerson("Ann"), aPerson("Ben")];
    const slug = freshSlug();
    const race = await Promise.allSettled([
      createTeamFor(open, ann, { slug }, ann.caller),
      createTeamFor(open, ben, { slug }, ben.caller),
    ]);
    expect(race.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(await rejection(createTeamFor(open, ben, { slug }, ben.caller))).toEqual({
      code: "already_exists",
      message: `The slug ${slug} is taken.`,
    });
    expect(await deploymentClient(env).teamsCreatedBy(ben.personId)).toBe(0);
  });

  it("does not take a team that the register does not know", async () => {
    const slug = freshSlug();
    await teamClient(env.TEAM, slug).create({ slug, name: "Old" });
    const ann = aPerson("Ann");
    expect((await rejection(createTeamFor(open, ann, { slug }, ann.caller))).code).toBe("already_exists");
    expect(await deploymentClient(env).teamsCreatedBy(ann.personId)).toBe(0);
    expect(await createTeamForOperator(env, { slug, name: "x" }, operator)).toBe(false);
    const { teams } = await deploymentClient(env).listTeams({ after: slug.slice(0, -1), limit: 5 });
    expect(teams.find((found) => found.slug === slug)).toMatchObject({ createdByPerson: null });
  });

  it("is one of a limited number, exactly, also when many are made at once", async () => {
    const ann = aPerson("Ann");
    const ends = await Promise.allSettled(
      Array.from({ length: teamLimits.createdEach + 3 }, () =>
        createTeamFor(open, ann, { slug: freshSlug() }, ann.caller),
      ),
    );
    expect(ends.filter(({ status }) => status === "fulfilled").length).toBe(teamLimits.createdEach);
    expect(await rejection(createTeamFor(open, ann, { slug: freshSlug() }, ann.caller))).toEqual({
      code: "too_large",
      message: "You have created 20 teams, the most one person may (limit createdEach).",
    });
  });

  it.each(["api", "admin", "operator", "www", "health", "null"])("may not be called %s", async (slug) => {
    const ann = aPerson("Ann");
    expect(await rejection(createTeamFor(open, ann, { slug }, ann.caller))).toEqual({
      code: "invalid_argument",
      message: "slug: choose another slug: this one is reserved",
    });
  });

  it("leaves a reservation to others once it is given up or was never finished", async () => {
    const deployment = deploymentClient(env);
    const slug = freshSlug();
    expect(await deployment.reserveTeam(slug, "per_a")).toEqual({ outcome: "reserved" });
    expect(await deployment.reserveTeam(slug, "per_b")).toEqual({ outcome: "taken" });
    await deployment.releaseTeam(slug, "per_b");
    expect(await deployment.reserveTeam(slug, "per_b")).toEqual({ outcome: "taken" });
    await deployment.releaseTeam(slug, "per_a");
    expect(await deployment.reserveTeam(slug, "per_b")).toEqual({ outcome: "reserved" });
    const later = Date.now() + teamLimits.reservationMs + 1;
    vi.spyOn(Date, "now").mockReturnValue(later);
    expect(await deployment.reserveTeam(slug, "per_c")).toEqual({ outcome: "reserved" });
    vi.restoreAllMocks();
  });
});
