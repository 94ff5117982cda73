// A notice in the form that each kind of receiver reads. Text of users is shown as text: it mentions nobody and links nowhere. Pure.
import { cutText } from "../../../core/markdown.ts";
import { showInvisible } from "../../../core/untrusted.ts";
import type { DeliveryPayload, WebhookFormat } from "../schema.ts";

/** Characters of a message that Discord takes. */
const discordChars = 2_000;
/** Characters of a text in a block of Slack's. */
const slackChars = 2_900;

/** The body of a delivery, as JSON text. `id` is the delivery's. */
export function bodyOf(format: WebhookFormat, payload: DeliveryPayload, id: string): string {
  switch (format) {
    case "json":
      return JSON.stringify({ id, ...payload });
    case "slack":
      return JSON.stringify(slackMessage(payload));
    case "teams":
      return JSON.stringify(teamsMessage(payload));
    case "discord":
      return JSON.stringify(discordMessage(payload));
  }
}

const about = ({ team, actor, type }: DeliveryPayload): string => `${team} · ${type} · ${actor}`;

/** Blocks of plain text: Slack reads neither mentions nor markup in them. The text beside them is for notifications, and is escaped. */
function slackMessage(payload: DeliveryPayload): unknown {
  const plain = (text: string) => ({ type: "plain_text", text: cutText(inert(text), slackChars), emoji: false });
  const { title, body } = payload;
  return {
    text: escapeSlack(inert(`[${payload.team}] ${title}`)),
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: "section", text: plain(title) },
      ...(body === "" ? [] : [{ type: "section", text: plain(body) }]),
      { type: "context", elements: [plain(about(payload))] },
    ],
  };
}

/** Slack's own escapes: with them nothing is a link, a mention or a command. */
function escapeSlack(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A card of text runs: unlike a TextBlock they know no Markdown. */
function teamsMessage(payload: DeliveryPayload): unknown {
  const { title, body } = payload;
  const runs = (text: string, more: Record<string, unknown> = {}) => ({
    type: "RichTextBlock",
    inlines: [{ type: "TextRun", text: inert(text), ...more }],
  });
  return {
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
            runs(title, { weight: "Bolder" }),
            ...(body === "" ? [] : [runs(body)]),
            runs(about(payload), { isSubtle: true, size: "Small" }),
          ],
        },
      },
    ],
  };
}

/** One message of escaped Markdown, without previews of links (flag 4) and with nobody to be mentioned. */
function discordMessage(payload: DeliveryPayload): unknown {
  const { title, body } = payload;
  const lines = [
    `**${escapeMarkdown(title)}**`,
    ...(body === "" ? [] : [escapeMarkdown(body)]),
    escapeMarkdown(about(payload)),
  ];
  return { content: shorten(lines.join("\n"), discordChars), flags: 4, allowed_mentions: { parse: [] } };
}

function escapeMarkdown(text: string): string {
  return inert(text).replaceAll(/[\\`*_~|<>#[\](){}+\-.!:]/g, "\\$&");
}

/** Cut without leaving half an escape or half a character behind. */
function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = text.slice(0, max - 2).replace(/[\ud800-\udbff]$/, "");
  const escapes = /\\+$/.exec(cut)?.[0].length ?? 0;
  return `${escapes % 2 === 1 ? cut.slice(0, -1) : cut}…`;
}

/** Text in which programs find no mention and no link: a zero-width space stands after each `@`, in each `://`, and after a `www`. */
function inert(text: string): string {
  return showInvisible(text)
    .replaceAll(/@/g, "@\u200b")
    .replaceAll("://", ":\u200b//")
    .replaceAll(/\bwww\./gi, "$&\u200b");
}
