// The readers of JSON, NDJSON and CSV, cut at every place, and the errors they name. Runs in workerd.
import { describe, expect, it } from "vitest";
import { describeError } from "../../../core/errors.ts";
import { Utf8Reader } from "../../../engines/records/utf8.ts";
import { jqLimits } from "../../../limits.ts";
import type { DatasetFormat } from "../schema.ts";
import { readerOf } from "./ingest.ts";

type Outcome = string[] | { whole: string } | string;

const encoder = new TextEncoder();

/** What a reader makes of bytes that arrive in pieces of `size`: records, the whole document, or the error's message. */
function read(
  format: DatasetFormat,
  input: string | Uint8Array,
  size = Number.POSITIVE_INFINITY,
  notes: string[] = [],
): Outcome {
  const bytes = typeof input === "string" ? encoder.encode(input) : input;
  const records: string[] = [];
  let document: string | undefined;
  const reader = readerOf(format, {
    record: (json) => {
      JSON.parse(json);
      records.push(json);
    },
    whole: (json) => {
      document = json;
    },
    note: (text) => {
      notes.push(text);
    },
  });
  const utf8 = new Utf8Reader();
  try {
    for (let at = 0; at < bytes.length; at += size) {
      const { text, offset } = utf8.decode(bytes.slice(at, at + Math.min(size, bytes.length)));
      reader.push(text, offset);
    }
    reader.end(utf8.end());
  } catch (error) {
    const { code, message } = describeError(error);
    return `${code}: ${message}`;
  }
  return document === undefined ? records : { whole: document };
}

const bytes = (...values: (number | string)[]): Uint8Array =>
  Uint8Array.from(values.flatMap((value) => (typeof value === "string" ? [...encoder.encode(value)] : [value])));

const deepest = jqLimits.valueDepth;
const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

const nestedObjects = (depth: number): string => `${'{"a":'.repeat(depth - 1)}{}${"}".repeat(depth - 1)}`;

