// What each kind of receiver is sent, and that no text of a user's becomes a mention or a link there. Runs in workerd.
import { describe, expect, it } from "vitest";
import type { DeliveryPayload } from "../schema.ts";
import { bodyOf } from "./formats.ts";
import { sign } from "./signature.ts";

const payload: DeliveryPayload = {
  type: "proposal.submitted",
  team: "sales",
  created_at: "2027-01-15T08:00:00.000Z",
  actor: "ada",
  subject: { kind: "proposal", name: "prp_1" },
  title: "Ada proposes revenue_by_region",
  body: "Sums the orders of each region.",
  data: { tool: "revenue_by_region" },
};
const hostile: DeliveryPayload = {
  ...payload,
  title: "@everyone <!channel> <https://evil.example|here> [x](https://evil.example) **b** www.evil.example & <@U1>",
  body: "",
};
const read = (format: Parameters<typeof bodyOf>[0], of: DeliveryPayload) => JSON.parse(bodyOf(format, of, "dlv_1"));

describe("json", () => {
  it("is the event as it is, with the delivery's id", () => {
    expect(read("json", payload)).toEqual({ id: "dlv_1", ...payload });
    expect(read("json", hostile).title).toBe(hostile.title);
  });
});

describe("slack", () => {
  const plain = (text: string) => ({ type: "plain_text", text, emoji: false });

  it("is blocks of plain text", () => {
    expect(read("slack", payload)).toEqual({
      text: "[sales] Ada proposes revenue_by_region",
      unfurl_links: false,
      unfurl_media: false,
      blocks: [
        { type: "section", text: plain("Ada proposes revenue_by_region") },
        { type: "section", text: plain("Sums the orders of each region.") },
        { type: "context", elements: [plain("sales · proposal.submitted · ada")] },
      ],
    });
  });

  it("mentions nobody and links nowhere", () => {
    const { text, blocks } = read("slack", hostile);
    expect(text).toBe(
      "[sales] @\u200beveryone &lt;!channel&gt; &lt;https:\u200b//evil.example|here&gt; [x](https:\u200b//evil.example) **b** www.\u200bevil.example &amp; &lt;@\u200bU1&gt;",
    );
    expect(blocks[0].text.type).toBe("plain_text");
  });

  it("keeps to what a block takes", () => {
    const { blocks } = read("slack", { ...payload, body: "x".repeat(5000) });
    expect(blocks[1].text.text).toBe(`${"x".repeat(2900)}… (+2100 characters)`);
  });
});

describe("teams", () => {
  it("is a card of text runs, which know no Markdown", () => {
    const block = (text: string, more: object = {}) => ({
      type: "RichTextBlock",
      inlines: [{ type: "TextRun", text, ...more }],
    });
    expect(read("teams", payload)).toEqual({
      type: "message",
      attachments: [
        {
          contentType: "application/vnd.microsoft.card.adaptive",
          contentUrl: null,
          content: {
            $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
            type: "AdaptiveCard",
            version: "1.4",
            body: [
              block("Ada proposes revenue_by_region", { weight: "Bolder" }),
              block("Sums the orders of each region."),
              block("sales · proposal.submitted · ada", { isSubtle: true, size: "Small" }),
            ],
          },
        },
      ],
    });
    const text = read("teams", hostile).attachments[0].content.body[0].inlines[0].text;
    expect(text).toContain("@\u200beveryone");
    expect(text).not.toContain("://");
  });
});

describe("discord", () => {
  it("is one message of escaped Markdown that may mention nobody", () => {
    expect(read("discord", payload)).toEqual({
      content:
        "**Ada proposes revenue\\_by\\_region**\nSums the orders of each region\\.\nsales · proposal\\.submitted · ada",
      flags: 4,
      allowed_mentions: { parse: [] },
    });
    expect(read("discord", hostile).content.split("\n")[0]).toBe(
      "**@\u200beveryone \\<\\!channel\\> \\<https\\:\u200b//evil\\.example\\|here\\> \\[x\\]\\(https\\:\u200b//evil\\.example\\) \\*\\*b\\*\\* www\\.\u200bevil\\.example & \\<@\u200bU1\\>**",
    );
  });

  it("is at most 2,000 characters, with no half of an escape or a character at its end", () => {
    for (let filler = 0; filler < 6; filler++) {
      const { content } = read("discord", { ...payload, title: `${"x".repeat(filler)}${"*".repeat(1990)}`, body: "" });
      expect(content.length).toBeLessThanOrEqual(2000);
      expect(/(?:^|[^\\])(?:\\\\)*\\…$/.test(content)).toBe(false);
    }
    const { content } = read("discord", { ...payload, title: `x${"😀".repeat(1500)}`, body: "" });
    expect(content.isWellFormed()).toBe(true);
  });
});

it("shows what is invisible in the text of a user, in every chat", () => {
  const hidden = { ...payload, title: "a\u202Eb\u200bc" };
  for (const format of ["slack", "teams", "discord"] as const) {
    expect(bodyOf(format, hidden, "dlv_1")).not.toContain("\u202e");
  }
});

it("signs the time and the body", async () => {
  // echo -n '1800000000.{"a":1}' | openssl dgst -sha256 -hmac whsec_test
  const header = await sign("whsec_test", '{"a":1}', 1_800_000_000_999);
  expect(header).toBe("t=1800000000,v1=7de5e6bbc99c65ef0ddccacd4308ba03a5a12eb8859a0db070c5ca731c4fdc19");
});
