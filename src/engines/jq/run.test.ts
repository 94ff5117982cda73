// The engine's door: modes, variables, windows, limits, streams, admission, and that no state crosses runs.
import { describe, expect, test, vi } from "vitest";
import { jqLimits } from "../../limits.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { type JqRequest, runJq } from "./run.ts";

const encoder = new TextEncoder();

function request(program: string, input: string | undefined, more: Partial<JqRequest> = {}): JqRequest {
  return {
    program,
    input: input === undefined ? undefined : encoder.encode(input),
    mode: "whole",
    nullInput: input === undefined,
    window: { offset: 0, limit: 100, maxBytes: 100_000 },
    ...more,
  };
}

function chunked(text: string, chunkBytes: number, onCancel: () => void = () => undefined): ReadableStream<Uint8Array> {
  const bytes = encoder.encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + chunkBytes));
      at += chunkBytes;
    },
    cancel: onCancel,
  });
}

describe("modes", () => {
  const records = '{"a":1}\n{"a":2}\n{"a":3}';
  test("whole, slurp, records and null input", async () => {
    expect((await runJq(request(".a", '{"a":[1]}'))).outputs).toEqual(["[1]"]);
    expect((await runJq(request("map(.a)", records, { mode: "slurp" }))).outputs).toEqual(["[1,2,3]"]);
    expect((await runJq(request(".a", records, { mode: "records" }))).outputs).toEqual(["1", "2", "3"]);
    expect((await runJq(request("[inputs.a]", records, { mode: "records", nullInput: true }))).outputs).toEqual([
      "[1,2,3]",
    ]);
    expect((await runJq(request("1+1", undefined))).outputs).toEqual(["2"]);
  });

  test("the whole outcome", async () => {
    const outcome = await runJq(request('.a|debug("b"),.', records, { mode: "records" }));
    expect(outcome).toEqual({
      outputs: ["1", "1", "2", "2", "3", "3"],
      total: 6,
      outputBytes: 12,
      inputBytes: records.length,
      steps: expect.any(Number),
      memoryBytes: 4 * 1024 * 1024,
      engineMs: expect.any(Number),
      cutByBytes: false,
      messages: ['["DEBUG:","b"]', '["DEBUG:","b"]', '["DEBUG:","b"]'],
    });
    expect((await runJq(request('.a|debug("b"),.', records, { mode: "records" }))).steps).toBe(outcome.steps);
  });

  test("messages are cut at their limit", async () => {
    const { messages } = await runJq(request('"xxxxxxxxxx"|stderr|1', undefined, { limits: { messageBytes: 4 } }));
    expect(messages).toEqual(["xxxx"]);
  });
});

describe("variables", () => {
  test("are values, whatever is in them", async () => {
    const texts = ['"); error("x', "\\(1)", "é\u0000\n\"'`${x}", "--argjson", "😀", "x".repeat(200_000)];
    for (const text of texts) {
      const outcome = await runJq(
        request("$x, ($x|length)", undefined, {
          args: { x: JSON.stringify(text) },
          window: { offset: 0, limit: 2, maxBytes: 1e6 },
        }),
      );
      expect(outcome.outputs.map((output) => JSON.parse(output))).toEqual([text, [...text].length]);
    }
    expect(
      (await runJq(request("$n,$o.a,$ARGS.named", undefined, { args: { n: "1.50", o: '{"a":null}' } }))).outputs,
    ).toEqual(["1.50", "null", '{"n":1.50,"o":{"a":null}}']);
  });

  test("a bad name, bad JSON and too much are refused", async () => {
    await expect(runJq(request("1", undefined, { args: { "a b": "1" } }))).rejects.toMatchObject({
      code: "invalid_argument",
      message: "A variable's name has letters, digits and underscores only.",
    });
    await expect(runJq(request("1", undefined, { args: { a: "1 2" } }))).rejects.toMatchObject({
      code: "invalid_argument",
      message: "The value of variable a is not JSON.",
    });
    await expect(
      runJq(request("1", undefined, { args: { a: JSON.stringify("é".repeat(131_072)) } })),
    ).rejects.toMatchObject({
      code: "too_large",
      message: "The parameters are longer than 262144 bytes as JSON.",
      details: { limit: "paramsBytes", value: 262_144 },
    });
  });

  test("a program and variables of the greatest lengths fit together", async () => {
    const program = `"${"é".repeat(65_000)}"|length+($a|length)`;
    const outcome = await runJq(request(program, undefined, { args: { a: JSON.stringify("y".repeat(262_142)) } }));
    expect(outcome.outputs).toEqual(["327142"]);
  });
});

