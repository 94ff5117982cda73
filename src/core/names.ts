// The names a team may give things. Runs everywhere.
import { z } from "zod";

/** A team's slug: the part of its URL after /t/. */
export const teamSlugSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, "use 1 to 40 lower-case letters, digits and inner hyphens");

/** A tool, function or parameter name: what jq, MCP and every client accept. */
export const identifierSchema = z
  .string()
  .regex(/^[a-z_][a-z0-9_]{0,63}$/i, "use a letter or underscore, then letters, digits or underscores, 64 at most");

/** A dataset name: an identifier that may also hold inner dots and hyphens. */
export const datasetNameSchema = z
  .string()
  .regex(
    /^[a-z0-9_](?:[a-z0-9_.-]{0,98}[a-z0-9_])?$/i,
    "use letters, digits, underscores, inner dots and hyphens, 100 at most",
  );
