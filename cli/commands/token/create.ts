// `token create`: a token for scripts and for clients without OAuth. Runs under Node.
import type { Command } from "../../core/command.ts";
import { exitCodes, usageError } from "../../core/errors.ts";
import type { Token } from "../../core/wire.ts";

export const createToken: Command = {
  usage: "[LABEL]",
  words: [0, 1],
  about:
    "Its text is shown this once, alone on standard output. It is never stronger than what you are signed in with.",
  options: {
    role: {
      type: "text",
      value: "ROLE",
      help: "viewer, member, admin or owner; default yours (member for a service).",
    },
    scope: {
      type: "text",
      multiple: true,
      value: "SCOPES",
      help: "Narrow it, comma separated: data:read, data:write, library:write, admin.",
    },
    "expires-in-days": { type: "text", value: "DAYS", help: "Default: it lives until it is revoked." },
    service: { type: "text", value: "NAME", help: "A token of this service account, not of yours (admins)." },
    "acts-for-others": { type: "flag", help: "The service may name the member it acts for (X-User-Id)." },
  },
  examples: [
    "super-data token create nightly-upload --scope data:read,data:write --expires-in-days 90",
    "super-data token create --service ci --role member",
    "SUPER_DATA_TOKEN=$(super-data token create ci) super-data whoami",
  ],
  run: async ({ output, session }, input) => {
    const days = input.text("expires-in-days");
    if (days !== undefined && !(Number(days) > 0)) throw usageError("--expires-in-days takes a number above 0.");
    const scopes = input
      .list("scope")
      .flatMap((text) => text.split(/[\s,]+/))
      .filter((scope) => scope !== "");
    const [label] = input.words;
    const json = {
      ...(label === undefined ? {} : { label }),
      role: input.text("role"),
      service: input.text("service"),
      ...(scopes.length === 0 ? {} : { scopes }),
      ...(days === undefined ? {} : { expires_in_days: Number(days) }),
      ...(input.flag("acts-for-others") ? { may_act_for_others: true } : {}),
    };
    const { api } = await session();
    const made = await api.json<{ token: string; details: Token }>("/tokens", { method: "POST", json });
    const { id, username, role, expires_at } = made.details;
    output.note(
      `Token ${id} of ${username}, ${role}, ${expires_at === null ? "without an end" : `until ${expires_at}`}. Shown this once:`,
    );
    await output.result(made, made.token);
    return exitCodes.ok;
  },
};