describe("the window", () => {
  const many = (window: JqRequest["window"], more: Partial<JqRequest> = {}) =>
    runJq(request("range(1000)", undefined, { window, ...more }));

  test("keeps from offset to limit and counts all", async () => {
    expect(await many({ offset: 10, limit: 3, maxBytes: 1000 })).toMatchObject({
      outputs: ["10", "11", "12"],
      total: 1000,
      outputBytes: 3890,
      cutByBytes: false,
    });
    expect(await many({ offset: 999, limit: 5, maxBytes: 1000 })).toMatchObject({ outputs: ["999"], total: 1000 });
    expect(await many({ offset: 1000, limit: 5, maxBytes: 1000 })).toMatchObject({ outputs: [], total: 1000 });
    expect(await many({ offset: 0, limit: 0, maxBytes: 0 })).toMatchObject({
      outputs: [],
      total: 1000,
      cutByBytes: false,
    });
  });

  test("stops at its bytes, but keeps its first output", async () => {
    expect(await many({ offset: 100, limit: 50, maxBytes: 8 })).toMatchObject({
      outputs: ["100", "101"],
      total: 1000,
      cutByBytes: true,
    });
    expect(await many({ offset: 100, limit: 50, maxBytes: 0 })).toMatchObject({
      outputs: ["100"],
      total: 1000,
      cutByBytes: true,
    });
    const long = await runJq(request('("x"*100000),1', undefined, { window: { offset: 0, limit: 9, maxBytes: 10 } }));
    expect(long.outputs.map((output) => output.length)).toEqual([100_002]);
    expect(long.cutByBytes).toBe(true);
  });

  test("an output over the value limit is refused when it comes first and cut when it does not", async () => {
    const limits = { outputValueBytes: 1000 };
    await expect(
      runJq(request('1,("x"*2000)', undefined, { limits, window: { offset: 1, limit: 1, maxBytes: 10 } })),
    ).rejects.toMatchObject({
      code: "result_too_large",
      message: "One output is longer than 1000 bytes.",
      details: { limit: "outputValueBytes", value: 1000 },
    });
    const outcome = await runJq(
      request('1,("x"*2000)', undefined, { limits, window: { offset: 0, limit: 5, maxBytes: 100 } }),
    );
    expect(outcome).toMatchObject({ outputs: ["1"], total: 2, cutByBytes: true });
  });

  test("a sink takes outputs as they come instead of the outcome", async () => {
    const seen: string[] = [];
    const outcome = await many({ offset: 0, limit: 2, maxBytes: 100 }, { sink: (output) => seen.push(output) });
    expect({ seen, outputs: outcome.outputs, total: outcome.total }).toEqual({
      seen: ["0", "1"],
      outputs: [],
      total: 1000,
    });
  });

  test("a window of other numbers is refused", async () => {
    await expect(many({ offset: -1, limit: 1, maxBytes: 1 })).rejects.toMatchObject({
      code: "invalid_argument",
      message: "The window of outputs needs an offset, a limit and a size from 0 on.",
    });
  });

  test("strings may hold the engine's mark of cut nesting", async () => {
    expect((await runJq(request('"<skipped: too deep>", "a\\"<b\\\\"', undefined))).outputs).toEqual([
      '"<skipped: too deep>"',
      '"a\\"<b\\\\"',
    ]);
  });
});

