// The tools for the team itself. Runs at the edge.
import { readsOnly, replaces } from "../../core/define-tool.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import { callerOf } from "../access/access.ts";
import { updateTeam } from "./calls.ts";
import {
  deletedTeamSchema,
  deleteTeamSchema,
  getTeamSchema,
  type Team,
  teamSchema,
  updatedTeamSchema,
  updateTeamSchema,
} from "./schema.ts";

export const teamTools: readonly BuiltInTool[] = [
  defineTool({
    name: "get_team",
    title: "Get the team",
    description: "The team's name, settings, limits and how much of everything it has.",
    input: getTeamSchema,
    output: teamSchema,
    hints: readsOnly,
    permission: "people:read",
    toolset: "admin",
    handler: async (context) => {
      const data = await context.stub.teams().describe();
      return { text: describeTeam(data), data };
    },
  }),
  defineTool({
    name: "update_team",
    title: "Change the team's settings",
    description:
      "Renames the team or changes its settings: rate limits, ways of signing in, arguments in the operator's log.",
    input: updateTeamSchema,
    output: updatedTeamSchema,
    hints: replaces,
    permission: "settings:manage",
    toolset: "admin",
    handler: async (context, input) => {
      const data = await updateTeam(context, input);
      const ended = data.disconnected === 0 ? "" : ` ${data.disconnected} OAuth clients were disconnected.`;
      const said = data.outcome === "changed" ? `Changed.${ended}` : "Nothing changed.";
      return { text: `${said}\n${describeTeam(data.team)}`, data };
    },
  }),
  defineTool({
    name: "delete_team",
    title: "Delete the team",
    description:
      "Ends everyone's access at once. For 30 days an owner can restore the team over REST; then everything in it is removed for good. Owners only.",
    input: deleteTeamSchema,
    output: deletedTeamSchema,
    hints: replaces,
    permission: "owners:manage",
    toolset: "admin",
    handler: async (context, { confirm }) => {
      const data = await context.stub.teams().delete(confirm, callerOf(context));
      const text = `The team ${data.slug} is deleted and nobody gets in any more. Until ${data.purge_at} an owner can restore it: POST ${context.origin}/t/${data.slug}/api/v1/team/restore.`;
      return { text, data };
    },
  }),
];

function describeTeam({ slug, name, created_at, settings, counts, limits }: Team): string {
  const amounts = Object.entries(counts).map(([what, count]) => {
    const limit = limits[what];
    return `${what.replaceAll("_", " ")} ${count}${limit === undefined ? "" : ` of ${limit}`}`;
  });
  return [
    `${name} (${slug}), since ${created_at}`,
    `Has: ${amounts.join(", ")}`,
    `Settings: ${JSON.stringify(settings)}`,
  ].join("\n");
}
