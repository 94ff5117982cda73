// Pushing and pulling datasets from the command line: formats, large files in parts, and connections that break in between.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type Cli, errorOf, openCli, script } from "../helpers/cli.ts";
import { createTeam, rest, until } from "../helpers/clients.ts";

const server = inject("server");
const MiB = 1024 * 1024;
let cli: Cli;
let team: Awaited<ReturnType<typeof createTeam>>;

beforeAll(async () => {
  team = await createTeam(server, "freight");
  cli = await openCli(team);
});
afterAll(() => cli?.remove());

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(cli.folder, name);
  writeFileSync(path, content);
  return path;
};

const lines = (bytes: number): string => {
  const line = (id: number): string => `{"id":${id},"note":"${"n".repeat(80)}"}\n`;
  return Array.from({ length: Math.ceil(bytes / line(100_000).length) }, (_, id) => line(id + 100_000)).join("");
};

/**
 * A way to the server that ends a connection once so many bytes went over it in one direction, `breaks` times. With `isGone` all connections
 * end once so many bytes went over the way as a whole, until it is mended.
 */
async function brittle(direction: "up" | "down", bytes: number, breaks: number, isGone = false) {
  const { port: serverPort } = new URL(server.origin);
  const open = new Set<Socket>();
  let broken = 0;
  let all = 0;
  let isMended = false;
  const proxy = createServer((near) => {
    const far = connect(Number(serverPort), "127.0.0.1");
    let over = 0;
    const end = (): void => {
      near.resetAndDestroy();
      far.destroy();
    };
    (direction === "up" ? near : far).on("data", (chunk: Buffer) => {
      over += chunk.length;
      all += chunk.length;
      if (isMended || (isGone ? all : over) < bytes || broken >= breaks) return;
      broken++;
      end();
    });
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on("error", end).on("close", () => open.delete(socket));
    }
    near.pipe(far);
    far.pipe(near);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port } = proxy.address() as AddressInfo;
  return {
    env: { SUPER_DATA_URL: `http://127.0.0.1:${port}/t/freight` },
    broken: () => broken,
    over: () => all,
    mend: () => {
      isMended = true;
    },
    close: () => {
      for (const socket of open) socket.destroy();
      proxy.close();
    },
  };
}

describe("push", () => {
  it.each([
    ["records.csv", "a,b\n1,x\n2,y\n", { format: "csv", record_count: 2 }],
    ["other-lines.jsonl", '{"a":1}\n{"a":2}\n{"a":3}\n', { format: "ndjson", record_count: 3 }],
    ["list.json", '[{"a":1}]', { format: "json", record_count: 1, kind: "records" }],
    ["guessed-lines.txt", '{"a":1}\n{"a":2}\n', { format: "ndjson", record_count: 2 }],
    ["guessed-document.txt", '{\n  "a": 1\n}\n', { format: "json", kind: "whole" }],
    ["guessed-table", "a,b\n1,2\n", { format: "csv", record_count: 1 }],
  ])("tells the format of %s", async (name, content, expected) => {
    const pushed = await cli.json(["datasets", "push", file(name, content), "--description", "Of a test."]);
    expect(pushed).toMatchObject({
      ...expected,
      name: name.replace(/\.\w+$/, ""),
      version: 1,
      created: true,
      parts: 1,
      description: "Of a test.",
    });
  });

  it.each([
    ["zipped.csv", new Uint8Array([0x1f, 0x8b, 8, 0]), "zipped.csv is compressed (gzip)."],
    ["frame.parquet", "PAR1....", "frame.parquet is a Parquet file, which datasets do not take."],
    ["nothing.txt", "", "nothing.txt is empty."],
    ["words.txt", "only words\n", "The format of"],
  ])("refuses %s before anything is sent", async (name, content, message) => {
    const { code, out, err } = await cli.run(["datasets", "push", file(name, content)]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(message);
  });

  it("replaces what is known, and not what somebody else changed", async () => {
    const path = file("watched.csv", "a\n1\n");
    const first = await cli.json<{ etag: string }>(["datasets", "push", path]);
    file("watched.csv", "a\n2\n");
    const second = await cli.run(["datasets", "push", path, "--if-match", first.etag]);
    expect([second.code, second.out]).toEqual([0, "Replaced watched: version 2, 1 record, 8 B.\n"]);
    const late = await cli.run(["datasets", "push", path, "--if-match", first.etag, "--json"]);
    expect([late.code, errorOf(late).code]).toEqual([6, "precondition_failed"]);
  });

  it("says where a file is malformed", async () => {
    const { code, err } = await cli.run(["datasets", "push", file("broken.ndjson", '{"a":1}\n{"a":\n')]);
    expect([code, err]).toEqual([1, expect.stringMatching(/^error: Line 2, column 6: /)]);
  });

  it("draws nothing where there is no terminal", async () => {
    const { err } = await cli.run(["datasets", "push", file("silent.csv", "a\n1\n")]);
    expect(err).toBe("");
  });
});

describe("a large file", { timeout: 180_000 }, () => {
  it("goes over in parts, through connections that break, as one version", async () => {
    const text = lines(12 * MiB);
    const way = await brittle("up", 3 * MiB, 3);
    const args = ["datasets", "push", file("large.ndjson", text), "--part-size", "2m"];
    const pushed = await cli.json(args, { env: way.env });
    way.close();
    expect(way.broken()).toBe(3);
    expect(pushed).toMatchObject({ version: 1, record_count: text.split("\n").length - 1, parts: 7, parts_resumed: 0 });
  });

  it("is gone on with by the same command after the first one was ended", async () => {
    const path = file("resumed.ndjson", lines(6 * MiB));
    const args = ["datasets", "push", path, "--part-size", "1m", "--json"];
    const way = await brittle("up", 3.5 * MiB, Number.POSITIVE_INFINITY, true);
    const broken = await cli.run(args, { env: way.env });
    expect([broken.code, errorOf(broken)]).toEqual([
      7,
      expect.objectContaining({
        code: "unreachable",
        hint: "Run the same command again: it goes on with what is missing.",
      }),
    ]);
    expect((await rest(team, "/datasets/resumed")).status).toBe(404);
    way.mend();
    const { code, out } = await cli.run(args, { env: way.env });
    way.close();
    expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ version: 1, parts: 7, parts_resumed: 3 })]);
  });

  it("from standard input too", async () => {
    const text = lines(3 * MiB);
    const pushed = await cli.json(
      ["datasets", "push", "-", "--name", "piped", "--format", "ndjson", "--part-size", "1m"],
      { input: text },
    );
    expect(pushed).toMatchObject({ version: 1, record_count: text.split("\n").length - 1, parts: 4 });
  });

  it("comes back whole through connections that break, each going on where the last one was, and is checked", async () => {
    // Compressed it is half as long, no less.
    const noise = Array.from({ length: 6 }, () => `"${randomBytes(MiB).toString("hex")}"\n`).join("");
    await cli.json(["datasets", "push", file("noise.ndjson", noise)]);
    const way = await brittle("down", 4 * MiB, 2);
    const to = join(cli.folder, "back.ndjson");
    const pulled = await cli.json<{ etag: string; bytes: number }>(["datasets", "pull", "noise", "-o", to], {
      env: way.env,
    });
    way.close();
    expect(way.broken()).toBe(2);
    expect(way.over()).toBeLessThan(noise.length);
    const bytes = readFileSync(to);
    expect(pulled.bytes).toBe(bytes.length);
    expect(pulled.etag).toBe(`"${createHash("sha256").update(bytes).digest("hex")}"`);
    expect(readdirSync(cli.folder).filter((name) => name.endsWith(".part"))).toEqual([]);
    const piped = await cli.run(["datasets", "pull", "noise"]);
    expect(createHash("sha256").update(piped.out).digest("hex")).toBe(pulled.etag.slice(1, -1));
  });
});

