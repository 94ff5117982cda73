// `profiles`: the teams this machine is signed in to, and which one is meant when none is named. Runs under Node.
import type { Command } from "../core/command.ts";
import { changeConfig, readConfig } from "../core/config.ts";
import { exitCodes } from "../core/errors.ts";
import { table } from "../core/output.ts";
import { unknownProfile } from "../core/session.ts";

export const profiles: Command = {
  usage: "[NAME]",
  words: [0, 1],
  about:
    "With NAME it becomes the current one: what commands use when neither --profile, --url nor the environment says another.",
  examples: ["super-data profiles", "super-data profiles demo"],
  run: async ({ env, output }, { words: [name] }) => {
    if (name !== undefined) {
      await changeConfig(env, (config) => {
        if (config.profiles[name] === undefined) throw unknownProfile(config, name);
        config.current = name;
      });
    }
    const config = await readConfig(env);
    const rows = Object.entries(config.profiles).map(([profile, { url, username, credential }]) => ({
      profile,
      current: profile === config.current,
      url,
      username: username ?? null,
      signed_in_by: credential.kind,
      scopes: credential.kind === "oauth" ? credential.scope.split(" ") : null,
    }));
    await output.result({ profiles: rows }, () =>
      rows.length === 0
        ? "No team yet. Sign in with `super-data login https://HOST/t/TEAM`."
        : table(
            rows.map((row) => ({ ...row, mark: row.current ? "*" : "" })),
            [
              { title: "", key: "mark" },
              { title: "PROFILE", key: "profile" },
              { title: "TEAM", key: "url" },
              { title: "USER", key: "username" },
              { title: "BY", key: "signed_in_by" },
            ],
          ),
    );
    return exitCodes.ok;
  },
};