describe("limits", () => {
  test("each limit that a request narrows is kept", async () => {
    await expect(runJq(request("range(1000)", undefined, { limits: { outputBytes: 500 } }))).rejects.toMatchObject({
      code: "jq_output_bytes",
      message: "The program wrote more than 500 bytes.",
      details: { limit: "outputBytes", value: 500 },
    });
    await expect(runJq(request("1", undefined, { limits: { steps: 100 } }))).rejects.toMatchObject({
      code: "jq_steps",
    });
    await expect(runJq(request("length", "[1,2,3]", { limits: { wholeInputBytes: 5 } }))).rejects.toMatchObject({
      code: "dataset_too_large_for_whole",
      message: "The dataset is longer than the 5 bytes that can be read as one value.",
      details: { limit: "wholeInputBytes", value: 5 },
    });
    expect((await runJq(request(".", "[1,2,3]", { mode: "records", limits: { wholeInputBytes: 5 } }))).outputs).toEqual(
      ["[1,2,3]"],
    );
  });

  test("steps grow with the input read and a request cannot widen limits", async () => {
    const line = '{"a":1}\n';
    const used = await runJq(request("empty", line.repeat(20_000), { mode: "records", limits: { steps: 200_000 } }));
    expect(used.steps).toBeGreaterThan(200_000);
    await expect(
      runJq(request("x".repeat(70_000), undefined, { limits: { programChars: 1e9 } })),
    ).rejects.toMatchObject({
      code: "jq_program_length",
      details: { value: jqLimits.programChars },
    });
  });

  test("whole mode has more memory than records mode", async () => {
    const text = `[${'{"region":"north","amount":1.5},'.repeat(100_000)}1]`;
    const outcome = await runJq(request("length", text));
    expect(outcome.outputs).toEqual(["100001"]);
    expect(outcome.memoryBytes).toBeGreaterThan(32 * 1024 * 1024);
    await expect(
      runJq(request("[.,(.[]|tojson)]|length", text, { limits: { wholeMemoryBytes: 40 * 1024 * 1024 } })),
    ).rejects.toMatchObject({
      code: "jq_memory",
      hint: 'Read the dataset with input "records": the program runs once per record, or once for all with null_input and inputs.',
      details: { limit: "wholeMemoryBytes", value: 40 * 1024 * 1024 },
    });
    await expect(runJq(request("[limit(1e9; repeat(1))]", "[1]"))).rejects.toMatchObject({
      code: "jq_memory",
      hint: "The input is small; the program itself builds too much. Look for a list, string or recursion that keeps growing, and keep less of it at once.",
    });
  });
});

describe("errors of the program", () => {
  test("name the record they are about", async () => {
    await expect(runJq(request(".a", '{"a":1}\n{"a":2}\n3\n4', { mode: "records" }))).rejects.toMatchObject({
      code: "jq_runtime",
      message: "The program failed on record 3.",
      hint: "Here `.` is one record, not the list of them. Handle the program's own error with `?` or try/catch, or test the value's type first.",
      details: { message: 'Cannot index number with string "a"', record: 3 },
    });
    await expect(
      runJq(request("reduce inputs as $r (0; .+$r.a)", '{"a":1}\n2', { mode: "records", nullInput: true })),
    ).rejects.toMatchObject({
      code: "jq_runtime",
      message: "The program failed after reading record 2.",
      hint: "Handle the program's own error with `?` or try/catch, or test the value's type first.",
      details: { message: 'Cannot index number with string "a"', record: 2 },
    });
    await expect(runJq(request(".a", "[1]"))).rejects.toMatchObject({
      code: "jq_runtime",
      message: "The program failed.",
      details: { message: 'Cannot index array with string "a"' },
    });
  });

  test("end the run at once: later records are not computed", async () => {
    const input = `1\n${'"x"\n'.repeat(100_000)}`;
    let pulled = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(encoder.encode(input.slice(pulled * 1000, (pulled + 1) * 1000)));
        pulled += 1;
      },
    });
    await expect(
      runJq({ ...request(".a", undefined), input: stream, mode: "records", nullInput: false }),
    ).rejects.toMatchObject({
      message: "The program failed on record 1.",
    });
    expect(pulled).toBeLessThan(10);
  });

  test("a compile error has jq's text and line", async () => {
    await expect(runJq(request("def f: 1;\nf | g", undefined))).rejects.toMatchObject({
      code: "jq_syntax",
      message: "The program does not compile (line 2).",
      details: { message: "g/0 is not defined at <top-level>, line 2:\nf | g", line: 2 },
    });
  });
});

