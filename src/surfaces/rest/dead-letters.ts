// Messages that a queue gave up on: what the operator does with them. Mounted at /operator/dead-letters. Runs at the edge.
import { Hono } from "hono";
import * as z from "zod";
import { AppError } from "../../core/errors.ts";
import { listQuerySchema, pageBefore, readBefore } from "../../core/paging.ts";
import { parseWith } from "../../core/parse.ts";
import { listLimits } from "../../limits.ts";
import { deploymentClient } from "../../platform/deployment-client.ts";
import { backgroundMessageSchema } from "../background/messages.ts";

const querySchema = listQuerySchema({ preset: listLimits.restEntries, max: listLimits.maxEntries })
  .extend({ all: z.enum(["true", "false"]).optional() })
  .strict();

export const deadLetterRoutes = new Hono<{ Bindings: Env }>()
  .get("/", async (c) => {
    const { limit, cursor, all } = parseWith(querySchema, c.req.query(), "query");
    const filter = { all: all === "true", before: readBefore(cursor), limit: limit + 1 };
    const { rows, total } = await deploymentClient(c.env).deadLetters(filter);
    const { items, ...page } = pageBefore(rows, { limit, total, key: (row) => row.seq });
    return c.json({ dead_letters: items.map(({ letter }) => letter), ...page });
  })
  .post("/:id/replay", async (c) => {
    const id = c.req.param("id");
    await replayDeadLetter(c.env, id);
    return c.json({ replayed: id }, 202);
  })
  .delete("/:id", async (c) => {
    await dropDeadLetter(c.env, c.req.param("id"));
    return c.body(null, 204);
  });

/** Sends a message again that a queue gave up on. Throws `not_found`, and `unsupported` for what this version cannot read. */
export async function replayDeadLetter(env: Pick<Env, "DEPLOYMENT" | "BACKGROUND">, id: string): Promise<void> {
  const letter = await deploymentClient(env).deadLetter(id);
  if (letter === undefined) throw noSuchLetter();
  const parsed = backgroundMessageSchema.safeParse(letter.message);
  if (!parsed.success) {
    throw new AppError("unsupported", "This message is of no kind that this version knows.", {
      hint: "Remove it with DELETE /operator/dead-letters/<id>.",
    });
  }
  // Sent before it is marked: a message that comes twice does nothing more, one that never comes would be lost.
  await env.BACKGROUND.send(parsed.data);
  await deploymentClient(env).markReplayed(id);
}

/** Forgets one. Throws `not_found`. */
export async function dropDeadLetter(env: Pick<Env, "DEPLOYMENT">, id: string): Promise<void> {
  if (!(await deploymentClient(env).deleteDeadLetter(id))) throw noSuchLetter();
}

function noSuchLetter(): AppError {
  return new AppError("not_found", "There is no dead letter of that id.", {
    hint: "GET /operator/dead-letters?all=true lists them.",
  });
}