const json: [string, string | Uint8Array, Outcome][] = [
  ["objects", '[{"a":1},{"a":2}]', ['{"a":1}', '{"a":2}']],
  ["no records", " [ \n ] ", []],
  ["scalars of every kind", '[1, "x", true, false, null, -0.5e-3]', ["1", '"x"', "true", "false", "null", "-0.5e-3"]],
  ["number text as written", "[1.50, 9007199254740993, 1e400, 0.10]", ["1.50", "9007199254740993", "1e400", "0.10"]],
  ["brackets, commas and quotes in strings", '["a,]}\\"[{", "\\\\"]', ['"a,]}\\"[{"', '"\\\\"']],
  ["line breaks between tokens", '[{\r\n  "a": [\n 1 ]\n}\n]', ['{ "a": [ 1 ] }']],
  ["nested arrays", "[[1,[2]],[]]", ["[1,[2]]", "[]"]],
  ["characters of all lengths", '["é€😀", "\\ud83d\\ude00"]', ['"é€😀"', '"\\ud83d\\ude00"']],
  ["byte order mark", bytes(0xef, 0xbb, 0xbf, "[1]"), ["1"]],
  ["an object is whole", ' {"a": [1,\n2]}\n', { whole: '{"a": [1,\n2]}' }],
  ["a scalar is whole", '"x"', { whole: '"x"' }],
  ["records nested to the limit", `[${nested(deepest)}]`, [nested(deepest)]],
  ["nothing", "", "dataset_malformed: The upload is empty: there is nothing in it but blanks."],
  ["only blanks", " \n", "dataset_malformed: The upload is empty: there is nothing in it but blanks."],
  ["no end", "[1, 2", 'dataset_malformed: Byte 5: the input ends before the "]" that closes the array.'],
  ["no end after an element", "[1 ", 'dataset_malformed: Byte 3: the input ends before the "]" that closes the array.'],
  ["no end after a comma", "[1,", 'dataset_malformed: Byte 3: the input ends before the "]" that closes the array.'],
  ["no end inside an element", '[{"é":1', 'dataset_malformed: Byte 8: the text ends where "," or "}" should follow.'],
  ["trailing comma", "[1,]", 'dataset_malformed: Byte 3: expected a value after the comma, found "]".'],
  ["leading comma", "[,1]", 'dataset_malformed: Byte 1: expected a value or "]", found ",".'],
  ["two commas", "[1,,2]", 'dataset_malformed: Byte 3: expected a value after the comma, found ",".'],
  ["text after the array", "[1] x", "dataset_malformed: Byte 4: there is more text after the end of the array."],
  [
    "two elements without a comma",
    "[1 2]",
    'dataset_malformed: Byte 3: expected nothing more after the value, found "2".',
  ],
  ["wrong bracket", '["é", {"a":[1}]', 'dataset_malformed: Byte 14: expected "]", found "}".'],
  ["closing brace at top", "[1}]", 'dataset_malformed: Byte 2: expected "," or "]", found "}".'],
  [
    "single quotes",
    "[{'a':1}]",
    'dataset_malformed: Byte 2: expected a key in double quotes or "}", found "\'"; JSON takes double quotes only.',
  ],
  ["word", "[NaN]", "dataset_malformed: Byte 1: expected a value, found a word that is not true, false or null."],
  ["missing colon", '[{"a" 1}]', 'dataset_malformed: Byte 6: expected ":" after the key, found "1".'],
  ["leading zero", "[007]", "dataset_malformed: Byte 1: a number may not begin with 0 and another digit."],
  [
    "raw tab in a string",
    '["a\tb"]',
    "dataset_malformed: Byte 3: a string holds a raw control character (U+0009); it must be escaped.",
  ],
  ["unknown escape", '["\\x"]', "dataset_malformed: Byte 2: a string holds an unknown escape after a backslash."],
  [
    "short unicode escape",
    '["\\u12"]',
    "dataset_malformed: Byte 2: a string holds \\u without four hexadecimal digits.",
  ],
  ["string without end", '["ab', "dataset_malformed: Byte 1: a string that opens here is not closed."],
  ["two documents", "{} {}", 'dataset_malformed: Byte 3: expected nothing more after the value, found "{".'],
  [
    "too deep in a record",
    `[${nested(deepest + 1)}]`,
    `dataset_malformed: Byte ${deepest + 1}: the value nests deeper than ${deepest} levels, of which an object takes 2 (limit valueDepth).`,
  ],
  [
    "too deep in a document",
    `{"a":${nested(deepest)}}`,
    `dataset_malformed: Byte ${deepest + 3}: the value nests deeper than ${deepest} levels, of which an object takes 2 (limit valueDepth).`,
  ],
  ["objects nested to the limit", `[${nestedObjects(deepest / 2)}]`, [nestedObjects(deepest / 2)]],
  [
    "objects too deep in a record",
    `[${nestedObjects(deepest / 2 + 1)}]`,
    `dataset_malformed: Byte ${(deepest / 2) * 5 + 1}: the value nests deeper than ${deepest} levels, of which an object takes 2 (limit valueDepth).`,
  ],
  [
    "objects too deep in a document",
    nestedObjects(deepest / 2 + 1),
    `dataset_malformed: Byte ${(deepest / 2) * 5}: the value nests deeper than ${deepest} levels, of which an object takes 2 (limit valueDepth).`,
  ],
  [
    "half of a surrogate pair in a record",
    '["é", "a\\ud83d x"]',
    "dataset_malformed: Byte 9: a string holds an escaped half of a surrogate pair without the other half.",
  ],
  [
    "half of a surrogate pair in a document",
    '{"a\\uDE00":1}',
    "dataset_malformed: Byte 3: a string holds an escaped half of a surrogate pair without the other half.",
  ],
  ["a backslash before what looks like half a pair", '["\\\\ud83d"]', ['"\\\\ud83d"']],
  [
    "a byte that opens nothing",
    bytes('["a', 0xff, '"]'),
    "dataset_malformed: Byte 3: the upload is not valid UTF-8 here.",
  ],
  [
    "a surrogate in UTF-8",
    bytes('["', 0xed, 0xa0, 0x80, '"]'),
    "dataset_malformed: Byte 2: the upload is not valid UTF-8 here.",
  ],
  [
    "an overlong form",
    bytes('["é', 0xc0, 0xaf, '"]'),
    "dataset_malformed: Byte 4: the upload is not valid UTF-8 here.",
  ],
  [
    "a character cut off at the end",
    bytes('["', 0xe2, 0x82),
    "dataset_malformed: Byte 2: the upload is not valid UTF-8 here.",
  ],
  [
    "a character cut off in between",
    bytes('["', 0xe2, 0x82, '"]'),
    "dataset_malformed: Byte 2: the upload is not valid UTF-8 here.",
  ],
  ["UTF-16", bytes(0xff, 0xfe, "[", 0), "dataset_malformed: Byte 0: the upload is not valid UTF-8 here."],
];

