// Builds src/engines/jq/build/jq.wasm: takes jq's wasm out of the jq-wasm package and meters it. Runs under Node, from npm scripts.
// `--check` only compares (exit 1 on drift), `--lock` rewrites jq.lock.json; without flags it builds when the built file is not the locked one.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const requireFromHere = createRequire(import.meta.url);
const root = new URL("../", import.meta.url);
const builtPath = fileURLToPath(new URL("src/engines/jq/build/jq.wasm", root));
const lockPath = fileURLToPath(new URL("src/engines/jq/jq.lock.json", root));

/** Bump when the code below changes what it writes; the lock records it. */
const recipe = 2;
const expected = { loops: 1034, imports: 30 };
/** Bytes added to the C stack of 1 MiB: arguments live on it, and JavaScript's own stack must be the first to end. */
const extraStackBytes = 1024 * 1024;
/** Pages of 64 KiB at start and at most: published as 256 and 4096. A small query needs 3 MiB, an isolate has 128 MiB. */
const memoryPages = { start: 64, most: 2048 };

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const packageVersion = (name) =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, root), "utf8")).version;

function must(condition, message) {
  if (!condition) throw new Error(`build-jq: ${message}`);
}

/** Replaces exactly `count` matches, so that a change in the input is noticed and never half applied. */
function replaceExactly(text, pattern, replacement, count, what) {
  let found = 0;
  const result = text.replace(pattern, (...match) => {
    found += 1;
    return typeof replacement === "string" ? replacement : replacement(...match);
  });
  must(found === count, `expected ${count} of ${what}, found ${found}`);
  return result;
}

/** The wasm bytes as jq-wasm publishes them: base64 inside its one script. */
export function extractWasm() {
  const script = readFileSync(requireFromHere.resolve("jq-wasm/dist/build/jq.js"), "utf8");
  const match = /data:application\/octet-stream;base64,([A-Za-z0-9+/=]+)/.exec(script);
  must(match, "jq-wasm holds no embedded wasm");
  return Buffer.from(match[1], "base64");
}

/** One step is spent at every loop head and every function entry; when none is left the host is called, which throws. */
const spendStep =
  "(global.set $fuel (i64.sub (global.get $fuel) (i64.const 1))) " +
  "(if (i64.lt_s (global.get $fuel) (i64.const 0)) (then (call $out_of_steps)))\n";

