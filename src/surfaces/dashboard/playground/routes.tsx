// The playground's addresses. Opening one reads, whoever made the link; what writes is a form of ours. Runs at the edge.
import { Hono } from "hono";
import { AppError } from "../../../core/errors.ts";
import { guarded } from "../../../features/access/access.ts";
import { readForm } from "../../sign-in/form.ts";
import { type Action, formActions, textField, useTool } from "../actions.ts";
import type { Attempt, DashboardRoutes, PageContext } from "../routes.ts";
import { argumentsOf, toolOf } from "./asked.ts";
import { download, downloadFormats } from "./downloads.ts";
import { playgroundPage } from "./page.tsx";
import { runWrite } from "./running.ts";
import { addressOf, fitsAddress, type PlaygroundState, readState } from "./state.ts";
import { findSubject } from "./subject.ts";

const reads = guarded("data:read", "query data");

function stateOf(c: PageContext): PlaygroundState {
  return readState(new URL(c.req.url).searchParams);
}

/** The page of a form that failed, with what it asked. */
function pageAgain(c: PageContext, attempt?: Attempt): Promise<Response> {
  return playgroundPage(c, attempt === undefined ? { state: stateOf(c) } : { state: readState(attempt.form), attempt });
}

/** A query that reads, sent by a form since no address holds it. */
const run: Action = (_call, form, c) => playgroundPage(c, { state: readState(form) });

const write: Action = async (call, form, c) => {
  const state = readState(form);
  const subject = await findSubject(call, state.dataset);
  return playgroundPage(c, { state, outcome: await runWrite({ call, state, subject }, form) });
};

/** Runs the query once more, with all its rows into a frame. */
const keep: Action = async (call, form, c) => {
  const state = readState(form);
  const subject = await findSubject(call, state.dataset);
  const args = { ...argumentsOf({ state, subject }), to_frame: textField(form, "name") ?? true };
  const { data } = await useTool(call, toolOf(state), args, form);
  const ref = String(data.data_ref);
  const kept = { ...state, kept: textField(form, "name") ?? ref };
  const address = addressOf("/playground", kept);
  return fitsAddress(address) ? { to: address } : playgroundPage(c, { state: kept });
};

export const playgroundRoutes = new Hono<DashboardRoutes>()
  .get("/", reads, (c) => playgroundPage(c, { state: stateOf(c) }))
  .post("/", reads, formActions({ run, write, keep }, pageAgain))
  .get("/download", reads, (c) => sendFile(c, new URL(c.req.url).searchParams))
  .post("/download", reads, async (c) => sendFile(c, await readForm(c.req.raw)));

async function sendFile(c: PageContext, form: URLSearchParams): Promise<Response> {
  const call = c.get("call");
  const state = readState(form);
  const format = downloadFormats.find((one) => one === form.get("format"));
  if (format === undefined) {
    throw new AppError("invalid_argument", "A download is CSV or JSON.", { hint: "Add format=csv or format=json." });
  }
  return download({ call, state, subject: await findSubject(call, state.dataset) }, format);
}
