// What the engine's jq brings along: its functions by name and arity, its formats, and what is closed here. Runs anywhere.

/** How a builtin affects an answer. "pure" ones depend on their input and arguments alone. */
export type BuiltinKind = "pure" | "clock" | "input" | "position" | "message" | "halt" | "forbidden";

export interface Builtin {
  readonly name: string;
  readonly arity: number;
  readonly kind: BuiltinKind;
}

/** A thing that programs may not use: why, and what to do instead. */
export interface Refusal {
  readonly reason: string;
  readonly remedy: string;
}

// The engine's own answer to `builtins`; `_nwise/1` is undocumented and widely used.
const builtinList = `
  IN/1 IN/2 INDEX/1 INDEX/2 JOIN/2 JOIN/3 JOIN/4 abs/0 acos/0 acosh/0 add/0 all/0 all/1 all/2 any/0 any/1
  any/2 arrays/0 ascii_downcase/0 ascii_upcase/0 asin/0 asinh/0 atan/0 atan2/2 atanh/0 booleans/0 bsearch/1
  builtins/0 capture/1 capture/2 cbrt/0 ceil/0 combinations/0 combinations/1 contains/1 copysign/2 cos/0
  cosh/0 debug/0 debug/1 del/1 delpaths/1 drem/2 empty/0 endswith/1 env/0 erf/0 erfc/0 error/0 error/1 exp/0
  exp10/0 exp2/0 explode/0 expm1/0 fabs/0 fdim/2 finites/0 first/0 first/1 flatten/0 flatten/1 floor/0 fma/3
  fmax/2 fmin/2 fmod/2 format/1 frexp/0 from_entries/0 fromdate/0 fromdateiso8601/0 fromjson/0 fromstream/1
  gamma/0 get_jq_origin/0 get_prog_origin/0 get_search_list/0 getpath/1 gmtime/0 group_by/1 gsub/2 gsub/3
  halt/0 halt_error/0 halt_error/1 has/1 hypot/2 implode/0 in/1 index/1 indices/1 infinite/0 input/0
  input_filename/0 input_line_number/0 inputs/0 inside/1 isempty/1 isfinite/0 isinfinite/0 isnan/0 isnormal/0
  iterables/0 j0/0 j1/0 jn/2 join/1 keys/0 keys_unsorted/0 last/0 last/1 ldexp/2 length/0 lgamma/0 lgamma_r/0
  limit/2 localtime/0 log/0 log10/0 log1p/0 log2/0 logb/0 ltrimstr/1 map/1 map_values/1 match/1 match/2 max/0
  max_by/1 min/0 min_by/1 mktime/0 modf/0 modulemeta/0 nan/0 nearbyint/0 nextafter/2 nexttoward/2 normals/0
  not/0 now/0 nth/1 nth/2 nulls/0 numbers/0 objects/0 path/1 paths/0 paths/1 pick/1 pow/2 pow10/0 range/1
  range/2 range/3 recurse/0 recurse/1 recurse/2 remainder/2 repeat/1 reverse/0 rindex/1 rint/0 round/0
  rtrimstr/1 scalars/0 scalb/2 scalbln/2 scan/1 scan/2 select/1 setpath/2 significand/0 sin/0 sinh/0 sort/0
  sort_by/1 split/1 split/2 splits/1 splits/2 sqrt/0 startswith/1 stderr/0 strflocaltime/1 strftime/1
  strings/0 strptime/1 sub/2 sub/3 tan/0 tanh/0 test/1 test/2 tgamma/0 to_entries/0 todate/0 todateiso8601/0
  tojson/0 tonumber/0 tostream/0 tostring/0 transpose/0 trunc/0 truncate_stream/1 type/0 unique/0 unique_by/1
  until/2 utf8bytelength/0 values/0 walk/1 while/2 with_entries/1 y0/0 y1/0 yn/2
  _nwise/1`;

const impureKinds: ReadonlyMap<string, BuiltinKind> = new Map([
  ["now/0", "clock"],
  ["input/0", "input"],
  ["inputs/0", "input"],
  ["input_line_number/0", "position"],
  ["debug/0", "message"],
  ["debug/1", "message"],
  ["stderr/0", "message"],
  ["halt/0", "halt"],
  ["halt_error/0", "halt"],
  ["halt_error/1", "halt"],
]);

const noEnvironment: Refusal = {
  reason: "programs cannot read the server's environment",
  remedy: "Pass the value as a parameter and read it as $name.",
};
const noModules: Refusal = {
  reason: "programs cannot load modules from files",
  remedy: "Save shared code as a function of the team's library and call it by name.",
};
const noFiles: Refusal = {
  reason: "programs cannot see the server's files or their names",
  remedy: "Pass what you need as a parameter and read it as $name.",
};

/** What is refused, by the name that a program writes. */
export const refusals: ReadonlyMap<string, Refusal> = new Map([
  ["$ENV", noEnvironment],
  ["env", noEnvironment],
  ["input_filename", noFiles],
  ["get_search_list", noFiles],
  ["get_jq_origin", noFiles],
  ["get_prog_origin", noFiles],
  ["modulemeta", noModules],
  ["import", noModules],
  ["include", noModules],
  ["module", noModules],
]);

/** Every builtin function, by `name/arity`. */
export const builtins: ReadonlyMap<string, Builtin> = new Map(
  builtinList
    .trim()
    .split(/\s+/)
    .map((key) => {
      const slash = key.lastIndexOf("/");
      const name = key.slice(0, slash);
      const kind = impureKinds.get(key) ?? (refusals.has(name) ? "forbidden" : "pure");
      return [key, { name, arity: Number(key.slice(slash + 1)), kind }];
    }),
);

/** The variables that jq binds itself. `$ENV` is refused; `$__loc__` is syntax. */
export const builtinVariables: readonly string[] = ["ENV", "ARGS"];

/** The formats that may follow "@". */
export const formats: ReadonlySet<string> = new Set("text json html uri csv tsv sh base64 base64d".split(" "));

/** The arities that a builtin name exists with, smallest first; empty for a name that is no builtin. */
export function builtinArities(name: string): number[] {
  const arities: number[] = [];
  for (const builtin of builtins.values()) if (builtin.name === name) arities.push(builtin.arity);
  return arities.sort((left, right) => left - right);
}

/** The names of the builtin functions, each once. */
export function builtinNames(): string[] {
  return [...new Set([...builtins.values()].map((builtin) => builtin.name))];
}