it("leaves nothing behind when it is interrupted", async () => {
  const path = file("ended.ndjson", lines(4 * MiB));
  await cli.json(["datasets", "push", path]);
  const held = createServer((near) => {
    const far = connect(Number(new URL(server.origin).port), "127.0.0.1");
    let over = 0;
    // The rest never comes.
    far.on("data", (chunk: Buffer) => {
      over += chunk.length;
      if (over > MiB) far.pause();
      else near.write(chunk);
    });
    for (const socket of [near, far]) socket.on("error", () => undefined);
    near.pipe(far);
    near.once("close", () => far.destroy());
  });
  held.listen(0, "127.0.0.1");
  await once(held, "listening");
  const { port } = held.address() as AddressInfo;
  const to = join(cli.folder, "partly");
  mkdirSync(to);
  const child = spawn(process.execPath, [script, "datasets", "pull", "ended", "-o", `${to}/`], {
    env: { ...cli.env, SUPER_DATA_URL: `http://127.0.0.1:${port}/t/freight` },
    stdio: "ignore",
  });
  await until(() => readdirSync(to).some((name) => statSync(join(to, name)).size > 0), "something was written");
  child.kill("SIGINT");
  const [code] = (await once(child, "close")) as [number | null];
  held.close();
  expect([code, readdirSync(to)]).toEqual([130, []]);
});

describe("pull", () => {
  it("writes into a folder by the dataset's name, and replaces only when told to", async () => {
    await cli.json(["datasets", "push", file("small.csv", "a\n1\n")]);
    const { path } = await cli.json<{ path: string }>(["datasets", "pull", "small", "-o", `${cli.folder}/`]);
    expect([path, readFileSync(path, "utf8")]).toEqual([join(cli.folder, "small.ndjson"), '{"a":1}\n']);
    const again = await cli.run(["datasets", "pull", "small", "-o", path, "--json"]);
    expect([again.code, errorOf(again).code]).toEqual([6, "already_exists"]);
    expect((await cli.run(["datasets", "pull", "small", "-o", path, "--force"])).out).toBe(`${path}: 8 B, checked.\n`);
  });

  it("leaves nothing behind when there is nothing to pull", async () => {
    const to = join(cli.folder, "absent.ndjson");
    expect((await cli.run(["datasets", "pull", "absent", "-o", to])).code).toBe(5);
    expect(readdirSync(cli.folder).filter((name) => name.startsWith("absent"))).toEqual([]);
  });
});

it("list shows them all", async () => {
  const { datasets } = await cli.json<{ datasets: { name: string }[] }>(["datasets", "list"]);
  expect(datasets.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["large", "piped", "records", "small", "watched"]),
  );
  expect((await cli.run(["datasets", "list"])).out).toMatch(/^NAME +VERSION +RECORDS +SIZE +CHANGED +DESCRIPTION\n/);
});