const ndjson: [string, string | Uint8Array, Outcome][] = [
  ["lines", '{"a":1}\n[2]\n3\n', ['{"a":1}', "[2]", "3"]],
  ["no end of the last line", '{"a":1}\n"x"', ['{"a":1}', '"x"']],
  ["CRLF, blank lines and indents", '\r\n {"a":1}\t\r\n\n  \n2\r\n', ['{"a":1}', "2"]],
  ["number text as written", "1.50\n9007199254740993", ["1.50", "9007199254740993"]],
  ["byte order mark", bytes(0xef, 0xbb, 0xbf, "1\n2"), ["1", "2"]],
  ["line separators that JSON allows", '"a\u2028b"\n', ['"a\u2028b"']],
  ["nothing", "", "dataset_malformed: The upload is empty: there is nothing in it but blanks."],
  ["only blank lines", "\n \r\n", "dataset_malformed: The upload is empty: there is nothing in it but blanks."],
  [
    "a document over several lines",
    '{\n"a":1}',
    'dataset_malformed: Line 1, column 2: the text ends where a key in double quotes or "}" should follow.',
  ],
  [
    "two values on a line",
    '1\n{"a":1} {"a":2}',
    'dataset_malformed: Line 2, column 9: expected nothing more after the value, found "{".',
  ],
  ["fault after an indent", '1\n\n  {"a":}', 'dataset_malformed: Line 3, column 8: expected a value, found "}".'],
  [
    "trailing comma",
    '{"a":1},\n',
    'dataset_malformed: Line 1, column 8: expected nothing more after the value, found ",".',
  ],
  [
    "comma before a brace",
    '{"a":1,}\n',
    'dataset_malformed: Line 1, column 8: expected a key in double quotes, found "}".',
  ],
  [
    "too deep",
    `1\n${nested(deepest + 1)}`,
    `dataset_malformed: Line 2, column ${deepest + 1}: the value nests deeper than ${deepest} levels, of which an object takes 2 (limit valueDepth).`,
  ],
  ["deep enough", nested(deepest), [nested(deepest)]],
  ["objects deep enough", nestedObjects(deepest / 2), [nestedObjects(deepest / 2)]],
  [
    "objects too deep",
    nestedObjects(deepest / 2 + 1),
    `dataset_malformed: Line 1, column ${(deepest / 2) * 5 + 1}: the value nests deeper than ${deepest} levels, of which an object takes 2 (limit valueDepth).`,
  ],
  ["a surrogate pair", '"\\uD83D\\uDE00"', ['"\\uD83D\\uDE00"']],
  [
    "half of a surrogate pair",
    '1\n {"a":"\\ud83d\\ud83d"}',
    "dataset_malformed: Line 2, column 8: a string holds an escaped half of a surrogate pair without the other half.",
  ],
  ["invalid UTF-8", bytes("1\n", 0x80), "dataset_malformed: Byte 2: the upload is not valid UTF-8 here."],
  ["a no-break space is not blank", "\u00a01", "dataset_malformed: Line 1, column 1: expected a value, found U+00A0."],
];

