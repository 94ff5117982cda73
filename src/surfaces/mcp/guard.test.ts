// Host and Origin checks. Runs in workerd.
import { describe, expect, it } from "vitest";
import { readAllowedOrigins, refuseForeign } from "./guard.ts";

function ask(url: string, headers: Record<string, string> = {}): Request {
  return new Request(url, { method: "POST", headers });
}

describe("refuseForeign", () => {
  const passes: [string, Request, string[]][] = [
    ["localhost over http", ask("http://localhost:8787/t/a/mcp"), []],
    ["a local page", ask("http://127.0.0.1:8787/", { origin: "http://localhost:6274" }), []],
    ["IPv6 loopback", ask("http://[::1]:8787/"), []],
    ["our own name over https", ask("https://data.example.com/"), []],
    ["our own page over https", ask("https://data.example.com/", { origin: "https://data.example.com" }), []],
    [
      "an allowed page",
      ask("https://data.example.com/", { origin: "https://app.example.org" }),
      ["https://app.example.org"],
    ],
    ["an allowed name over http", ask("http://lan-host:8787/"), ["lan-host"]],
  ];
  for (const [name, request, allowed] of passes) {
    it(`lets ${name} pass`, () => expect(refuseForeign(request, allowed)).toBeUndefined());
  }

  const refusals: [string, Request, string][] = [
    ["a name rebound to this machine", ask("http://evil.example.com:8787/"), "Invalid Host: evil.example.com"],
    [
      "a foreign Host header",
      ask("http://localhost:8787/", { host: "evil.example.com" }),
      "Invalid Host: evil.example.com",
    ],
    [
      "a foreign page",
      ask("https://data.example.com/", { origin: "https://evil.example.com" }),
      "Invalid Origin: evil.example.com",
    ],
    ["an opaque page", ask("https://data.example.com/", { origin: "null" }), "Invalid Origin header: null"],
  ];
  for (const [name, request, message] of refusals) {
    it(`refuses ${name}`, async () => {
      const answer = refuseForeign(request, ["https://app.example.org"]);
      expect(answer?.status).toBe(403);
      expect(await answer?.json()).toEqual({ jsonrpc: "2.0", error: { code: -32000, message }, id: null });
    });
  }
});

describe("readAllowedOrigins", () => {
  it("splits the variable at commas", () => {
    expect(readAllowedOrigins({ MCP_ALLOWED_ORIGINS: "https://a.example, ,b.example" })).toEqual([
      "https://a.example",
      "b.example",
    ]);
  });
  it("is empty without the variable", () => expect(readAllowedOrigins({})).toEqual([]));
});
