// One try: what it sends, where it may not go, and what each answer means. The outside world is a function here. Runs in workerd.
import { describe, expect, it } from "vitest";
import { outcomeOf, retryDelayMs } from "./outcome.ts";
import { type Posting, post } from "./post.ts";

type Answers = Record<string, () => Response>;

/** Names and what they stand for; a name that is not here cannot be looked up. */
const names: Record<string, string[]> = {
  "good.example.com": ["93.184.215.14", "2606:2800:21f::1"],
  "other.example.com": ["8.8.8.8"],
  "inside.example.com": ["10.0.0.7"],
  "half.example.com": ["93.184.215.14", "::ffff:169.254.169.254"],
  "half6.example.com": ["93.184.215.14", "fd00::1"],
  "empty.example.com": [],
};

function world(answers: Answers, allowedHosts: string[] = []) {
  const asked: string[] = [];
  const sent: { url: string; method: string; body: string; redirect: string | undefined }[] = [];
  const fake = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(String(input));
    if (url.host === "dns.example") {
      const name = url.searchParams.get("name") ?? "";
      asked.push(`${name} ${url.searchParams.get("type")}`);
      const known = names[name];
      if (known === undefined) return Response.json({ Status: 2 });
      const isSix = url.searchParams.get("type") === "AAAA";
      const answer = known.filter((address) => address.includes(":") === isSix);
      const alias = { name, type: 5, TTL: 1, data: "alias.example.com." };
      return Response.json({
        Status: 0,
        Answer: [alias, ...answer.map((data) => ({ name, type: isSix ? 28 : 1, TTL: 1, data }))],
      });
    }
    sent.push({ url: url.href, method: init.method ?? "GET", body: String(init.body), redirect: init.redirect });
    const answer = answers[url.href];
    if (answer === undefined) throw new TypeError("connection refused, and a secret reason");
    return answer();
  };
  const deps: Posting = {
    fetch: fake as typeof fetch,
    resolver: "https://dns.example/dns-query",
    allowedHosts,
    now: () => 1_800_000_000_000,
    known: new Map(),
  };
  return { asked, sent, go: (address: string) => post(deps, address, "body", { "content-type": "application/json" }) };
}

const redirect = (status: number, location: string) => () => new Response(null, { status, headers: { location } });
const good = "https://good.example.com/hook";
const ok = () => new Response("ignored");

describe("a try", () => {
  it("looks the name up, once for deliveries sent together, then posts", async () => {
    const { asked, sent, go } = world({ [good]: ok });
    expect([await go(good), await go(good)]).toEqual([
      { outcome: "delivered", status: 200 },
      { outcome: "delivered", status: 200 },
    ]);
    expect(asked).toEqual(["good.example.com A", "good.example.com AAAA"]);
    const post = { url: good, method: "POST", body: "body", redirect: "manual" };
    expect(sent).toEqual([post, post]);
  });

  it.each([["https://inside.example.com/"], ["https://half.example.com/"], ["https://half6.example.com/"]])(
    "does not go to %s, whose name stands for a private address",
    async (address) => {
      const { sent, go } = world({ [address]: ok });
      expect(await go(address)).toEqual({
        outcome: "dead",
        error: "The address is refused: its host's name stands for an address of a private network.",
      });
      expect(sent).toEqual([]);
    },
  );

  it("waits for a name that cannot be looked up or has no address", async () => {
    const { sent, go } = world({});
    expect([await go("https://nobody.example.com/"), await go("https://empty.example.com/")]).toEqual([
      { outcome: "retry", error: "The address: The host's name could not be looked up." },
      { outcome: "retry", error: "The address: The host's name has no address." },
    ]);
    expect(sent).toEqual([]);
  });

  it("checks the address itself at each try, whatever was saved", async () => {
    const { asked, sent, go } = world({});
    expect(await go("https://169.254.169.254/latest/")).toEqual({
      outcome: "dead",
      error: "The address is refused: its host is not an address of the public internet.",
    });
    expect([asked, sent]).toEqual([[], []]);
  });

  it("asks nobody for a host that the operator allows", async () => {
    const { asked, go } = world({ "http://10.0.0.7:8080/x": ok }, ["10.0.0.7:8080"]);
    expect(await go("http://10.0.0.7:8080/x")).toEqual({ outcome: "delivered", status: 200 });
    expect(asked).toEqual([]);
  });

  it("says nothing of why a connection failed", async () => {
    expect(await world({}).go(good)).toEqual({ outcome: "retry", error: "No connection to the receiver." });
  });
});