const csv: [string, string | Uint8Array, Outcome][] = [
  ["types by column", "a,b,c\n1,x,true\n-2.5,y,false\n", ['{"a":1,"b":"x","c":true}', '{"a":-2.5,"b":"y","c":false}']],
  ["empty is null", 'a,b\n,""\n1,x', ['{"a":null,"b":null}', '{"a":1,"b":"x"}']],
  [
    "one leading zero makes a column text",
    "zip,n\n10115,1\n00731,2",
    ['{"zip":"10115","n":1}', '{"zip":"00731","n":2}'],
  ],
  [
    "numbers that programs would round are text",
    "id\n9007199254740993\n1",
    ['{"id":"9007199254740993"}', '{"id":"1"}'],
  ],
  [
    "number text as written",
    "p\n19.90\n1e5\n0.30000000000000004",
    ['{"p":19.90}', '{"p":1e5}', '{"p":0.30000000000000004}'],
  ],
  [
    "what is no number",
    "a,b,c,d,e,f\n+1,1.,.5,-0,1e999,0x1F",
    ['{"a":"+1","b":"1.","c":".5","d":"-0","e":"1e999","f":"0x1F"}'],
  ],
  ["blanks are kept", "a,b\n x , 1", ['{"a":" x ","b":" 1"}']],
  ["mixed column is text", "a\n1\ntrue\nx", ['{"a":"1"}', '{"a":"true"}', '{"a":"x"}']],
  [
    "quotes, delimiters and line breaks in quotes",
    'a,b\n"x ""y"", z","1\r\n2"\n3,"4"',
    ['{"a":"x \\"y\\", z","b":"1\\r\\n2"}', '{"a":"3","b":"4"}'],
  ],
  ["quoted numbers are numbers", 'a\n"1"\n"2"', ['{"a":1}', '{"a":2}']],
  ["CRLF and blank lines", "a,b\r\n\r\n1,2\r\n\r\n", ['{"a":1,"b":2}']],
  ["semicolons", "a;b\n1,5;2", ['{"a":"1,5","b":2}']],
  ["tabs", "a\tb\n1\t2", ['{"a":1,"b":2}']],
  ["bars", "a|b\n1|2", ['{"a":1,"b":2}']],
  ["a delimiter inside quotes does not count", '"a,b,c";d\n1;2', ['{"a,b,c":1,"d":2}']],
  ["one column", "a\n1\n2", ['{"a":1}', '{"a":2}']],
  ["names: repeated, empty, trimmed", "x,x, y ,,x_2\n1,2,3,4,5", ['{"x":1,"x_3":2,"y":3,"column_4":4,"x_2":5}']],
  ["names that objects have of their own", "__proto__,constructor\n1,2", ['{"__proto__":1,"constructor":2}']],
  ["header only", "a,b\n", []],
  ["byte order mark", bytes(0xef, 0xbb, 0xbf, "a,b\n1,2"), ['{"a":1,"b":2}']],
  ["byte order mark before a quote", bytes(0xef, 0xbb, 0xbf, '"a",b\n1,2'), ['{"a":1,"b":2}']],
  ["characters of all lengths", "é,€\n😀,ß", ['{"é":"😀","€":"ß"}']],
  ["control characters", "a\nx\u0001y", ['{"a":"x\\u0001y"}']],
  ["nothing", "", "dataset_malformed: The upload is empty: there is nothing in it but blanks."],
  ["short row", "a,b\n1,2\n3", "dataset_malformed: Line 3: the row has 1 cell where the header has 2."],
  [
    "long row after quoted line breaks",
    'a,b\n"1\n\n",2\n3,4,5',
    "dataset_malformed: Line 5: the row has 3 cells where the header has 2.",
  ],
  ["quote without end", 'a,b\n1,"2\n3,4\n', "dataset_malformed: Line 2: a quoted cell that opens here is not closed."],
  [
    "text after a closing quote",
    'a\n"1"x\n',
    "dataset_malformed: Line 2: there is text between a closing quote and the next delimiter.",
  ],
  [
    "quote inside a bare cell",
    'a,b\n1,5" pipe\n',
    "dataset_malformed: Line 2: there is a quote inside a cell that does not begin with one.",
  ],
  ["carriage returns only", "a,b\r1,2\r", "dataset_malformed: Line 1: the lines end in carriage returns only."],
  [
    "too many columns",
    "a".concat(",a".repeat(2000)),
    "too_large: The header has 2001 columns; a CSV file may have 2000 (limit csvColumns).",
  ],
  [
    "too long a name",
    `a,${"b".repeat(257)}`,
    "too_large: The name of column 2 has 257 characters as JSON; a name may have 256 (limit csvColumnNameChars).",
  ],
  ["invalid UTF-8", bytes("a\n", 0xe9), "dataset_malformed: Byte 2: the upload is not valid UTF-8 here."],
];

describe.each([
  ["json", json],
  ["ndjson", ndjson],
  ["csv", csv],
] as const)("%s", (format, cases) => {
  it.each(cases)("%s", (_name, input, expected) => {
    expect(read(format, input)).toEqual(expected);
  });

  it.each(cases)("%s, cut anywhere", (_name, input, expected) => {
    const length = typeof input === "string" ? encoder.encode(input).length : input.length;
    const sizes = length > 200 ? [1, 7, 100] : Array.from({ length }, (_, index) => index + 1);
    for (const size of sizes) expect({ size, outcome: read(format, input, size) }).toEqual({ size, outcome: expected });
  });
});

