// Bringing a person into a team with a browser, by an invitation that signs in. Runs in Node.
import { type Browser, textOf } from "./browser.ts";
import { operator } from "./clients.ts";

/** Opens an invitation with this role in the browser and accepts it; whoever was not signed in is so afterwards. */
export async function joinTeam(
  browser: Browser,
  server: { origin: string; persist: string },
  team: string,
  role: string,
  username = `p${crypto.randomUUID().slice(0, 8)}`,
): Promise<void> {
  const body = JSON.stringify({ role, sign_in: true });
  const answer = await operator(server, `/teams/${team}/invitations`, { method: "POST", body });
  const { url } = (await answer.json()) as { url: string };
  const page = await browser.open(browser.home + new URL(url).pathname);
  const isStranger = page.html.includes('name="display_name"');
  const done = isStranger
    ? await browser.submit(page, { form: 'id="link-name"', set: { display_name: username } })
    : await browser.submit(page, { form: `Join ${team}` });
  if (done.status !== 200) throw new Error(`the invitation was not accepted: ${textOf(done.html)}`);
}
