// The operator's pages, at the addresses of the operator's API: a browser gets pages, a bearer of the token JSON. Runs at the edge.
import { Hono, type MiddlewareHandler } from "hono";
import { AppError } from "../../../core/errors.ts";
import { renderProblem } from "../../pages/problem-page.tsx";
import { requestIdOf } from "../../session.ts";
import { readForm, seeOther } from "../../sign-in/form.ts";
import { clearedOperatorCookie, isOperator, signOutOperator } from "./cookie.ts";
import { deadLetterActions, deadLettersPage } from "./dead-letters.tsx";
import { type OperatorRoutes, operatorActions } from "./frame.tsx";
import { overviewPage } from "./overview.tsx";
import { operatorSignInPage, ownPath, signInOperator } from "./sign-in.tsx";
import { teamActions, teamPage } from "./team.tsx";
import { teamsActions, teamsPage } from "./teams.tsx";

const pages = new Hono<OperatorRoutes>()
  .basePath("/operator")
  .use("*", async (c, next) => {
    // A form of another site's page gets no further than this.
    if (c.req.method === "POST") c.set("form", await readForm(c.req.raw));
    await next();
  })
  .post("/sign-in", (c) => signInOperator(c))
  .post("/sign-out", async (c) => {
    await signOutOperator(c.req.raw, c.env, Date.now());
    return seeOther("/operator", clearedOperatorCookie());
  })
  .use("*", async (c, next) => {
    if (await isOperator(c.req.raw, c.env, Date.now())) return next();
    return operatorSignInPage(ownPath(c.req.path));
  })
  .get("/", (c) => overviewPage(c))
  .get("/teams", (c) => teamsPage(c))
  .post("/teams", (c) => operatorActions(teamsActions, teamsPage)(c))
  .get("/teams/:team", (c) => teamPage(c))
  .post("/teams/:team", (c) => operatorActions(teamActions, teamPage)(c))
  .get("/dead-letters", (c) => deadLettersPage(c))
  .post("/dead-letters", (c) => operatorActions(deadLetterActions, deadLettersPage)(c))
  .notFound((c) => problem(c.req.raw, nothingHere()))
  .onError((error, c) => problem(c.req.raw, error));

/** Answers what a browser asks for; everything else goes on to the API. Mounted at /operator. */
export const operatorPages: MiddlewareHandler<{ Bindings: Env }> = async (c, next) => {
  if (!isForOperatorPage(c.req.raw)) return next();
  return pages.fetch(c.req.raw, c.env, c.executionCtx);
};

/** True for a browser's request: without a bearer token, and for a page or from a form. */
export function isForOperatorPage({ method, headers }: Request): boolean {
  if (headers.has("authorization")) return false;
  if (method === "GET") return (headers.get("accept") ?? "").includes("text/html");
  return method === "POST" && (headers.get("content-type") ?? "").startsWith("application/x-www-form-urlencoded");
}

function problem(request: Request, error: unknown): Promise<Response> {
  const next = { href: "/operator", label: "Go to the operator's overview" };
  return renderProblem(error, { requestId: requestIdOf(request), next });
}

function nothingHere(): AppError {
  return new AppError("not_found", "There is no page of the operator at this address.", {
    hint: "The overview leads to all of them.",
  });
}