describe("CSV columns whose first rows decide", () => {
  const rows = (count: number, cell: string): string => `${cell}\n`.repeat(count);
  const recordsFrom = (start: number, input: string): unknown[] => {
    const outcome = read("csv", input);
    return Array.isArray(outcome) ? outcome.slice(start) : [outcome];
  };

  it("keeps a later value that does not fit as a string", () => {
    expect(recordsFrom(999, `n\n${rows(1000, "5")}007\nx\n6`)).toEqual([
      '{"n":5}',
      '{"n":"007"}',
      '{"n":"x"}',
      '{"n":6}',
    ]);
  });

  it("says so, column by column", () => {
    const notes: string[] = [];
    read("csv", `n,b,t,"q""x"\n${rows(1000, "5,true,x,1")}007,,x,2\nx,1,x,y\n6,true,7,3`, 7, notes);
    expect(notes).toEqual([
      'Column "n" began with numbers; 2 later cells are none and were kept as text (first on line 1002).',
      'Column "b" began with booleans; 1 later cell is none and was kept as text (first on line 1003).',
      'Column "q\\"x" began with numbers; 1 later cell is none and was kept as text (first on line 1003).',
    ]);
    const many = `${Array.from({ length: 22 }, (_, index) => `c${index}`).join(",")}\n`;
    notes.length = 0;
    read("csv", `${many}${rows(1000, Array(22).fill("1").join(","))}${Array(22).fill("x").join(",")}`, 100, notes);
    expect([notes.length, notes.at(-1)]).toEqual([21, "2 more columns hold values of more than one type."]);
  });

  it("counts what waiting rows grow to, not what they were", () => {
    const names = Array.from({ length: 2000 }, (_, index) => `c${index}`.padEnd(250, "_"));
    let waiting = 0;
    let most = 0;
    const reader = readerOf("csv", {
      record: (json) => {
        waiting += json.length;
      },
      whole: () => undefined,
      note: () => undefined,
    });
    reader.push(`${names.join(",")}\n`, 0);
    for (let row = 0; row < 20; row++) {
      waiting = 0;
      reader.push(`${",".repeat(1999)}\n`, 0);
      most = Math.max(most, waiting);
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(3 * 1024 * 1024);
  });

  it("keeps a text column text", () => {
    expect(recordsFrom(998, `n\n${rows(999, "5")}007\n6`)).toEqual(['{"n":"5"}', '{"n":"007"}', '{"n":"6"}']);
  });

  it("lets the first value settle a column that was empty", () => {
    expect(recordsFrom(1000, `k,n,m\n${rows(1000, "a,,")}a,1,01\na,02,2`)).toEqual([
      '{"k":"a","n":1,"m":"01"}',
      '{"k":"a","n":"02","m":"2"}',
    ]);
  });
});

describe("work that grows with the input and not with its square", () => {
  it("trims long runs of blanks inside a line and names many equal columns", () => {
    expect(read("ndjson", `"${" ".repeat(4_000_000)}x"\n[${" ".repeat(3_000_000)}1]  \n`)).toHaveLength(2);
    const columns = "x,".repeat(1999).concat("x");
    const [record = ""] = read("csv", `${columns}\n${"1,".repeat(1999)}1`) as string[];
    expect(Object.keys(JSON.parse(record)).at(-1)).toBe("x_2000");
  });
});

describe("limits", () => {
  const big = "x".repeat(8 * 1024 * 1024);
  const words = "is larger than 8388608 bytes, the limit of one record (limit recordBytes).";

  it.each([
    ["json", `[1,"${big}"]`, `too_large: Byte 3: this record ${words}`],
    ["ndjson", `1\n"${big}"`, `too_large: Line 2: this record ${words}`],
    ["csv", `a\n1\n${big}`, `too_large: Line 3: this record ${words}`],
    ["csv", `a\n1\n"${big}`, `too_large: Line 3: this record ${words}`],
    [
      "json",
      `{"a":"${big.slice(0, 4 * 1024 * 1024)}"}`,
      "too_large: A JSON document that is not an array may have 4194304 bytes (limit wholeInputBytes); this one has more.",
    ],
  ] as const)("%s refuses what is too large", (format, input, expected) => {
    expect(read(format, input, 64 * 1024)).toBe(expected);
    expect(read(format, input)).toBe(expected);
  });
});
