// If-Match and If-None-Match over REST: what holds, what does not, and who is faster. Driven as HTTP, in workerd.
import { describe, expect, it } from "vitest";
import { callerBy, invite, member, send } from "../../../test/helpers/people.ts";
import { freshTeam, rejection } from "../../../test/helpers/team.ts";

type Body = Record<string, unknown>;

async function team() {
  const { slug, client } = await freshTeam();
  const olga = await member(client, "olga", "owner");
  const api = (method: string, path: string, body?: Body, headers: Record<string, string> = {}) =>
    send(method, `/t/${slug}/api/v1${path}`, { token: olga.token, headers, ...(body === undefined ? {} : { body }) });
  const etag = async (path: string) => (await api("GET", path)).headers.get("etag") ?? "";
  return { slug, client, olga, api, etag };
}

const why = ({ status, body }: { status: number; body: Body }) => [status, body.code, body.detail];
const changed = [412, "precondition_failed", "It is not in the state that If-Match asks for: it was changed."];

describe("If-Match", () => {
  it("lets a change through in the state it names, and says the state there is instead", async () => {
    const { api, etag } = await team();
    const before = await etag("/team");
    const renamed = await api("PATCH", "/team", { name: "Blue" }, { "if-match": `"older", ${before}` });
    expect([renamed.status, renamed.body.outcome]).toEqual([200, "changed"]);
    const late = await api("PATCH", "/team", { name: "Red" }, { "if-match": before });
    const now = await etag("/team");
    expect([...why(late), late.headers.get("etag"), late.body.details]).toEqual([...changed, now, { etag: now }]);
    expect((await api("PATCH", "/team", { name: "Red" }, { "if-match": "*" })).status).toBe(200);
    expect((await api("GET", "/team")).body.name).toBe("Red");
  });

  it("is compared with what the change's resource shows, wherever the change is asked for", async () => {
    const { api, etag } = await team();
    await api("PUT", "/library/functions/one", { definition: "def one: 1;" });
    const first = await etag("/library/functions/one");
    await api("PUT", "/library/functions/one", { definition: "def one: 2;" }, { "if-match": first });
    const second = await etag("/library/functions/one");
    expect(why(await api("POST", "/library/functions/one/rollback", { version: 1 }, { "if-match": first }))).toEqual(
      changed,
    );
    const back = await api("POST", "/library/functions/one/rollback", { version: 1 }, { "if-match": second });
    expect([back.status, back.body.outcome]).toEqual([200, "updated"]);
    expect(why(await api("DELETE", "/library/functions/one", undefined, { "if-match": second }))).toEqual(changed);
    expect((await api("DELETE", "/library/functions/two", undefined, { "if-match": second })).status).toBe(404);
  });

  it("is given again what was done once for a key, whatever has changed since", async () => {
    const { api, etag } = await team();
    const headers = { "if-match": await etag("/team"), "idempotency-key": "k" };
    const first = await api("PATCH", "/team", { name: "Blue" }, headers);
    const again = await api("PATCH", "/team", { name: "Blue" }, headers);
    expect([first.status, again.status, again.headers.get("idempotency-replayed")]).toEqual([200, 200, "true"]);
  });

  it("is refused where there is no one state to hold", async () => {
    const { api } = await team();
    expect(why(await api("POST", "/invitations", {}, { "if-match": "*" }))).toEqual([
      400,
      "invalid_argument",
      "This address takes no If-Match: it changes nothing that one GET shows.",
    ]);
    expect(why(await api("PATCH", "/team", {}, { "if-match": "*", "if-none-match": "*" }))).toEqual([
      400,
      "invalid_argument",
      "A change takes If-Match with etags or *, or If-None-Match: *, not both.",
    ]);
  });
});

describe("If-None-Match: *", () => {
  it("makes only what is not there", async () => {
    const { api, etag } = await team();
    const fresh = { "if-none-match": "*" };
    const path = "/library/functions/one";
    expect((await api("PUT", path, { definition: "def one: 1;" }, fresh)).body.outcome).toBe("created");
    const late = await api("PUT", path, { definition: "def one: 2;" }, fresh);
    expect([...why(late), late.headers.get("etag")]).toEqual([
      412,
      "precondition_failed",
      "It exists already, and If-None-Match: * asks that it does not.",
      await etag(path),
    ]);
    expect(why(await api("PATCH", "/team", { name: "x" }, fresh))[2]).toBe(
      "This address takes no If-None-Match: it changes nothing that one GET shows.",
    );
  });
});

describe("two at once", () => {
  it("one wins, and the others are told, however they meet", async () => {
    const { api, etag } = await team();
    const match = { "if-match": await etag("/team") };
    const names = ["A", "B", "C", "D", "E", "F"];
    const answers = await Promise.all(names.map((name) => api("PATCH", "/team", { name }, match)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status !== 200)).toEqual([412, 412, 412, 412, 412]);
    expect((await api("GET", "/team")).body.name).toBe(names[statuses.indexOf(200)]);
  });

  it("one creates", async () => {
    const { api } = await team();
    const answers = await Promise.all(
      [1, 2, 3].map((n) =>
        api("PUT", "/library/functions/one", { definition: `def one: ${n};` }, { "if-none-match": "*" }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
  });

  it("one alters a table, which the workspace decides", async () => {
    const { api, etag } = await team();
    await api("POST", "/tables", { table_name: "t", schema: { id: "int" } });
    const match = { "if-match": await etag("/tables/t") };
    const answers = await Promise.all(
      ["a", "b", "c"].map((name) => api("PATCH", "/tables/t", { add_columns: { [name]: "text" } }, match)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
    const { columns } = (await api("GET", "/tables/t")).body as { columns: { name: string }[] };
    expect(columns).toHaveLength(2);
    // Rows come and go without being a change of the table.
    const now = await etag("/tables/t");
    await api("POST", "/tables/t/records", { data: { id: 1 } });
    expect((await api("PATCH", "/tables/t", { description: "d" }, { "if-match": now })).status).toBe(200);
  });

  it("others who write elsewhere in the team do not get in the way", async () => {
    const { api, client, olga, etag } = await team();
    const by = await callerBy(client, olga);
    const match = { "if-match": await etag("/team") };
    const [renamed] = await Promise.all([
      api("PATCH", "/team", { name: "Blue" }, match),
      invite(client, { role: "viewer", by }),
      invite(client, { role: "viewer", by }),
    ]);
    expect([renamed.status, renamed.body.outcome]).toEqual([200, "changed"]);
  });

  it("a write that knows less than the log holds is undone, unless it was its own request's", async () => {
    const { client, olga } = await team();
    const by = await callerBy(client, olga);
    const unless = { team: (await client.audit().head()).seq };
    const write = (requestId: string) => invite(client, { role: "viewer", by: { ...by, requestId, unless } });
    await write("mine");
    await write("mine");
    const other = write("other");
    expect(await rejection(other)).toEqual({
      code: "conflict",
      message: "Others wrote at the same moment, so that what If-Match asks for could not be held.",
    });
    expect((await client.people().invitations({ state: undefined, before: undefined, limit: 9 })).total).toBe(2);
  });
});
