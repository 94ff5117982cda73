// Questions of `npm run deploy` on a terminal: text, choices, and secrets that do not show. Runs under Node.
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/**
 * Asks on the terminal: `text(question, preset)` and `yes(question)`, and `secret(question)`, whose answer is not shown. Answers are trimmed; an
 * empty one is the preset.
 */
export function terminalQuestions(input = process.stdin, output = process.stderr) {
  async function ask(question, shown) {
    const muted = new Writable({ write: (_chunk, _encoding, done) => done() });
    const reader = createInterface({ input, output: shown ? output : muted, terminal: input.isTTY === true });
    if (!shown) output.write(question);
    try {
      return (await reader.question(shown ? question : "")).trim();
    } finally {
      reader.close();
      if (!shown) output.write("\n");
    }
  }
  return {
    text: async (question, preset) =>
      (await ask(preset === undefined ? `${question}: ` : `${question} [${preset}]: `, true)) || preset || "",
    secret: (question) => ask(`${question}: `, false),
    yes: async (question) => !/^n/i.test(await ask(`${question} [Y/n]: `, true)),
  };
}

/** How people will sign in, asked once for a new deployment: `{ vars, secrets, providers }`. Empty answers leave a provider out. */
export async function askSignIn({ text, secret }) {
  const vars = {};
  const secrets = {};
  const providers = [];
  const kinds = (
    await text(
      "How do people sign in? Any of google, github, oidc, with spaces between; passkeys alone need nothing",
      "passkeys",
    )
  ).toLowerCase();
  const client = async (prefix, name) => {
    const id = await text(`${name}: client id (empty: leave it out)`);
    if (id === "") return false;
    vars[`${prefix}_CLIENT_ID`] = id;
    secrets[`${prefix}_CLIENT_SECRET`] = await secret(`${name}: client secret (not shown)`);
    return true;
  };
  if (kinds.includes("google") && (await client("GOOGLE", "Google"))) providers.push("google");
  if (kinds.includes("github") && (await client("GITHUB", "GitHub"))) providers.push("github");
  if (kinds.includes("oidc")) {
    const name = (await text("OpenID Connect: a name of A-Z, 0-9 and _", "SSO")).toUpperCase();
    const issuer = await text("OpenID Connect: issuer (https://…)");
    if (issuer !== "" && (await client(`OIDC_${name}`, "OpenID Connect"))) {
      vars[`OIDC_${name}_ISSUER`] = issuer;
      providers.push(name.toLowerCase().replaceAll("_", "-"));
    }
  }
  if (providers.length > 0) {
    const domains = await text("Domains of verified addresses that may sign in, with commas (empty: any)");
    if (domains !== "") vars.ALLOWED_EMAIL_DOMAINS = domains;
    vars.PASSKEYS = kinds.includes("passkeys") ? "on" : "off";
  }
  return { vars, secrets, providers };
}
