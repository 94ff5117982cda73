// Error codes as HTTP statuses. Runs in workerd.
import { expect, it } from "vitest";
import { AppError } from "../../core/errors.ts";
import { problemResponse } from "./problem.ts";

it("answers a precondition that does not hold with 412", async () => {
  const response = problemResponse(new AppError("precondition_failed", "It exists.", { hint: "Read it." }), "r1");
  expect([response.status, response.headers.get("content-type")]).toEqual([412, "application/problem+json"]);
  expect(await response.json()).toEqual({
    type: "urn:super-data:error:precondition_failed",
    title: "precondition failed",
    status: 412,
    code: "precondition_failed",
    detail: "It exists.",
    hint: "Read it.",
    request_id: "r1",
  });
});
