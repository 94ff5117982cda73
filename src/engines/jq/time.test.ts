// The calendar against JavaScript's own, and date programs against what native jq prints with TZ=UTC.
import { describe, expect, test } from "vitest";
import { runJq } from "./run.ts";
import { gmtime, strptime, timegm } from "./time.ts";

const start = { sec: 0, min: 0, hour: 0, mday: 0, mon: 0, year: 0, wday: 8, yday: 367 };

describe("the calendar", () => {
  test.each([0, -1, 951_782_400, 1_425_599_621, -62_135_596_800, 253_402_300_799, -2_203_891_200, 4_107_542_400])(
    "gmtime and timegm agree with Date on %d",
    (seconds) => {
      const date = new Date(seconds * 1000);
      const fields = gmtime(seconds);
      expect(fields).toEqual({
        sec: date.getUTCSeconds(),
        min: date.getUTCMinutes(),
        hour: date.getUTCHours(),
        mday: date.getUTCDate(),
        mon: date.getUTCMonth(),
        year: date.getUTCFullYear() - 1900,
        wday: date.getUTCDay(),
        yday: Math.floor((date.getTime() - new Date(date).setUTCMonth(0, 1)) / 86_400_000),
      });
      expect(fields && timegm(fields)).toBe(seconds);
    },
  );

  test("a year beyond C's integers has no fields", () => {
    expect(gmtime(1e18)).toBeUndefined();
    expect(gmtime(Number.NaN)).toBeUndefined();
  });

  test("strptime answers nothing where the text does not fit", () => {
    expect(strptime("2015-13-05", "%Y-%m-%d", start)).toBeUndefined();
    expect(strptime("10%", "%H%%", start)).toEqual({ fields: { ...start, hour: 10 }, length: 3 });
    expect(strptime("10", "%Q", start)).toBeUndefined();
    expect(strptime("Frx", "%a", start)).toBeUndefined();
  });
});

describe("date programs", () => {
  test.each([
    ['"2015-03-05T23:51:47Z"|strptime("%Y-%m-%dT%H:%M:%SZ")', "[2015,2,5,23,51,47,4,63]"],
    ['"2015-03-05T23:51:47Z"|strptime("%Y-%m-%dT%H:%M:%SZ")|mktime', "1425599507"],
    ['"10:20 PM"|strptime("%I:%M %p")', "[1900,0,0,22,20,0,8,367]"],
    ['"12:20 AM"|strptime("%I:%M %p")|.[3]', "0"],
    ['"2024-060"|strptime("%Y-%j")', "[2024,1,29,0,0,0,4,59]"],
    ['"2024 Mon 10"|strptime("%Y %a %W")', "[2024,2,4,0,0,0,1,63]"],
    ['"Thu, 05 Mar 2015 23:51:47 +0100"|strptime("%a, %d %b %Y %H:%M:%S %z")', "[2015,2,5,23,51,47,4,63]"],
    ['"12/31/99"|strptime("%D")', "[1999,11,31,0,0,0,5,364]"],
    ['"1425599621"|strptime("%s")', "[2015,2,5,23,53,41,4,63]"],
    ['"10:20 rest"|strptime("%H:%M")', '[1900,0,0,10,20,0,8,367," rest"]'],
    ['0|strftime("%Z %z %A %j %U %e %s")', '"UTC +0000 Thursday 001 00  1 0"'],
    ['0|strflocaltime("%H:%M %Z")', '"00:00 UTC"'],
    ["-1|todate", '"1969-12-31T23:59:59Z"'],
    ["0|localtime|mktime", "0"],
    ["[2024,14,40,25,61,61,0,0]|mktime", "1744250521"],
    ["1425599621.678|gmtime", "[2015,2,5,23,53,41.67799997329712,4,63]"],
    ['"0099-01-01T00:00:00Z"|fromdate', "-59042995200"],
    ["now", "1425599621.678"],
    ["now|todate", '"2015-03-05T23:53:41Z"'],
    ["now == (range(1000)|now)|select(.|not)", undefined],
    ["5|gamma == lgamma", "true"],
  ])("%s", async (program, output) => {
    const outcome = await runJq({
      program,
      input: undefined,
      mode: "records",
      nullInput: true,
      window: { offset: 0, limit: 10, maxBytes: 10_000 },
      now: () => 1_425_599_621_678,
    });
    expect(outcome.outputs).toEqual(output === undefined ? [] : [output]);
  });
});
