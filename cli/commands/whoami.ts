// `whoami`: who one is in the team, by which credential, and what one may do. Runs under Node.
import type { Command } from "../core/command.ts";
import { exitCodes } from "../core/errors.ts";
import type { WhoAmI } from "../core/wire.ts";

export const whoami: Command = {
  examples: ["super-data whoami", "super-data whoami --json | jq -r .role"],
  run: async ({ output, session }) => {
    const { api, url, profile, source } = await session();
    const who = await api.json<WhoAmI>("/whoami");
    const { username, role, team, scopes, credential, through, permissions } = who;
    const ends = credential.expires_at === null ? "does not expire" : `until ${credential.expires_at}`;
    const may = Object.keys(permissions).filter((name) => permissions[name]);
    await output.result({ ...who, url, profile: profile ?? null, source }, () =>
      [
        `${username}, ${role} of ${team}${through === null ? "" : `, through ${through}`}  ${url}`,
        `By ${credential.kind.replaceAll("_", " ")} "${credential.label}" (${ends}), from ${source === "environment" ? "SUPER_DATA_TOKEN" : `profile ${profile}`}`,
        `Scopes: ${scopes.join(" ")}`,
        `May: ${may.join(" ")}`,
      ].join("\n"),
    );
    return exitCodes.ok;
  },
};
