// Proposals and votes over REST. Runs at the edge.
import { AppError } from "../../core/errors.ts";
import { restList, section, toolRoutes } from "../../route.ts";
import { proposalLimits } from "../../workflow-limits.ts";
import { approvalTools } from "./tools.ts";

/** A body that carries a whole entry of the library, where most carry a few names. */
const wholeEntry = { bodySize: { maxBytes: proposalLimits.requestBytes, tooLarge } };

const shows = { shows: "get_proposal" } as const;

export const proposalRoutes = section("Proposals", [
  ...toolRoutes(approvalTools, {
    list_proposals: { method: "GET", path: "/proposals", ...restList },
    propose_tool: {
      method: "POST",
      path: "/proposals/tools",
      status: 201,
      ...wholeEntry,
      example: {
        request: {
          name: "orders_total",
          query: "map(.total) | add",
          datasets: ["orders"],
          justification: "Asked for weekly.",
        },
      },
    },
    propose_function: {
      method: "POST",
      path: "/proposals/functions",
      status: 201,
      ...wholeEntry,
      example: {
        request: { name: "half", definition: "def half: . / 2;", justification: "Three tools divide by two." },
      },
    },
    get_proposal: { method: "GET", path: "/proposals/:id" },
    edit_proposal: { method: "PATCH", path: "/proposals/:id", ...wholeEntry },
    vote_on_proposal: {
      method: "POST",
      path: "/proposals/:id/votes",
      ...shows,
      example: { request: { vote: "approve", comment: "Right for EU." } },
    },
    comment_on_proposal: { method: "POST", path: "/proposals/:id/comments", status: 201, ...shows },
    withdraw_proposal: { method: "POST", path: "/proposals/:id/withdraw", ...shows },
  }),
]);

function tooLarge(): AppError {
  const { requestBytes } = proposalLimits;
  return new AppError("too_large", `A proposal may have ${requestBytes} bytes (limit requestBytes); this has more.`, {
    hint: "Keep test inputs small; data belongs in datasets.",
    details: { limit: "requestBytes", value: requestBytes },
  });
}
