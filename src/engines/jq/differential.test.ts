// Programs whose outputs were compared with the native jq program, case by case. Where jq 1.6 and 1.7.1 differ, 1.7.1 is right.
import { describe, expect, test } from "vitest";
import { type JqMode, runJq } from "./run.ts";

const sales = JSON.stringify([
  { region: "north", amount: 10.5, product: "a", tags: ["x", "y"] },
  { region: "south", amount: 3, product: "b", tags: [] },
  { region: "north", amount: 7, product: "c", tags: ["x"] },
  { region: "east", amount: null, product: "d" },
]);
const records = '{"a":1,"b":[1,2]}\n{"a":2,"b":[]}\n{"a":3,"b":[3]}\n';

interface Case {
  program: string;
  input: string;
  mode?: JqMode;
  nullInput?: boolean;
  args?: Record<string, string>;
  outputs: string[];
}

const cases: Case[] = [
  {
    program: ".",
    input: sales,
    outputs: [
      '[{"region":"north","amount":10.5,"product":"a","tags":["x","y"]},{"region":"south","amount":3,"product":"b","tags":[]},{"region":"north","amount":7,"product":"c","tags":["x"]},{"region":"east","amount":null,"product":"d"}]',
    ],
  },
  {
    program: ".[]",
    input: sales,
    outputs: [
      '{"region":"north","amount":10.5,"product":"a","tags":["x","y"]}',
      '{"region":"south","amount":3,"product":"b","tags":[]}',
      '{"region":"north","amount":7,"product":"c","tags":["x"]}',
      '{"region":"east","amount":null,"product":"d"}',
    ],
  },
  { program: ".[].region", input: sales, outputs: ['"north"', '"south"', '"north"', '"east"'] },
  { program: ".[0]", input: sales, outputs: ['{"region":"north","amount":10.5,"product":"a","tags":["x","y"]}'] },
  { program: ".[-1].product", input: sales, outputs: ['"d"'] },
  {
    program: ".[1:3]",
    input: sales,
    outputs: [
      '[{"region":"south","amount":3,"product":"b","tags":[]},{"region":"north","amount":7,"product":"c","tags":["x"]}]',
    ],
  },
  { program: "length", input: sales, outputs: ["4"] },
  { program: "map(.amount)", input: sales, outputs: ["[10.5,3,7,null]"] },
  { program: "map(.amount)|add", input: sales, outputs: ["20.5"] },
  {
    program: "group_by(.region)|map({region:.[0].region,n:length,total:(map(.amount)|add)})",
    input: sales,
    outputs: [
      '[{"region":"east","n":1,"total":null},{"region":"north","n":2,"total":17.5},{"region":"south","n":1,"total":3}]',
    ],
  },
  { program: "sort_by(.amount)|map(.product)", input: sales, outputs: ['["d","b","c","a"]'] },
  {
    program: "max_by(.amount),min_by(.amount)",
    input: sales,
    outputs: [
      '{"region":"north","amount":10.5,"product":"a","tags":["x","y"]}',
      '{"region":"east","amount":null,"product":"d"}',
    ],
  },
  { program: "unique_by(.region)|length", input: sales, outputs: ["3"] },
  {
    program: "map(select(.amount>5))",
    input: sales,
    outputs: [
      '[{"region":"north","amount":10.5,"product":"a","tags":["x","y"]},{"region":"north","amount":7,"product":"c","tags":["x"]}]',
    ],
  },
  { program: '[.[]|select(.tags|index("x"))|.product]', input: sales, outputs: ['["a","c"]'] },
  { program: '.[]|"\\(.product)=\\(.amount)"', input: sales, outputs: ['"a=10.5"', '"b=3"', '"c=7"', '"d=null"'] },
  {
    program: ".[0]|keys,to_entries",
    input: sales,
    outputs: [
      '["amount","product","region","tags"]',
      '[{"key":"region","value":"north"},{"key":"amount","value":10.5},{"key":"product","value":"a"},{"key":"tags","value":["x","y"]}]',
    ],
  },
  { program: 'map(has("tags"))', input: sales, outputs: ["[true,true,true,false]"] },
  {
    program: "map(del(.tags))",
    input: sales,
    outputs: [
      '[{"region":"north","amount":10.5,"product":"a"},{"region":"south","amount":3,"product":"b"},{"region":"north","amount":7,"product":"c"},{"region":"east","amount":null,"product":"d"}]',
    ],
  },
  {
    program: ".[0]|with_entries(.key|=ascii_upcase)",
    input: sales,
    outputs: ['{"REGION":"north","AMOUNT":10.5,"PRODUCT":"a","TAGS":["x","y"]}'],
  },
  { program: "INDEX(.product)|keys", input: sales, outputs: ['["a","b","c","d"]'] },
  { program: "[.[]|.tags[]?]", input: sales, outputs: ['["x","y","x"]'] },
  {
    program: ".[0]|[paths]",
    input: sales,
    outputs: ['[["region"],["amount"],["product"],["tags"],["tags",0],["tags",1]]'],
  },
  {
    program: ".[0]|tostream",
    input: sales,
    outputs: [
      '[["region"],"north"]',
      '[["amount"],10.5]',
      '[["product"],"a"]',
      '[["tags",0],"x"]',
      '[["tags",1],"y"]',
      '[["tags",1]]',
      '[["tags"]]',
    ],
  },
  { program: "fromstream(tostream)|length", input: sales, outputs: ["4"] },
  { program: '.[0].tags|join(",")', input: sales, outputs: ['"x,y"'] },
  { program: "[.[]|.region]|unique", input: sales, outputs: ['["east","north","south"]'] },
  { program: "reduce .[] as $r ({}; .[$r.region]+=1)", input: sales, outputs: ['{"north":2,"south":1,"east":1}'] },
  { program: "[foreach .[] as $r (0; .+($r.amount//0))]", input: sales, outputs: ["[10.5,13.5,20.5,20.5]"] },
  { program: ".[0] as {region:$x,tags:[$y]}|[$x,$y]", input: sales, outputs: ['["north","x"]'] },
  { program: "[limit(2;.[])|.product]", input: sales, outputs: ['["a","b"]'] },
  { program: "first(.[])|.product", input: sales, outputs: ['"a"'] },
  { program: "[.[]|.amount]|map(.//0)|sort", input: sales, outputs: ["[0,3,7,10.5]"] },
  {
    program: '[.[]|if .amount==null then "none" elif .amount>5 then "big" else "small" end]',
    input: sales,
    outputs: ['["big","small","big","none"]'],
  },
  {
    program:
      '.[0]|@json,@csv "\\([.region,.amount])",@tsv "\\([.region,.amount])",@html "<\\(.region)>",@uri "\\(.region) x",@sh "\\(.region)",@base64 "\\(.region)"',
    input: sales,
    outputs: [
      '"{\\"region\\":\\"north\\",\\"amount\\":10.5,\\"product\\":\\"a\\",\\"tags\\":[\\"x\\",\\"y\\"]}"',
      '"\\"north\\",10.5"',
      '"north\\t10.5"',
      '"<north>"',
      '"north x"',
      "\"'north'\"",
      '"bm9ydGg="',
    ],
  },
  { program: "any(.amount==3),all(.amount!=3)", input: sales, outputs: ["true", "false"] },
  { program: "[.[]|.amount?]", input: sales, outputs: ["[10.5,3,7,null]"] },
  { program: '.[]|try error("x") catch .', input: sales, outputs: ['"x"', '"x"', '"x"', '"x"'] },
  {
    program: "label $out|foreach .[] as $i (0;.+1;if .==2 then .,break $out else . end)",
    input: sales,
    outputs: ["1", "2"],
  },
  { program: "[range(0;10;3)]", input: sales, outputs: ["[0,3,6,9]"] },
  { program: '[range(5)]|.[2:4]=["z"]', input: sales, outputs: ['[0,1,"z",4]'] },
  { program: 'map(.region|test("^n"))', input: sales, outputs: ["[true,false,true,false]"] },
  { program: 'map(.region|sub("o";"0"))', input: sales, outputs: ['["n0rth","s0uth","n0rth","east"]'] },
  { program: 'map(.region|gsub("[aeiou]";"_"))', input: sales, outputs: ['["n_rth","s__th","n_rth","__st"]'] },
  { program: '[.[].region|capture("(?<f>.)(?<r>.*)")|.f]', input: sales, outputs: ['["n","s","n","e"]'] },
  { program: '[.[].region|scan("[aeiou]")]', input: sales, outputs: ['["o","o","u","o","e","a"]'] },
  {
    program: '.[0].region|ascii_upcase,explode,(explode|implode),ltrimstr("no"),rtrimstr("th"),startswith("no")',
    input: sales,
    outputs: ['"NORTH"', "[110,111,114,116,104]", '"north"', '"rth"', '"nor"', "true"],
  },
  { program: '[splits("a")?]', input: sales, outputs: ["[]"] },
  { program: '"a,b, c"|split(", *";null)', input: sales, outputs: ['["a","b","c"]'] },
  { program: '[.[0].tags[]|.+"!"]', input: sales, outputs: ['["x!","y!"]'] },
  { program: 'walk(if type=="number" then .+1 else . end)|.[0].amount', input: sales, outputs: ["11.5"] },
  { program: "transpose?,([[1,2],[3]]|transpose)", input: sales, outputs: ["[[1,3],[2,null]]"] },
  { program: "[.[]|.amount|numbers]", input: sales, outputs: ["[10.5,3,7]"] },
  { program: "limit(0;1,2)", input: sales, outputs: [] },
  { program: "env|type", input: sales, outputs: ['"object"'] },
  { program: "input_line_number|type", input: sales, outputs: ['"number"'] },
  { program: "[1,[2,[3]]]|flatten,flatten(1)", input: sales, outputs: ["[1,2,3]", "[1,2,[3]]"] },
  { program: '{"a":{"b":2}}|getpath(["a","b"]),[paths(type=="number")]', input: sales, outputs: ["2", '[["a","b"]]'] },
  { program: '{} | .a.b.c=1 | .a["d"]+=2', input: sales, outputs: ['{"a":{"b":{"c":1},"d":2}}'] },
  {
    program: "[3,1,2]|sort,reverse,max,min,add,(add/length)",
    input: sales,
    outputs: ["[1,2,3]", "[2,1,3]", "3", "1", "6", "2"],
  },
  { program: "[1,2]|combinations(2)", input: sales, outputs: ["[1,1]", "[1,2]", "[2,1]", "[2,2]"] },
  {
    program: '"x"*3, ("abc"|.[1:2]), ("abc"|length), ("é"|utf8bytelength)',
    input: sales,
    outputs: ['"xxx"', '"b"', "3", "2"],
  },
  { program: "[1,2,3]|IN(2),(.[]|IN(2,3))", input: sales, outputs: ["false", "false", "true", "true"] },
  { program: '{"a":1}*{"a":{"b":2}},{"a":1}+{"b":2}', input: sales, outputs: ['{"a":{"b":2}}', '{"a":1,"b":2}'] },
  { program: "[1,2,3]-[2], 7%3, -7%3, 7/2, 1e3", input: sales, outputs: ["[1,3]", "1", "-1", "3.5", "1E+3"] },
  {
    program: '1425599621|todate,(gmtime|mktime),strftime("%A, %B %d, %Y %j %U")',
    input: sales,
    outputs: ['"2015-03-05T23:53:41Z"', "1425599621", '"Thursday, March 05, 2015 064 09"'],
  },
  {
    program: '"2015-03-05T23:51:47Z"|fromdate,strptime("%Y-%m-%dT%H:%M:%SZ")',
    input: sales,
    outputs: ["1425599507", "[2015,2,5,23,51,47,4,63]"],
  },
  { program: "[.[]|.amount]|map(tostring)", input: sales, outputs: ['["10.5","3","7","null"]'] },
  { program: '"[1,{\\"a\\":2}]"|fromjson', input: sales, outputs: ['[1,{"a":2}]'] },
  {
    program: '[1,null,"a",true,{},[]]|map(type),sort',
    input: sales,
    outputs: ['["number","null","string","boolean","object","array"]', '[null,true,1,"a",[],{}]'],
  },
  { program: 'null,true,"a"|not', input: sales, outputs: ["true", "false", "false"] },
  { program: "(1,null)//2, (empty//3), ([]|first//4)", input: sales, outputs: ["1", "3", "4"] },
  { program: "def f(x): x*2; def g: f(.+1); 3|g", input: sales, outputs: ["8"] },
  { program: "def fac: if .<=1 then 1 else .*(.-1|fac) end; 10|fac", input: sales, outputs: ["3628800"] },
  {
    program: "[recurse(if .<3 then .+1 else empty end)]?",
    input: sales,
    outputs: [
      '[[{"region":"north","amount":10.5,"product":"a","tags":["x","y"]},{"region":"south","amount":3,"product":"b","tags":[]},{"region":"north","amount":7,"product":"c","tags":["x"]},{"region":"east","amount":null,"product":"d"}]]',
    ],
  },
  {
    program: "0|[recurse(if .<3 then .+1 else empty end)],[while(.<3;.+1)],until(.>3;.+1)",
    input: sales,
    outputs: ["[0,1,2,3]", "[0,1,2]", "4"],
  },
  { program: "[.[]|tojson|length]", input: sales, outputs: ["[63,53,56,45]"] },
  { program: "$x|.[0],$y", input: sales, args: { x: '[1,"é\\"\\\\"]', y: '{"k":null}' }, outputs: ["1", '{"k":null}'] },
  { program: "$__loc__|.line", input: sales, outputs: ["1"] },
  { program: '[.[]|splits("a")?]|length', input: sales, outputs: ["0"] },
  { program: "ascii_downcase?", input: sales, outputs: [] },
  { program: '"test"|[match("t";"g").offset]', input: sales, outputs: ["[0,3]"] },
  { program: "[1,2,3]|.[1]|=.+10|del(.[0])", input: sales, outputs: ["[12,3]"] },
  { program: "to_entries[0].key", input: sales, outputs: ["0"] },
  { program: "pow(2;10),sqrt,floor?", input: "16", outputs: ["1024", "4", "16"] },
  { program: '[splits(", ")]', input: '"a, b, c"', outputs: ['["a","b","c"]'] },
  { program: "tojson", input: '[1.5,"x",null]', outputs: ['"[1.5,\\"x\\",null]"'] },
  { program: ".[0],.[1]", input: "[100000000,0.1]", outputs: ["100000000", "0.1"] },
  { program: "@base64d", input: '"aGVsbG8="', outputs: ['"hello"'] },
  { program: 'ltrimstr("x"),tonumber', input: '"12"', outputs: ['"12"', "12"] },
  {
    program: "tostring,tojson,length",
    input: '{"b":1,"a":[2]}',
    outputs: ['"{\\"b\\":1,\\"a\\":[2]}"', '"{\\"b\\":1,\\"a\\":[2]}"', "2"],
  },
  { program: "add", input: "[[1],[2]]", outputs: ["[1,2]"] },
  { program: "any,all", input: "[true,false]", outputs: ["true", "false"] },
  { program: "[.[]|round,ceil,floor,fabs]", input: "[1.5,-1.5]", outputs: ["[2,2,1,1.5,-2,-1,-2,1.5]"] },
  {
    program: "indices(1),indices([1,2]),index(1),rindex(1)",
    input: "[0,1,2,1,2]",
    outputs: ["[1,3]", "[1,3]", "1", "3"],
  },
  { program: 'indices("ab")', input: '"abcab"', outputs: ["[0,3]"] },
  { program: "inside([1,2,3]),contains([1])", input: "[1,2]", outputs: ["true", "true"] },
  { program: "bsearch(2),bsearch(4)", input: "[1,2,3]", outputs: ["1", "-4"] },
  { program: "nth(1),nth(2;.[]),first,last", input: "[5,6,7]", outputs: ["6", "7", "5", "7"] },
  { program: "group_by(.)|map(length)", input: "[1,2,1]", outputs: ["[2,1]"] },
  { program: ".[]+=1", input: '{"a":1,"b":2}', outputs: ['{"a":2,"b":3}'] },
  { program: "to_entries|from_entries", input: '{"a":1,"b":2}', outputs: ['{"a":1,"b":2}'] },
  { program: "map_values(.+1),map_values(empty)", input: '{"a":1,"b":2}', outputs: ['{"a":2,"b":3}', "{}"] },
  { program: "path(..)", input: '{"a":[1]}', outputs: ["[]", '["a"]', '["a",0]'] },
  { program: 'splits("x")', input: '"axb"', outputs: ['"a"', '"b"'] },
  { program: 'getpath(["a",0,"b"])', input: "null", outputs: ["null"] },
  { program: 'delpaths([["a"],["b",0]])', input: '{"a":1,"b":[1,2]}', outputs: ['{"b":[2]}'] },
  { program: "[.,input]", input: "1 2 3 4", outputs: ["[1,2]", "[3,4]"] },
  { program: ".a", input: records, mode: "records", outputs: ["1", "2", "3"] },
  { program: ".b[]", input: records, mode: "records", outputs: ["1", "2", "3"] },
  { program: "select(.a>1)", input: records, mode: "records", outputs: ['{"a":2,"b":[]}', '{"a":3,"b":[3]}'] },
  { program: "[inputs.a]", input: records, mode: "records", nullInput: true, outputs: ["[1,2,3]"] },
  { program: "reduce inputs as $r (0;.+$r.a)", input: records, mode: "records", nullInput: true, outputs: ["6"] },
  { program: "[.,inputs]|length", input: records, mode: "records", outputs: ["3"] },
  { program: "length", input: records, mode: "slurp", outputs: ["3"] },
  { program: "map(.a)|add", input: records, mode: "slurp", outputs: ["6"] },
  { program: "input.a,input.a", input: records, mode: "records", nullInput: true, outputs: ["1", "2"] },
  { program: "input_line_number", input: records, mode: "records", outputs: ["1", "2", "3"] },
];

describe("programs give what native jq gives", () => {
  test.each(cases)("$program", async ({ program, input, mode = "whole", nullInput = false, args = {}, outputs }) => {
    const outcome = await runJq({
      program,
      args,
      input: new TextEncoder().encode(input),
      mode,
      nullInput,
      window: { offset: 0, limit: 1000, maxBytes: 1_000_000 },
    });
    expect(outcome.outputs).toEqual(outputs);
    expect(outcome.total).toBe(outputs.length);
  });
});
