// Values that programs did not expect: for fields, paths, headers and whole bodies. Repeatable by the seed. Runs anywhere.
import type { Random } from "../isolation/random.ts";

const oddTexts: readonly string[] = [
  "",
  " ",
  "\u0000",
  "\u0000\u0001\u001f",
  "null",
  "undefined",
  "NaN",
  "-1",
  "1e309",
  "0x10",
  "true",
  "[]",
  "{}",
  "__proto__",
  "constructor",
  "toString",
  "../../etc/passwd",
  "..%2f..%2f",
  "%00",
  "%",
  "%zz",
  "%E0%A4%A",
  "'; DROP TABLE users; --",
  '" OR ""="',
  "${7*7}",
  "{{7*7}}",
  "<script>alert(1)</script>",
  "\r\nset-cookie: a=b",
  "𝕬𝖇𝖈",
  "e\u0301",
  "\u202egnp.exe",
  "\ud800",
  "\udfff\ud800",
  "🧨".repeat(40),
  "a".repeat(300),
  "a".repeat(5_000),
  "9".repeat(400),
  "demo",
  "orders",
  "*",
  'W/"x"',
  "2026-01-01",
  "2026-13-45T99:99:99Z",
  "eyJhZnRlciI6MX0",
  "eyJhZnRlciI6eyJhIjpbXX19",
  "eyJiZWZvcmUiOiJ4In0",
  "bnVsbA",
  "data:read admin",
  "http://127.0.0.1:1/",
  "javascript:alert(1)",
  "file:///etc/passwd",
];

const oddNumbers: readonly number[] = [
  0,
  -0,
  -1,
  1,
  0.5,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 63),
  1e21,
  1e308,
  5e-324,
  99_999_999_999,
];

/** Text of any kind. */
export function oddText(random: Random): string {
  if (random.chance(0.6)) return random.pick(oddTexts) ?? "";
  const length = random.int(random.chance(0.1) ? 2_000 : 30);
  const top = random.pick([128, 256, 0xffff] as const);
  return Array.from({ length }, () => String.fromCharCode(random.int(top))).join("");
}

/** Any JSON value, nested a little. */
export function oddValue(random: Random, depth = 0): unknown {
  switch (random.int(depth > 3 ? 5 : 8)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
      return random.pick(oddNumbers);
    case 3:
    case 4:
      return oddText(random);
    case 5:
      return Array.from({ length: random.int(4) }, () => oddValue(random, depth + 1));
    case 6:
      return Object.fromEntries(
        Array.from({ length: random.int(4) }, () => [oddText(random).slice(0, 40), oddValue(random, depth + 1)]),
      );
    default:
      return random.pick(oddNumbers);
  }
}

/** JSON text that is no JSON, or more of it than anyone wants. */
export function oddBody(random: Random, good: string): string | Buffer {
  switch (random.int(14)) {
    case 0:
      return good.slice(0, random.int(good.length + 1));
    case 1:
      return `${good}${oddText(random)}`;
    case 2:
      return Buffer.from(Array.from({ length: random.int(300) }, () => random.int(256)));
    case 3:
      return "[".repeat(random.pick([10, 300, 20_000] as const));
    case 4:
      return `${'{"a":'.repeat(random.pick([10, 300, 5_000] as const))}1${"}".repeat(10)}`;
    case 5:
      return "";
    case 6:
      return JSON.stringify(oddValue(random));
    case 7:
      return `\ufeff${good}`;
    case 8:
      return good.replaceAll('"', "'");
    case 9:
      return '{"__proto__":{"admin":true},"constructor":{"prototype":{}}}';
    case 10:
      return `{"a":${"1".repeat(random.pick([30, 5_000] as const))}}`;
    case 11:
      return Buffer.concat([
        Buffer.from(good.slice(0, 20)),
        Buffer.from([0xff, 0xfe, 0xc0, 0x80]),
        Buffer.from(good.slice(20)),
      ]);
    case 12:
      return `{"a":"\\ud800","b":"\\u0000","a":${JSON.stringify(oddText(random))}}`;
    default:
      return `a=${encodeURIComponent(oddText(random).toWellFormed())}&a=b&=&&%=%`;
  }
}

/** The value with one part of it replaced, removed or added. */
export function spoil(random: Random, value: unknown): unknown {
  if (typeof value !== "object" || value === null || random.chance(0.1)) return oddValue(random);
  if (Array.isArray(value)) {
    if (value.length === 0) return [oddValue(random)];
    const place = random.int(value.length);
    return value.map((item, index) => (index === place ? spoil(random, item) : item));
  }
  const entries = Object.entries(value);
  const place = random.int(entries.length + 1);
  const entry = entries[place];
  if (entry === undefined) return { ...value, [oddText(random).slice(0, 50)]: oddValue(random) };
  if (random.chance(0.15)) return Object.fromEntries(entries.filter((_, index) => index !== place));
  return { ...value, [entry[0]]: spoil(random, entry[1]) };
}

/** A header's text: what HTTP itself does not take is left out. */
export function headerText(random: Random): string {
  return oddText(random)
    .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "")
    .slice(0, 4_000);
}