describe("streams", () => {
  test.each([1, 7, 1024, 100_000])("chunks of %d bytes give what bytes give", async (chunkBytes) => {
    const text = Array.from({ length: 500 }, (_, index) => `{"i":${index},"s":"é😀${"y".repeat(index % 90)}"}`).join(
      "\n",
    );
    const program = "select(.i%50==0)|[.i,(.s|length),.s]";
    const whole = await runJq(request(program, text, { mode: "records" }));
    const streamed = await runJq({
      ...request(program, undefined),
      nullInput: false,
      mode: "records",
      input: chunked(text, chunkBytes),
    });
    expect(streamed.outputs).toEqual(whole.outputs);
    expect({ total: streamed.total, bytes: streamed.inputBytes }).toEqual({
      total: 10,
      bytes: encoder.encode(text).length,
    });
  });

  test("a source that fails is the run's error; one that is not read to its end is cancelled", async () => {
    const failing = new ReadableStream<Uint8Array>({
      pull() {
        throw new Error("the source broke");
      },
    });
    await expect(runJq({ ...request(".", undefined), nullInput: false, input: failing })).rejects.toThrow(
      "the source broke",
    );
    let cancelled = false;
    const input = chunked("1\n".repeat(50_000), 1000, () => {
      cancelled = true;
    });
    await runJq({ ...request("halt", undefined), nullInput: false, mode: "records", input });
    expect(cancelled).toBe(true);
  });

  test("a platform that cannot suspend wasm refuses streams and still takes bytes", async () => {
    const names = Object.getOwnPropertyNames(WebAssembly).filter(
      (name) => name !== "Suspending" && name !== "promising",
    );
    vi.stubGlobal("WebAssembly", Object.fromEntries(names.map((name) => [name, Reflect.get(WebAssembly, name)])));
    try {
      await expect(
        runJq({ ...request(".", undefined), nullInput: false, input: chunked("1", 1) }),
      ).rejects.toMatchObject({
        code: "unsupported",
        message: "This platform cannot stream input into jq.",
        hint: "Query a smaller dataset, which is read before the program runs.",
      });
      expect((await runJq(request(".", "1"))).outputs).toEqual(["1"]);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test("an abort ends the wait for input and gives the memory back", async () => {
    const budget = new MemoryBudget({
      totalBytes: jqLimits.isolateMemoryBytes,
      maxWaiting: 1,
      timeoutMs: 1000,
      leaseMs: 1000,
    });
    const controller = new AbortController();
    const endless = new ReadableStream<Uint8Array>({ start: (stream) => stream.enqueue(encoder.encode("1\n")) });
    const run = runJq(
      { ...request(".", undefined), nullInput: false, mode: "records", input: endless, signal: controller.signal },
      { budget },
    );
    setTimeout(() => controller.abort(new Error("the client left")), 5);
    await expect(run).rejects.toThrow("the client left");
    expect(budget.reservedBytes).toBe(0);
  });
});

describe("runs beside each other", () => {
  test("fifty streamed runs share the budget and none fails", async () => {
    const texts = Array.from({ length: 50 }, (_, index) => `{"n":${index}}\n`.repeat(200));
    const outcomes = await Promise.all(
      texts.map((text) =>
        runJq({ ...request("reduce inputs as $r (0;.+$r.n)", undefined), mode: "records", input: chunked(text, 100) }),
      ),
    );
    expect(outcomes.map((outcome) => outcome.outputs)).toEqual(texts.map((_, index) => [String(index * 200)]));
  });

  test("nothing of a run is left for the next", async () => {
    const secret = "s3cret-of-team-one";
    const first = await runJq(
      request("[range(2000)|$s+tostring]|length,(env|length)", undefined, { args: { s: JSON.stringify(secret) } }),
    );
    expect(first.outputs).toEqual(["2000", "0"]);
    await expect(runJq(request("$s|error", undefined, { args: { s: JSON.stringify(secret) } }))).rejects.toMatchObject({
      code: "jq_runtime",
    });
    const second = await runJq(
      request("[$ENV,env,$ARGS,input_filename,(try input catch .),get_search_list]", undefined),
    );
    expect(second.outputs).toEqual([
      '[{},{},{"positional":[],"named":{}},null,"break",["~/.jq","$ORIGIN/../lib/jq","$ORIGIN/../lib"]]',
    ]);
    await expect(runJq(request("$s", undefined))).rejects.toMatchObject({ code: "jq_syntax" });
  });
});
