// People and tokens as requests and answers carry them.
import { z } from "zod";
import { roles } from "./access.ts";

export const createTokenSchema = z.object({
  username: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9._@+-]{0,98}[a-z0-9])?$/i, "use letters, digits and inner . _ @ + -, 100 at most")
    .describe("Whose token it is; the person is added to the team when new."),
  role: z.enum(roles).describe("What the token may do at most; a new person gets this role."),
  label: z.string().min(1).max(100).default("token").describe("What it is for."),
  expires_in_days: z.number().positive().max(3650).optional().describe("Left out: it does not expire."),
});
export type CreateToken = z.infer<typeof createTokenSchema>;

/** A new token, the only time its text is shown. */
export const newTokenSchema = z.object({
  id: z.string(),
  token: z.string(),
  username: z.string(),
  role: z.enum(roles),
  expires_at: z.string().nullable(),
});
export type NewToken = z.infer<typeof newTokenSchema>;