describe("a redirect", () => {
  it("is followed with the same POST for 307 and 308", async () => {
    const { sent, go } = world({
      [good]: redirect(307, "/next"),
      "https://good.example.com/next": redirect(308, "https://other.example.com/"),
      "https://other.example.com/": ok,
    });
    expect(await go(good)).toEqual({ outcome: "delivered", status: 200 });
    expect(sent.map(({ url, method, body }) => `${method} ${url} ${body}`)).toEqual([
      "POST https://good.example.com/hook body",
      "POST https://good.example.com/next body",
      "POST https://other.example.com/ body",
    ]);
  });

  it.each([301, 302, 303])("with %i is a failure: it would make a GET of it", async (status) => {
    const { sent, go } = world({ [good]: redirect(status, "https://other.example.com/") });
    const error = `The receiver redirects with ${status}; only 307 and 308 keep a POST.`;
    expect(await go(good)).toEqual({ outcome: "retry", status, error });
    expect(sent.length).toBe(1);
  });

  it.each([
    ["http://good.example.com/", "it does not begin with https://"],
    ["https://127.0.0.1/", "its host is not an address of the public internet"],
    ["https://[::ffff:10.0.0.1]/", "its host is not an address of the public internet"],
    ["//metadata.google.internal/", "its host is a name of a private network"],
    ["https://user:x@good.example.com/", "it holds a username or password"],
    ["https://inside.example.com/", "its host's name stands for an address of a private network"],
  ])("to %s is refused", async (location, fault) => {
    const { sent, go } = world({ [good]: redirect(307, location) });
    expect(await go(good)).toEqual({ outcome: "dead", error: `Redirect 1 is refused: ${fault}.` });
    expect(sent.length).toBe(1);
  });

  it("does not leave a host that is allowed for one that is not", async () => {
    const { go } = world({ "http://10.0.0.7:8080/": redirect(307, "http://10.0.0.8:8080/") }, ["10.0.0.7:8080"]);
    const error = "Redirect 1 is refused: it does not begin with https://.";
    expect(await go("http://10.0.0.7:8080/")).toEqual({ outcome: "dead", error });
  });

  it("is followed three times at most", async () => {
    const { sent, go } = world({ [good]: redirect(307, good) });
    const error = "The receiver redirects more than 3 times (notificationLimits.redirects).";
    expect(await go(good)).toEqual({ outcome: "retry", status: 307, error });
    expect(sent.length).toBe(4);
  });

  it("without a place to go to is a failure", async () => {
    const { go } = world({ [good]: () => new Response(null, { status: 308 }) });
    expect((await go(good)).outcome).toBe("retry");
  });
});

describe("an answer", () => {
  it("is delivered by 2xx, dead at once by what no second try mends, and else tried again", () => {
    const meaning = (status: number) => outcomeOf(status, null, 0).outcome;
    const by = (wanted: string, statuses: number[]) => statuses.filter((status) => meaning(status) !== wanted);
    expect(by("delivered", [200, 201, 202, 204, 299])).toEqual([]);
    expect(by("dead", [400, 410, 413, 415, 422])).toEqual([]);
    expect(by("retry", [401, 403, 404, 405, 408, 409, 425, 429, 500, 501, 502, 503, 504, 520])).toEqual([]);
    expect(outcomeOf(503, null, 0)).toEqual({ outcome: "retry", status: 503, error: "The receiver answered 503." });
  });

  it("may say when to come back, in seconds or as a date", () => {
    const now = Date.parse("2027-01-15T08:00:00Z");
    const waits = (text: string) => outcomeOf(429, text, now).retryAfterMs;
    expect([waits("120"), waits("Fri, 15 Jan 2027 08:01:00 GMT"), waits("Fri, 15 Jan 2027 07:00:00 GMT")]).toEqual([
      120_000, 60_000, 0,
    ]);
    expect([waits("soon"), waits("")]).toEqual([undefined, undefined]);
  });
});

describe("the wait for the next try", () => {
  it("doubles, up to a limit, and is spread over its second half", () => {
    const delays = (random: number) => [1, 2, 3, 9, 10, 60].map((attempt) => retryDelayMs(attempt, undefined, random));
    expect(delays(1)).toEqual([30_000, 60_000, 120_000, 7_680_000, 15_360_000, 21_600_000]);
    expect(delays(0)).toEqual([15_000, 30_000, 60_000, 3_840_000, 7_680_000, 10_800_000]);
  });

  it("is no shorter than the receiver asks, within the limit", () => {
    expect([retryDelayMs(1, 90_000, 1), retryDelayMs(1, 1_000, 1), retryDelayMs(1, 10 ** 12, 1)]).toEqual([
      90_000, 30_000, 21_600_000,
    ]);
  });
});
