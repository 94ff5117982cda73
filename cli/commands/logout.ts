// `logout`: forgets a profile and ends its sign-in at the server. Runs under Node.
import type { Command } from "../core/command.ts";
import { type Credential, changeConfig, readConfig } from "../core/config.ts";
import { CliError, exitCodes } from "../core/errors.ts";
import { unknownProfile } from "../core/session.ts";

export const logout: Command = {
  about:
    "A sign-in by OAuth is revoked at the server. A stored token is only forgotten: end it with `super-data token revoke`.",
  options: { all: { type: "flag", help: "Every profile." } },
  examples: ["super-data logout", "super-data logout --profile demo", "super-data logout --all"],
  run: async ({ env, output, asked }, input) => {
    const config = await readConfig(env);
    const names = input.flag("all") ? Object.keys(config.profiles) : [asked.profile ?? config.current ?? ""];
    const unknown = names.find((name) => config.profiles[name] === undefined);
    if (unknown === "") throw new CliError("not_signed_in", "Nobody is signed in here.");
    if (unknown !== undefined) throw unknownProfile(config, unknown);
    const ended: { profile: string; url: string; revoked: boolean }[] = [];
    for (const name of names) {
      const profile = config.profiles[name];
      if (profile === undefined) continue;
      const revoked = await endAtServer(profile.credential);
      if (!revoked && profile.credential.kind === "oauth")
        output.warn(`${profile.url} did not hear of it; the sign-in ends there when it was not used for 30 days.`);
      ended.push({ profile: name, url: profile.url, revoked });
    }
    await changeConfig(env, (now) => {
      for (const name of names) delete now.profiles[name];
      const [next] = Object.keys(now.profiles);
      if (now.current !== undefined && now.profiles[now.current] === undefined) {
        if (next === undefined) delete now.current;
        else now.current = next;
      }
    });
    await output.result(
      { signed_out: ended },
      ended.map(({ profile, url }) => `Signed out of ${url} (${profile}).`).join("\n"),
    );
    return exitCodes.ok;
  },
};

async function endAtServer(credential: Credential): Promise<boolean> {
  if (credential.kind !== "oauth") return false;
  return (await import("../core/oauth.ts")).revoke(credential);
}
