// Backups as one file: what a tar reader finds in it, what goes on after a break, who may have it. Runs in workerd.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { apiOf } from "../../../test/helpers/api.ts";
import { backUp, fullTeam, lose, objectsUnder, siteWith, someKey, tablesOf } from "../../../test/helpers/backups.ts";
import { auditLog, rejection } from "../../../test/helpers/team.ts";
import type { Role } from "../access/access.ts";
import { archiveOf } from "./archive.ts";
import { sealedBytes, sealFrames } from "./frames.ts";
import { restoreFromBucket } from "./making.ts";
import { backupRoutes } from "./routes.ts";
import { headerOf } from "./tar.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** What is in a tar file, as its headers say; throws for a header whose sum is wrong. */
function untar(bytes: Uint8Array): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (let at = 0; at < bytes.length; ) {
    const header = bytes.slice(at, at + 512);
    if (header.every((byte) => byte === 0)) break;
    const field = (from: number, chars: number) => text(header.slice(from, from + chars)).replace(/\0.*$/s, "");
    const blank = header.slice();
    blank.fill(32, 148, 156);
    const sum = blank.reduce((total, byte) => total + byte, 0);
    if (sum !== Number.parseInt(field(148, 8), 8)) throw new Error("the header's sum is wrong");
    const size = Number.parseInt(field(124, 12), 8);
    const path = [field(345, 155), field(0, 100)].filter((part) => part !== "").join("/");
    found.set(path, bytes.slice(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return found;
}

async function asked(team: Awaited<ReturnType<typeof fullTeam>>, path: string, role: Role, init: RequestInit = {}) {
  const answer = await apiOf(await team.call(role), backupRoutes).request(path, init);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const isJson = answer.headers.get("content-type")?.includes("json") === true;
  return { status: answer.status, headers: answer.headers, bytes, body: isJson ? JSON.parse(text(bytes)) : {} };
}

describe("a download", () => {
  it.each([
    ["plain", undefined],
    ["encrypted", someKey],
  ])("has all that a %s backup is, and what it had comes back from it", async (_name, secret) => {
    const team = await fullTeam();
    const id = await backUp(team.slug, secret);
    const before = await tablesOf(team.slug);
    const answer = await asked(team, `/backups/${id}/content`, "owner");
    expect([answer.status, answer.headers.get("content-type"), answer.headers.get("content-disposition")]).toEqual([
      200,
      "application/x-tar",
      `attachment; filename="${team.slug}-${id}.tar"`,
    ]);
    expect(answer.headers.get("content-length")).toBe(String(answer.bytes.length));
    expect(answer.bytes.length % 512).toBe(0);
    const files = untar(answer.bytes);
    const prefix = `teams/${team.slug}/`;
    const stored = Object.keys(await objectsUnder(`${prefix}backups/`)).map((key) => key.slice(prefix.length));
    expect([...files.keys()].sort()).toEqual(stored.sort());
    expect(files.size).toBe(4);
    // Lost with its bucket, and brought back from the file.
    await env.FILES.delete(stored.map((key) => prefix + key));
    await lose(team.slug);
    for (const [path, content] of files) await env.FILES.put(prefix + path, content);
    await restoreFromBucket(siteWith(secret), env.FILES, { team: team.slug, backupId: id, as: team.slug });
    const after = await tablesOf(team.slug);
    expect(after.tools).toEqual(before.tools);
    expect(after.datasets).toEqual(before.datasets);
    expect((await team.request("GET", "/orders/content")).text).toBe('{"a":1}\n{"a":2.5}\n');
  });

  it("goes on where it broke off, at any byte", async () => {
    const team = await fullTeam();
    const id = await backUp(team.slug, someKey);
    const path = `/backups/${id}/content`;
    const all = await asked(team, path, "owner");
    const etag = all.headers.get("etag") ?? "";
    const places = [1, 511, 512, 700, 1_400, 2_100, all.bytes.length - 1_025, all.bytes.length - 1];
    for (const place of places) {
      const headers = { range: `bytes=${place}-`, "if-range": etag };
      const rest = await asked(team, path, "owner", { headers });
      expect([rest.status, rest.headers.get("content-range")]).toEqual([
        206,
        `bytes ${place}-${all.bytes.length - 1}/${all.bytes.length}`,
      ]);
      expect(rest.bytes).toEqual(all.bytes.slice(place));
    }
    const middle = await asked(team, path, "owner", { headers: { range: "bytes=500-1500" } });
    expect(middle.bytes).toEqual(all.bytes.slice(500, 1_501));
    const head = await asked(team, path, "owner", { method: "HEAD" });
    expect([head.status, head.headers.get("content-length"), head.bytes.length]).toEqual([
      200,
      String(all.bytes.length),
      0,
    ]);
    const known = await asked(team, path, "owner", { headers: { "if-none-match": etag } });
    expect(known.status).toBe(304);
  });

  it("stands in the audit log each time bytes leave, and is for owners", async () => {
    const team = await fullTeam();
    const id = await backUp(team.slug);
    const path = `/backups/${id}/content`;
    expect((await asked(team, path, "admin")).body).toMatchObject({
      code: "forbidden",
      message:
        "As admin you may not download a backup, which holds what is shown to few, too: it needs the role owner.",
    });
    const { headers } = await asked(team, path, "owner", { method: "HEAD" });
    await asked(team, path, "owner", { headers: { "if-none-match": headers.get("etag") ?? "" } });
    await asked(team, path, "owner");
    await asked(team, path, "owner", { headers: { range: "bytes=10-" } });
    const noted = (await auditLog(team.slug)).filter(({ action }) => action === "backup.download");
    const entry = { username: "ada", action: "backup.download", target: `backup ${id}`, before: null };
    expect(noted).toEqual([
      { ...entry, after: { encrypted: false } },
      { ...entry, after: { encrypted: false } },
    ]);
  });

  it("says what is not there: another team's, a deleted one's, a file that is gone", async () => {
    const [team, other] = [await fullTeam(), await fullTeam()];
    const [id, theirs] = [await backUp(team.slug), await backUp(other.slug)];
    expect((await asked(team, `/backups/${theirs}/content`, "owner")).body.code).toBe("not_found");
    expect((await asked(team, "/backups/etc/content", "owner")).body.code).toBe("invalid_argument");
    const archive = await archiveOf(env.FILES, team.slug, id);
    const { objects } = await env.FILES.list({ prefix: `teams/${team.slug}/backups/files/` });
    await env.FILES.delete(objects.map(({ key }) => key));
    const broken = new Response(await archive.open()).arrayBuffer();
    expect(await rejection(broken)).toEqual({
      code: "backup_unreadable",
      message: `The backup ${id} cannot be restored: a file of it is missing.`,
    });
    expect((await asked(team, `/backups/${id}`, "admin", { method: "DELETE" })).status).toBe(200);
    for (const path of [`/backups/${id}/content`, `/backups/${id}`]) {
      expect((await asked(team, path, "owner")).body.code).toBe("not_found");
    }
    const restore = await asked(team, `/backups/${id}/restore`, "owner", { method: "POST", body: "{}" });
    expect(restore.body).toMatchObject({ code: "not_found", message: `There is no backup ${id} of this team.` });
  });
});

describe("its form", () => {
  it("knows how many bytes encryption adds", async () => {
    const key = { id: "k", material: new Uint8Array(32) };
    const chunk = 1024 * 1024;
    for (const size of [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk]) {
      let bytes = 0;
      async function* source() {
        yield new Uint8Array(size);
      }
      for await (const piece of sealFrames(key, "p", source())) bytes += piece.length;
      expect([size, bytes]).toEqual([size, sealedBytes(size)]);
    }
  });

  it("refuses a path that no header holds", () => {
    expect(() => headerOf("a".repeat(101), 1, 0)).toThrow("no tar holds the path");
    expect(
      untar(headerOf(`${"a".repeat(90)}/${"b".repeat(99)}`, 0, 0))
        .keys()
        .next().value,
    ).toHaveLength(190);
  });
});
