import { describe, expect, it } from "vitest";
import { highlightJq, jqKeywords, type PieceKind } from "./highlight.ts";
import { type Token, tokenize } from "./lexer.ts";

/** Each piece with its text. */
function shown(text: string): string[] {
  return highlightJq(text).map(({ kind, start, end }) => `${kind} ${text.slice(start, end)}`);
}

const programs = [
  "def margin($revenue; $cost): if $revenue == 0 then null else ($revenue - $cost) / $revenue end;",
  'reduce inputs as $o ({}; .[$o.customer] += $o.amount) | to_entries | sort_by(-.value) | .[:10][] | {customer: .key, "spent": .value}',
  'map(select(.a? // .b["odd key"] >= 1.5e-3)) | .[] |= . + {x: "a\\u00e9\\n\\(.x | "in\\(1)ner")b"}  # "not a string',
  'label $out | foreach .[] as [$a, {b: $c}] (0; . + 1; if . > 3 then ., break $out else empty end) ?// @base64 "x\\(.)"',
  "try error catch . | ..|numbers, -1, .5, .foo.bar[]?, $__loc__, not, @json",
];

/** What a token is shown as; undefined for what is plain. */
function kindOf({ kind, text }: Token): PieceKind[] | undefined {
  switch (kind) {
    case "keyword":
      return ["keyword"];
    case "name":
      return ["call"];
    case "field":
    case "variable":
    case "number":
    case "format":
      return [kind];
    case "location":
      return ["variable"];
    case "quote":
    case "quoteEnd":
      return ["string"];
    case "text":
      return text.length === 0 ? undefined : ["string", "escape"];
    case "interpolation":
    case "interpolationEnd":
      return ["escape"];
    default:
      return undefined;
  }
}

describe("highlighting jq", () => {
  it.each(programs)("sees what the lexer sees: %s", (text) => {
    const pieces = highlightJq(text);
    const covered = new Set<number>();
    for (const token of tokenize(text)) {
      const kinds = kindOf(token);
      if (kinds === undefined) continue;
      const piece = pieces.find(({ start, end }) => start <= token.start && token.end <= end);
      expect(`${token.text}: ${kinds.some((kind) => kind === piece?.kind)} ${piece?.kind}`).toBe(
        `${token.text}: true ${piece?.kind}`,
      );
      for (let at = token.start; at < token.end; at++) covered.add(at);
    }
    const beyond = pieces.filter(({ kind, start }) => kind !== "comment" && !covered.has(start));
    expect(beyond).toEqual([]);
  });

  it("shows parameters, in code and in strings", () => {
    expect(shown('select(.region == ${region}) | "in ${region} for $${n} ${"')).toEqual([
      "call select",
      "field .region",
      "placeholder ${region}",
      'string "in ',
      "placeholder ${region}",
      "string  for $",
      "placeholder ${n}",
      'string  ${"',
    ]);
  });

  it("takes any text", () => {
    expect(shown('"open \\q \\(')).toEqual(['string "open ', "bad \\q", "string  ", "escape \\("]);
    expect(shown("' ` ~~ 💥 ] ) }")).toEqual(["bad '", "bad `", "bad ~~", "bad 💥"]);
    expect(shown("")).toEqual([]);
  });

  it("gives pieces in order and within the text, whatever that is", () => {
    const alphabet = ["\\", '"', "(", ")", "$", "{", "}", "a", ".", "1", "@", "#", "\n", " ", "é", "💥", "\\(", "${a}"];
    let seed = 7;
    const next = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % below;
    };
    for (let round = 0; round < 500; round++) {
      const text = Array.from({ length: next(40) }, () => alphabet[next(alphabet.length)]).join("");
      let at = 0;
      for (const { start, end } of highlightJq(text)) {
        expect(start).toBeGreaterThanOrEqual(at);
        expect(end).toBeGreaterThan(start);
        at = end;
      }
      expect(at).toBeLessThanOrEqual(text.length);
    }
  });

  it("has the lexer's keywords", () => {
    expect(tokenize(jqKeywords.join(" ")).map(({ kind }) => kind)).toEqual([...jqKeywords.map(() => "keyword"), "end"]);
  });
});
