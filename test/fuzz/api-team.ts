// A team with a thing of every kind under the names that the reference's examples use, for fuzzers that go by the OpenAPI document. Runs in Node.
import type { Deployment } from "../isolation/setup.ts";

/** Operations that end the team, its owner's way in or their rate: to be tried in a team that nothing else is tried in. */
export const endings: readonly string[] = [
  "delete_team",
  "leave_team",
  "transfer_ownership",
  "update_team",
  "restore_backup",
];

export interface ApiTeam {
  slug: string;
  /** The API's address. */
  url: string;
  token: string;
}

const perMinute = 1_000_000;

/** Makes the team. Throws with what was answered when something of it is refused. */
export async function apiTeam({ origin, operatorToken }: Deployment, slug: string): Promise<ApiTeam> {
  const url = `${origin}/t/${slug}/api/v1`;
  const operate = (method: string, path: string, body: unknown) =>
    ask(`${origin}/operator${path}`, operatorToken, method, JSON.stringify(body));
  await operate("PUT", `/teams/${slug}`, { name: "Fuzz" });
  const { token } = (await operate("POST", `/teams/${slug}/tokens`, { username: "root", role: "owner" })) as {
    token: string;
  };
  const json = (method: string, path: string, body: unknown) => ask(url + path, token, method, JSON.stringify(body));
  const rates = Object.fromEntries(
    ["person", "token", "query", "write"].map((name) => [`${name}_per_minute`, perMinute]),
  );
  await json("PATCH", "/team", { settings: { rate_limits: rates, members_save_directly: true } });
  const csv = "id,region,total\n1,EU,2.50\n2,US,10\n3,EU,4\n";
  await ask(`${url}/datasets/sales`, token, "PUT", csv, "text/csv");
  await ask(`${url}/frames?name=customers`, token, "POST", csv, "text/csv");
  await json("POST", "/tables", {
    table_name: "orders",
    schema: { id: "int", region: "text", total: "decimal" },
    primary_key: "id",
  });
  await json("POST", "/tables/orders/records", { data: [{ id: 1, region: "EU", total: "2.50" }] });
  const library = { functions: [{ name: "twice", definition: "def twice: . * 2;" }], tools: [tool] };
  await json("POST", "/library", library);
  await json("POST", "/backups", {});
  return { slug, url, token };
}

const tool = { name: "totals", description: "Totals.", query: "map(.total) | add" };

async function ask(url: string, token: string, method: string, body: string, type = "application/json") {
  const headers = { authorization: `Bearer ${token}`, "content-type": type };
  const answer = await fetch(url, { method, headers, body });
  const text = await answer.text();
  if (!answer.ok || /"failed":\[(?!\])/.test(text)) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}
