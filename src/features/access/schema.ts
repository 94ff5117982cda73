// People and tokens as requests and answers carry them.
import { z } from "zod";
import { type Role, roles } from "./access.ts";

export const createTokenSchema = z.object({
  username: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9._@+-]{0,98}[a-z0-9])?$/i, "use letters, digits and inner . _ @ + -, 100 at most")
    .describe("Whose token it is; the person is added to the team when new."),
  role: z.enum(roles).describe("What the token may do at most; a new person gets this role."),
  label: z.string().min(1).max(100).default("token").describe("What it is for."),
  expires_in_days: z.number().positive().max(3650).optional().describe("Left out: it does not expire."),
});

/** A new token, the only time its text is shown. */
export interface NewToken {
  id: string;
  token: string;
  username: string;
  role: Role;
  expires_at: string | null;
}