function addStepMeter(wat) {
  let text = replaceExactly(
    wat,
    /\(loop( \$[^\s()]+)?( \((?:result|type)[^)]*\))*\n/g,
    (head) => `${head}${spendStep}`,
    expected.loops,
    "loop heads",
  );
  must((text.match(/\(loop\b/g) ?? []).length === expected.loops, "a loop was not metered");
  text = replaceExactly(
    text,
    "\n (memory ",
    `\n (global $fuel (mut i64) (i64.const 0))\n (export "fuel" (global $fuel))\n (memory `,
    1,
    "memory",
  );
  return text;
}

/** Every write of the C stack pointer is checked: an overflow must end the run, not overwrite jq's own tables. */
function addStackCheck(wat) {
  const init = /\(global \$global\$0 \(mut i32\) \(i32\.const (\d+)\)\)/.exec(wat);
  must(init, "the stack pointer is not the first global");
  const stackTop = Number(init[1]);
  const staticEnd = stackTop - 1024 * 1024;
  const newTop = stackTop + extraStackBytes;
  let text = wat.replace(init[0], `(global $global$0 (mut i32) (i32.const ${newTop}))`);
  text = moveHeapStart(text, stackTop, newTop);
  const writes = (text.match(/\(global\.set \$global\$0\b/g) ?? []).length;
  must(writes > 100, "too few writes of the stack pointer");
  text = text.replace(/\(global\.set \$global\$0\b/g, "(call $set_stack");
  const setStack =
    ` (func $set_stack (param $to i32)\n  (if (i32.lt_u (local.get $to) (i32.const ${staticEnd + 4096})) (then (call $stack_overflow)))\n` +
    `  (global.set $global$0 (local.get $to))\n )\n`;
  return appendFunction(text, setStack);
}

/** The heap begins where the stack ended; sbrk's static variable holds that address and is the one data word equal to it. */
function moveHeapStart(wat, from, to) {
  const word = (value) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const escaped = (bytes) => [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
  let found = 0;
  const text = wat.replace(/^( \(data \$\d+ \(i32\.const \d+\) )"(.*)"\)$/gm, (whole, head, literal) => {
    const bytes = Buffer.concat([dataBytes(literal), Buffer.alloc(3)]);
    const at = bytes.indexOf(word(from));
    if (at < 0) return whole;
    must(bytes.indexOf(word(from), at + 1) < 0, "sbrk's start appears twice");
    found += 1;
    word(to).copy(bytes, at);
    return `${head}"${escaped(bytes.subarray(0, Math.max(bytes.length - 3, at + 4)))}")`;
  });
  must(found === 1, `expected sbrk's start once in the data, found ${found}`);
  return text;
}

/** The bytes of a data string as the wat printer writes them. */
function dataBytes(literal) {
  const named = { t: 9, n: 10, r: 13, '"': 34, "'": 39, "\\": 92 };
  const bytes = [];
  for (let i = 0; i < literal.length; i += 1) {
    if (literal[i] !== "\\") {
      bytes.push(literal.charCodeAt(i));
    } else if (named[literal[i + 1]] !== undefined) {
      bytes.push(named[literal[i + 1]]);
      i += 1;
    } else {
      bytes.push(Number.parseInt(literal.slice(i + 1, i + 3), 16));
      i += 2;
    }
  }
  return Buffer.from(bytes);
}

/** fd_read asks the synchronous import first and waits (suspends) only when that has nothing: one suspension per chunk, not per KiB. */
function splitRead(wat) {
  const type = "(param i32 i32 i32 i32) (result i32)";
  const text = replaceExactly(
    wat,
    `(import "a" "g" (func $fimport$6 ${type}))`,
    `(import "a" "g" (func $read_now ${type}))\n (import "host" "read_wait" (func $read_wait ${type}))\n` +
      ` (import "host" "out_of_steps" (func $out_of_steps))\n (import "host" "stack_overflow" (func $stack_overflow))`,
    1,
    "fd_read imports",
  );
  const args = "(local.get $fd) (local.get $iovs) (local.get $count) (local.get $read)";
  return appendFunction(
    text,
    ` (func $fimport$6 (param $fd i32) (param $iovs i32) (param $count i32) (param $read i32) (result i32) (local $answer i32)\n` +
      `  (local.set $answer (call $read_now ${args}))\n` +
      `  (if (i32.eq (local.get $answer) (i32.const -1)) (then (local.set $answer (call $read_wait ${args}))))\n` +
      `  (local.get $answer)\n )\n`,
  );
}

/** jq leaves a broken-down time's zone name null, on which strftime's %Z fails: all times here are UTC, so it says that. */
function nameZone(wat) {
  const zoneName = 16; // below the first data segment, where nothing lives
  const load = "(i32.load offset=40 (local.get $3))";
  const text = replaceExactly(
    wat,
    /\(local\.set \$scratch\s+\(i32\.load offset=40\s+\(local\.get \$3\)\s+\)\s+\)(\s+\(call \$\d+\)\s+\(local\.get \$scratch\))/g,
    (_, rest) => `(local.set $scratch (select ${load} (i32.const ${zoneName}) ${load}))${rest}`,
    1,
    "strftime's zone name",
  );
  return replaceExactly(
    text,
    "\n (data $0 ",
    `\n (data $zone (i32.const ${zoneName}) "UTC\\00")\n (data $0 `,
    1,
    "first data segment",
  );
}

function sizeMemory(wat) {
  return replaceExactly(
    wat,
    "(memory $0 256 4096)",
    `(memory $0 ${memoryPages.start} ${memoryPages.most})`,
    1,
    "memory sizes",
  );
}

function appendFunction(wat, source) {
  const end = wat.lastIndexOf(")");
  return `${wat.slice(0, end)}${source})\n`;
}

/** The published wasm with steps metered, the C stack checked, reading split and the zone named. Deterministic for one version of binaryen. */
export async function meter(source) {
  const { default: binaryen } = await import("binaryen");
  const features =
    binaryen.Features.MVP |
    binaryen.Features.MutableGlobals |
    binaryen.Features.BulkMemory |
    binaryen.Features.SignExt |
    binaryen.Features.NontrappingFPToInt;
  const original = binaryen.readBinary(source);
  const wat = original.emitText();
  original.dispose();
  const metered = binaryen.parseText(splitRead(nameZone(addStackCheck(sizeMemory(addStepMeter(wat))))));
  metered.setFeatures(features);
  must(metered.validate(), "the metered module is not valid");
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(0);
  metered.runPasses(["inlining-optimizing", "vacuum"]);
  const binary = Buffer.from(metered.emitBinary());
  metered.dispose();
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(binary));
  must(imports.length === expected.imports + 3, `expected ${expected.imports + 3} imports, found ${imports.length}`);
  return binary;
}

async function main(flags) {
  const source = extractWasm();
  const state = {
    package: "jq-wasm",
    version: packageVersion("jq-wasm"),
    binaryen: packageVersion("binaryen"),
    recipe,
    sourceSha256: sha256(source),
  };
  const lock = existsSync(lockPath) ? JSON.parse(readFileSync(lockPath, "utf8")) : undefined;
  const built = existsSync(builtPath) ? sha256(readFileSync(builtPath)) : undefined;
  const differences = Object.keys(state).filter((key) => lock?.[key] !== state[key]);
  if (!flags.has("--lock")) {
    must(lock, "src/engines/jq/jq.lock.json is missing; run `node scripts/build-jq.mjs --lock` and commit it");
    must(
      differences.length === 0,
      `the lock does not fit what is installed (${differences.map((key) => `${key}: locked ${lock[key]}, found ${state[key]}`).join("; ")}); ` +
        "review the change, then run `node scripts/build-jq.mjs --lock`",
    );
    if (built === lock.wasmSha256) return console.log(`build-jq: jq.wasm is up to date (${built.slice(0, 12)})`);
    must(
      !flags.has("--check") || built === undefined,
      "src/engines/jq/build/jq.wasm is not the locked build; run `npm run build:jq`",
    );
  }
  const binary = await meter(source);
  const wasmSha256 = sha256(binary);
  if (flags.has("--lock")) writeFileSync(lockPath, `${JSON.stringify({ ...state, wasmSha256 }, null, 2)}\n`);
  else must(wasmSha256 === lock.wasmSha256, `the build gives ${wasmSha256}, the lock says ${lock.wasmSha256}`);
  if (flags.has("--check")) return console.log("build-jq: a build gives the locked file");
  mkdirSync(dirname(builtPath), { recursive: true });
  writeFileSync(`${builtPath}.part`, binary);
  renameSync(`${builtPath}.part`, builtPath);
  console.log(`build-jq: wrote jq.wasm (${binary.length} bytes, ${wasmSha256.slice(0, 12)})`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main(new Set(process.argv.slice(2))).catch((error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
