// Webhooks end to end: a real receiver on loopback, the product as `npm start` starts it, its own queue and alarm. Runs in Node.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call, connectV2 } from "../helpers/clients.ts";
import { freePort, type RunningServer, startServer } from "../helpers/server.ts";
import { isOurs } from "../helpers/verify-webhook.mjs";

interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}
interface ShownDelivery {
  id: string;
  state: string;
  attempts: number;
  last_status: number | null;
  last_error: string | null;
}

const received: Received[] = [];
const answers: ((response: ServerResponse) => void)[] = [];
const scratch = mkdtempSync(join(tmpdir(), "super-data-webhooks-"));
let receiver: Server;
let port: number;
let server: RunningServer;
let client: Awaited<ReturnType<typeof connectV2>>;

beforeAll(async () => {
  port = await freePort();
  receiver = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    received.push({ path: request.url ?? "", headers: request.headers, body });
    const answer = answers.shift();
    if (answer === undefined) response.writeHead(204).end();
    else answer(response);
  });
  await new Promise<void>((resolve) => receiver.listen(port, "127.0.0.1", resolve));
  const vars = join(scratch, "vars.env");
  writeFileSync(vars, `WEBHOOK_ALLOWED_HOSTS=127.0.0.1:${port}\nWEBHOOK_DNS=http://127.0.0.1:9/\n`);
  server = await startServer({ args: ["--vars", vars] });
  client = await connectV2(server);
});

afterAll(async () => {
  await client?.close();
  await server?.stop();
  receiver?.close();
  rmSync(scratch, { recursive: true, force: true });
});

const at = (path: string) => `http://127.0.0.1:${port}${path}`;

/** Sends a test to a webhook and waits until it is in one of the states. */
async function tested(name: string, ...states: string[]): Promise<ShownDelivery> {
  const { data } = await call<{ delivery: string }>(client, "test_webhook", { name });
  return settled(data.delivery, ...states);
}

/** Waits as long as it takes: the test's own time is the bound. */
async function settled(id: string, ...states: string[]): Promise<ShownDelivery> {
  for (;;) {
    const { data } = await call<{ deliveries: ShownDelivery[] }>(client, "list_deliveries", {});
    const found = data.deliveries.find((one) => one.id === id);
    if (found !== undefined && states.includes(found.state)) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

describe("a webhook", () => {
  it("is posted a delivery that its receiver can verify as the guide says", async () => {
    const made = await call<{ secret: string; webhook: { url: string } }>(client, "save_webhook", {
      name: "ours",
      url: at("/hook?token=planted"),
    });
    expect(made.data.webhook.url).toBe(`http://127.0.0.1:${port}/…`);
    const delivery = await tested("ours", "delivered");
    expect(delivery).toMatchObject({ attempts: 1, last_status: 204 });
    const [got] = received.splice(0);
    expect([got?.path, got?.headers["x-super-data-delivery"]]).toEqual(["/hook?token=planted", delivery.id]);
    expect(JSON.parse(got?.body ?? "")).toMatchObject({ id: delivery.id, type: "test", team: server.team });
    const { secret } = made.data;
    const header = String(got?.headers["x-super-data-signature"]);
    const time = Number(/^t=(\d+),/.exec(header)?.[1]);
    const check = (body = got?.body ?? "", key = secret, now = time) => isOurs(key, header, body, now);
    expect([
      check(),
      check(`${got?.body} `),
      check(undefined, `${secret}x`),
      check(undefined, secret, time + 301),
    ]).toEqual([true, false, false, false]);
    expect([isOurs(secret, undefined, ""), isOurs(secret, "t=1,v1=zz", "")]).toEqual([false, false]);
    const { text } = await call(client, "list_executions", { tool: "save_webhook" });
    expect(`${text}${server.stderr()}`).not.toContain("planted");
  });

  it("is tried again after failures, until it answers", async () => {
    const fail = (response: ServerResponse) => void response.writeHead(500, { "retry-after": "1" }).end("sorry");
    answers.push(fail, fail);
    const { data } = await call<{ delivery: string }>(client, "test_webhook", { name: "ours" });
    // The waits between tries are the product's own: tens of seconds.
    const delivery = await settled(data.delivery, "delivered", "dead");
    expect(delivery).toMatchObject({ state: "delivered", attempts: 3, last_status: 204 });
    const tries = received.splice(0);
    expect(tries.map(({ headers }) => headers["x-super-data-delivery"])).toEqual([
      delivery.id,
      delivery.id,
      delivery.id,
    ]);
  }, 240_000);

  it("does not follow a redirect into a private network", async () => {
    answers.push(
      (response) => void response.writeHead(307, { location: "https://169.254.169.254/latest/meta-data" }).end(),
    );
    const delivery = await tested("ours", "dead");
    expect(delivery.last_error).toBe("Redirect 1 is refused: its host is not an address of the public internet.");
    received.splice(0);
    await call(client, "replay_delivery", { id: delivery.id });
    expect(await settled(delivery.id, "delivered")).toMatchObject({ attempts: 1 });
    expect(received.splice(0).length).toBe(1);
  });

  it("follows a 307 with the same POST", async () => {
    answers.push((response) => void response.writeHead(307, { location: "/next" }).end());
    await tested("ours", "delivered");
    const [first, second] = received.splice(0);
    expect([first?.path, second?.path, second?.body]).toEqual(["/hook?token=planted", "/next", first?.body]);
  });
});

it("the guide shows the check that this test makes", () => {
  const source = readFileSync("test/helpers/verify-webhook.mjs", "utf8").split("\n").slice(1).join("\n").trim();
  expect(readFileSync("docs/guides/notifications.md", "utf8")).toContain(source);
});
