// What a page's forms do: each runs a tool, as an assistant would, so that rights, limits and logs are the same. Runs at the edge.
import type { Handler } from "hono";
import type { CallContext } from "../../context.ts";
import { idempotencyKey, type ToolAnswer } from "../../core/define-tool.ts";
import { AppError, describeError, isAppError } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import { argumentsHint } from "../../core/parse.ts";
import { utf8Bytes } from "../../core/utf8.ts";
import { builtInTools } from "../catalogue.ts";
import { runTool, toolNamed } from "../mcp/call.ts";
import { unknownTool } from "../mcp/find-tools.ts";
import { httpStatus } from "../rest/problem.ts";
import { runLogged } from "../run-logged.ts";
import { readForm, seeOther } from "../sign-in/form.ts";
import type { Attempt, DashboardRoutes, PageContext, PageRenderer } from "./routes.ts";

/** Names of fields that every form may carry, besides its own. */
export const actionField = "action";
export const keyField = "key";

/** Where to go once it is done: a path below the team's, or the page itself. `done` is a key of the page's notices. */
export interface Done {
  to?: string;
  done?: string;
}

/** Does a form's work; a Response is the answer as it is, e.g. a page that shows a secret once. */
export type Action = (call: CallContext, form: URLSearchParams, c: PageContext) => Promise<Done | Response>;

/**
 * The POST handler of a page: the field `action` says which of its actions runs. Afterwards the browser is sent to a page that can be
 * reloaded; a failure renders the page again with what was entered. Throws `forbidden` for a form from elsewhere.
 */
export function formActions(actions: Readonly<Record<string, Action>>, render: PageRenderer): Handler<DashboardRoutes> {
  return async (c) => {
    const form = await readForm(c.req.raw, "formBytes");
    const name = form.get(actionField) ?? "";
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
    try {
      if (action === undefined) throw unknownAction();
      const result = await action(c.get("call"), form, c);
      return result instanceof Response ? result : seeOther(locationAfter(c, result));
    } catch (error) {
      return render(c, attemptOf(c, name, form, error));
    }
  };
}

function attemptOf(c: PageContext, action: string, form: URLSearchParams, error: unknown): Attempt {
  if (!isAppError(error)) logFailure("unexpected_error", { request_id: c.get("requestId") }, error);
  const described = describeError(error);
  return { action, form, error: described, status: httpStatus(described.code) };
}

function locationAfter(c: PageContext, { to, done }: Done): string {
  const here = new URL(c.req.url);
  const target = to === undefined ? new URL(here.pathname, here) : new URL(pathOf(c, to), here);
  if (done !== undefined) target.searchParams.set("done", done);
  return target.pathname + target.search + target.hash;
}

/** The address of a page of this team: `path` begins with a slash, or is empty for the home page. */
export function pathOf(c: Pick<PageContext, "get">, path: string): string {
  return `/t/${c.get("call").team}${path}`;
}

/**
 * Runs a tool for whoever looks at the page: built in or the team's own. A form's random key makes a second click the same call.
 * Throws what the tool throws. An answer with `isError` is of a tool that ran and came to a failure, e.g. tests that did not pass.
 */
export async function useTool(
  call: CallContext,
  name: string,
  args: Readonly<Record<string, unknown>>,
  form?: URLSearchParams,
): Promise<ToolAnswer<Record<string, unknown>>> {
  const entry = toolNamed(call, builtInTools, name);
  if (entry === undefined) throw unknownTool(call, builtInTools, name);
  const key = form?.get(keyField);
  const isKeyed = entry.kind === "built_in" && entry.tool.takesKey && key !== null && key !== undefined && key !== "";
  const full = isKeyed ? { ...args, [idempotencyKey]: key } : args;
  const work = { tool: name, args: full, run: (each: CallContext) => runTool(each, entry, full) };
  const outcome = await runLogged({ ...call, execution: {} }, work, (shown) => ({
    shown,
    bytes: "error" in shown ? 0 : utf8Bytes(JSON.stringify(shown.answer.data)),
  }));
  if ("error" in outcome) throw forPeople(name, outcome.error);
  return outcome.answer;
}

/** A refused argument in a page's words: the tool's name in front of it, and the advice to call again, are for programs. */
export function forPeople(tool: string, error: unknown): unknown {
  if (!isAppError(error) || error.code !== "invalid_argument" || !error.message.startsWith(`${tool}: `)) return error;
  const rest = error.message.slice(tool.length + 2);
  const message = /[.!?]$/.test(rest) ? rest : `${rest}.`;
  const hint = error.hint === argumentsHint ? undefined : error.hint;
  return new AppError("invalid_argument", message, {
    ...(hint === undefined ? {} : { hint }),
    ...(error.details === undefined ? {} : { details: error.details }),
  });
}

/** The text of a field without the space around it; undefined when it is empty or missing. */
export function textField(form: URLSearchParams, name: string): string | undefined {
  const text = form.get(name)?.trim();
  return text === undefined || text === "" ? undefined : text;
}

/** A field as a number, if it is one; else its text, which the tool's schema then refuses in its own words. */
export function numberField(form: URLSearchParams, name: string): number | string | undefined {
  const text = textField(form, name);
  return text === undefined || Number.isNaN(Number(text)) ? text : Number(text);
}

/** An object without its undefined entries: what a form left empty is not an argument. */
export function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function unknownAction(): AppError {
  return new AppError("invalid_argument", "This page has no such action.", {
    hint: "Reload the page and use its buttons.",
  });
}
