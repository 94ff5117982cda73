// The names a team may give things. Runs everywhere.
import * as z from "zod";

const takenMessage = "choose another name: every object of JavaScript clients has one of this name";

/** A team's slug: the part of its URL after /t/. */
export const teamSlugSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, "use 1 to 40 lower-case letters, digits and inner hyphens");

/** Slugs that read as the server's own addresses, or as somebody they are not. */
const reservedSlugs: ReadonlySet<string> = new Set(
  `about account accounts admin api app assets auth authorize billing blog callback dashboard deployment dev docs download help health home
   internal join legal login logout mail mcp me metrics new null oauth operator owner ping privacy public register root security
   settings sign-in sign-out sign-up static status super-data support sys system t team teams terms token undefined user users
   v1 well-known www`.split(/\s+/),
);

/** A slug that a new team may have. */
export const newTeamSlugSchema = teamSlugSchema.refine((slug) => !reservedSlugs.has(slug), {
  message: "choose another slug: this one is reserved",
});

/** A tool, function or parameter name: what jq, MCP and every client accept. */
export const identifierSchema = z
  .string()
  // No flag i: a JSON Schema pattern has no flags, and clients are shown this as one.
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, "use a letter or underscore, then letters, digits or underscores, 64 at most")
  .refine(isNotInherited, takenMessage);

/** A dataset name: an identifier that may also hold inner dots and hyphens. */
export const datasetNameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,98}[A-Za-z0-9_])?$/,
    "use letters, digits, underscores, inner dots and hyphens, 100 at most",
  )
  .refine(isNotInherited, takenMessage);

/** Names every JavaScript object already answers to: a client that keeps tools or arguments in one mistakes them for its own. */
function isNotInherited(name: string): boolean {
  return !(name in Object.prototype);
}
