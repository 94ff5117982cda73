// Sealing, redaction and short differences: the rules, without an object. Runs in workerd.
import { describe, expect, it } from "vitest";
import { auditLimits } from "../../limits.ts";
import { auditJson, chainStart, followChain, type SealedEntry, sealOf } from "./audit.ts";
import { namesSecret } from "./redact.ts";
import { shortDiff } from "./short-diff.ts";

function anEntry(seq: number, previousHash: string, targetName: string): SealedEntry {
  const row = {
    seq,
    at: 1_700_000_000_000,
    userId: "usr_1",
    username: "ada",
    credentialKind: "token",
    credentialId: "tok_1",
    credentialLabel: "laptop",
    through: null,
    client: null,
    address: "203.0.113.7",
    requestId: "req_1",
    action: "tool.update",
    targetKind: "tool",
    targetName,
    before: '{"v":1}',
    after: '{"v":2}',
  };
  return { ...row, previousHash, hash: sealOf(previousHash, row) };
}

describe("the chain", () => {
  it("seals an entry as the guide says", () => {
    const { hash } = anEntry(1, chainStart.hash, "sales");
    expect(hash).toBe("57d6cdcc4ddca71bec755860c868a5c4b20e0eb76ea474759469dd21938ce2d1");
  });

  it("finds an entry that comes again, as only a file can have it", () => {
    const first = anEntry(1, chainStart.hash, "a");
    const second = anEntry(2, first.hash, "b");
    expect(followChain(chainStart, [first, second, second], undefined)).toEqual({
      place: { seq: 2, hash: second.hash },
      fault: { seq: 2, why: "It is out of order: it follows entry 2." },
    });
  });
});

describe("redaction", () => {
  it("goes by the key, and knows what is only about a secret", () => {
    const secrets = [
      "password",
      "clientSecret",
      "client_secret",
      "access_token",
      "refreshToken",
      "tokens",
      "token_hash",
      "hash",
      "Authorization",
      "proxy-authorization",
      "Set-Cookie",
      "x-api-key",
      "X-Auth-Token",
      "apiKey",
      "APIKEY",
      "private_key",
      "secretValue",
      "passphrase",
    ];
    const harmless = [
      "etag",
      "content_hash",
      "sha256",
      "token_count",
      "max_tokens_used",
      "token_id",
      "token_per_minute",
      "key",
      "keyboard",
      "primary_key",
      "label",
      "hashtag",
      "cookie_policy",
      "secretary",
    ];
    expect(secrets.filter((key) => !namesSecret(key))).toEqual([]);
    expect(harmless.filter(namesSecret)).toEqual([]);
  });

  it("reaches into lists and objects, and leaves values alone that only look like names", () => {
    const value = {
      name: "token_count",
      query: ".password | length",
      etag: "abc",
      hash: "0f0f",
      headers: { Authorization: "Bearer abc", "X-Api-Key": "k", Accept: "application/json" },
      secrets: { openai: "sk-1", nested: ["a"] },
      tokens: ["one", "two"],
      max_tokens: 20,
      password: 12345,
      has_password: true,
      token: null,
      rate_limits: { token_per_minute: 5 },
    };
    expect(JSON.parse(auditJson(value) ?? "")).toEqual({
      name: "token_count",
      query: ".password | length",
      etag: "abc",
      hash: "[redacted]",
      headers: { Authorization: "[redacted]", "X-Api-Key": "[redacted]", Accept: "application/json" },
      secrets: "[redacted]",
      tokens: "[redacted]",
      max_tokens: 20,
      password: "[redacted]",
      has_password: true,
      token: null,
      rate_limits: { token_per_minute: 5 },
    });
  });

  it("knows this product's tokens, bearer headers and passwords in URLs wherever they stand", () => {
    const description = `use sdp_${"a".repeat(43)} or Bearer ${"b".repeat(20)} at postgres://app:pw@db.example/x?y=z`;
    expect(auditJson({ description })).toBe(
      '{"description":"use [redacted] or Bearer [redacted] at postgres://app:[redacted]@db.example/x?y=z"}',
    );
    expect(auditJson("the bearer of news")).toBe('"the bearer of news"');
  });

  it("says what it cut, and has nothing to say of nothing", () => {
    const text = auditJson({ query: "q".repeat(auditLimits.valueChars) }) ?? "";
    expect(JSON.parse(text)).toEqual({
      cut: `{"query":"${"q".repeat(auditLimits.valueChars - 10)}`,
      chars: auditLimits.valueChars + 12,
    });
    expect([auditJson(undefined), auditJson(null)]).toEqual([null, null]);
  });
});

describe("shortDiff", () => {
  it("names what changed, came and went, cut and counted", () => {
    expect(shortDiff({ role: "member", a: { b: 1 } }, { role: "admin", a: { b: 1, c: [1] } })).toBe(
      'role: "member" → "admin"; +a.c: [1]',
    );
    expect(shortDiff({ gone: "x" }, null)).toBe('-gone: "x"');
    expect(shortDiff(null, { text: "y".repeat(100) })).toBe(`+text: "${"y".repeat(59)}… (+42 characters)`);
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`f${index}`, index]));
    expect(shortDiff(null, many)).toBe("+f0: 0; +f1: 1; +f2: 2; +f3: 3; +f4: 4; +f5: 5; 3 more");
    expect(shortDiff("a", "b")).toBe('"a" → "b"');
    expect(shortDiff({ a: 1 }, { a: 1 })).toBe("");
  });
});
