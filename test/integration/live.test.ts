// The live feed over a real WebSocket against the real product: told at once, resumed without loss, ended with the token.
import { expect, inject, it } from "vitest";
import { call, connectV2, createTeam, createToken, operator, until } from "../helpers/clients.ts";

const server = inject("server");

interface Ear {
  heard: Record<string, unknown>[];
  closed: { code: number; reason: string } | undefined;
  socket: WebSocket;
}

/** Node's WebSocket takes headers, which the types of browsers do not know. */
function openSocket(url: string, headers: Record<string, string>): WebSocket {
  const Socket = WebSocket as unknown as new (url: string, options: { headers: Record<string, string> }) => WebSocket;
  return new Socket(url, { headers });
}

function listen(team: string, token: string, query = ""): Ear {
  const url = `${server.origin.replace("http", "ws")}/t/${team}/live${query}`;
  const socket = openSocket(url, { authorization: `Bearer ${token}` });
  const ear: Ear = { heard: [], closed: undefined, socket };
  socket.addEventListener("message", ({ data }) => ear.heard.push(JSON.parse(String(data))));
  socket.addEventListener("close", ({ code, reason }) => {
    ear.closed = { code, reason };
  });
  return ear;
}

const namesOf = (ear: Ear) => ear.heard.flatMap(({ type, name }) => (type === "event" ? [name] : []));

it("tells a script of each change, also of those it missed, and ends when its token does", async () => {
  const team = await createTeam(server, "live-feed");
  const reader = await createToken(server, team.team, { username: "reader", role: "viewer" });
  const author = await connectV2(team);
  const save = async (name: string) => {
    const saved = await call(author, "save_tool", { name, description: "d", query: "1" });
    expect(saved.isError, saved.text).toBe(false);
  };
  const first = listen(team.team, reader.token);
  await until(() => first.heard.length === 1, "the feed said where it stands");
  expect(first.heard[0]).toEqual({ type: "hello", team: team.team, seq: 0, oldest: 1 });
  await save("one");
  await until(() => namesOf(first).length === 1, "the first change was told");
  expect(first.heard[1]).toMatchObject({
    type: "event",
    seq: 1,
    kind: "tool",
    change: "created",
    by: "live-feed-owner",
  });
  first.socket.send("ping");
  await until(() => first.heard.length === 3, "the ping was answered");
  expect(first.heard[2]).toEqual({ type: "pong" });
  first.socket.close();
  await until(() => first.closed !== undefined, "the feed closed");

  for (const name of ["two", "three"]) await save(name);
  const second = listen(team.team, reader.token, "?since=1");
  await save("four");
  await until(() => namesOf(second).length === 3, "what was missed was told");
  expect(namesOf(second)).toEqual(["two", "three", "four"]);
  expect(second.heard.map(({ type, seq }) => `${type} ${seq}`).slice(-3)).toEqual(["event 2", "event 3", "event 4"]);

  // The local runtime ends the connection of a client that never sent anything ten seconds after the close was agreed on.
  second.socket.send("ping");
  await until(() => second.heard.at(-1)?.type === "pong", "the ping was answered");
  await operator(server, `/teams/${team.team}/tokens/${reader.id}`, { method: "DELETE" });
  await until(() => second.closed !== undefined, "the feed ended with the token");
  expect(second.closed).toEqual({ code: 4401, reason: "the credential was revoked or replaced" });
  const third = listen(team.team, reader.token);
  await until(() => third.closed !== undefined, "the token opens nothing any more");
  expect(third.heard).toEqual([]);
  await author.close();
});

it("is no place for a plain GET, for a token in the address, or for another site's page", async () => {
  const address = `${server.origin}/t/${server.team}/live`;
  const plain = await fetch(address, { headers: { authorization: `Bearer ${server.token}` } });
  expect([plain.status, await plain.json()]).toEqual([426, expect.objectContaining({ code: "upgrade_required" })]);
  expect((await fetch(`${address}?token=${server.token}`)).status).toBe(401);
  const cookie = `__Host-session=per_${"A".repeat(22)}.${"B".repeat(43)}`;
  const foreign = await fetch(address, { headers: { cookie, origin: "https://elsewhere.example" } });
  expect([401, 403]).toContain(foreign.status);
});
