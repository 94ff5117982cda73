import { expect, it } from "vitest";
import { readInLarge } from "./read-in-large.ts";

async function piecesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of readInLarge(stream)) pieces.push(piece);
  return pieces;
}

/** A body of bytes that come a few at a time. */
function body(pieces: number, bytesEach: number, onCancel = (): void => undefined): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      if (sent++ < pieces) controller.enqueue(new Uint8Array(bytesEach).fill(sent % 256));
      else {
        controller.close();
        controller.byobRequest?.respond(0);
      }
    },
    cancel: onCancel,
  });
}

it("gives all bytes in order, many at a time", async () => {
  const pieces = await piecesOf(body(300, 4096));
  expect(pieces.length).toBe(5);
  const all = pieces.flatMap((piece) => [...piece]);
  expect([all.length, all[0], all[4096], all.at(-1)]).toEqual([300 * 4096, 1, 2, 300 % 256]);
});

it("gives nothing of an empty body", async () => {
  expect(await piecesOf(body(0, 1))).toEqual([]);
});

it("lets go of a body whose reader stops early", async () => {
  let isCancelled = false;
  for await (const piece of readInLarge(
    body(1_000, 4096, () => {
      isCancelled = true;
    }),
  )) {
    expect(piece.length).toBeGreaterThan(4096);
    break;
  }
  expect(isCancelled).toBe(true);
});
