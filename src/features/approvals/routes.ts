// Proposals and votes over REST. Mounted at /t/:team/api/v1/proposals. Runs at the edge.
import { Hono } from "hono";
import * as z from "zod";
import type { TeamRoutes } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { parseWith } from "../../core/parse.ts";
import { listLimits } from "../../limits.ts";
import { bodyText, jsonBody } from "../../platform/request-body.ts";
import { proposalLimits } from "../../workflow-limits.ts";
import { guarded } from "../access/access.ts";
import { editProposal, listProposals, propose, readProposal, voteOn, withdrawProposal } from "./calls.ts";
import {
  editBodySchema,
  listProposalsSchema,
  proposalIdSchema,
  proposeSchema,
  voteBodySchema,
  withdrawBodySchema,
} from "./calls-schema.ts";

const listQuerySchema = listProposalsSchema
  .extend({
    limit: z.coerce.number().int().min(1).max(listLimits.maxEntries).optional(),
    mine_to_vote: z
      .enum(["true", "false"])
      .transform((text) => text === "true")
      .optional(),
  })
  .strict();

export const proposalRoutes = new Hono<TeamRoutes>()
  .get("/", guarded("data:read", "read proposals"), async (c) => {
    const query = parseWith(listQuerySchema, c.req.query(), "query");
    const { items, ...page } = await listProposals(c.get("call"), query, listLimits.restEntries);
    return c.json({ proposals: items, ...page });
  })
  .post("/", guarded("library:propose"), async (c) => {
    const { kind, ...input } = parseWith(proposeSchema, await largeBody(c.req.raw), "proposal");
    return c.json(await propose(c.get("call"), kind, input), 201);
  })
  .get("/:id", guarded("data:read", "read proposals"), async (c) => {
    const { id } = parseWith(proposalIdSchema, c.req.param(), "proposal");
    return c.json(await readProposal(c.get("call"), id));
  })
  .patch("/:id", guarded("library:propose"), async (c) => {
    const { id } = parseWith(proposalIdSchema, c.req.param(), "proposal");
    const input = parseWith(editBodySchema, await largeBody(c.req.raw), "proposal");
    return c.json(await editProposal(c.get("call"), id, input));
  })
  .post("/:id/votes", guarded("library:propose"), async (c) => {
    const { id } = parseWith(proposalIdSchema, c.req.param(), "proposal");
    const input = parseWith(voteBodySchema, await jsonBody(c.req.raw), "vote");
    return c.json(await voteOn(c.get("call"), id, input));
  })
  .post("/:id/withdraw", guarded("library:propose"), async (c) => {
    const { id } = parseWith(proposalIdSchema, c.req.param(), "proposal");
    const { reason } = parseWith(withdrawBodySchema, await jsonBody(c.req.raw), "withdrawal");
    return c.json(await withdrawProposal(c.get("call"), id, reason));
  });

/** A body that carries a whole entry of the library, where most carry a few names. */
async function largeBody(request: Request): Promise<unknown> {
  const text = await bodyText(request, proposalLimits.requestBytes, tooLarge);
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError("invalid_argument", "The request body is not JSON.", { hint: "Send a JSON object." });
  }
}

function tooLarge(): AppError {
  const { requestBytes } = proposalLimits;
  return new AppError("too_large", `A proposal may have ${requestBytes} bytes (limit requestBytes); this has more.`, {
    hint: "Keep test inputs small; data belongs in datasets.",
    details: { limit: "requestBytes", value: requestBytes },
  });
}
