// What is answered below /api/v1 where no route is: 404, or 405 with the methods that there are. Runs at the edge.
import type { Context } from "hono";
import type { TeamRoutes } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { problemResponse } from "./problem.ts";

interface Listed {
  method: string;
  path: string;
}

/** A handler for whatever none of `routes` took; their paths are those below /api/v1. */
export function answerUnknown(routes: readonly Listed[]): (c: Context<TeamRoutes>) => Response {
  return (c) => {
    const { requestId, team } = c.get("call");
    const methods = methodsAt(routes, c.req.path.slice(`/t/${team}/api/v1`.length));
    if (methods.length === 0) return problemResponse(noSuchAddress(), requestId);
    const answer = problemResponse(wrongMethod(c.req.method, methods), requestId, undefined, 405);
    answer.headers.set("allow", methods.join(", "));
    return answer;
  };
}

function methodsAt(routes: readonly Listed[], path: string): string[] {
  const found = routes.filter((route) => route.method !== "ALL" && fits(route.path, path)).map(({ method }) => method);
  return [...new Set(found.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])))].sort();
}

function fits(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return false;
  return wanted.every((part, at) => (part.startsWith(":") ? given[at] !== "" : part === given[at]));
}

function noSuchAddress(): AppError {
  return new AppError("not_found", "There is nothing at this address of the API.", {
    hint: "GET …/api/v1/openapi.json lists every address; /t/<team>/api shows it to read.",
  });
}

function wrongMethod(method: string, methods: readonly string[]): AppError {
  return new AppError("unsupported", `This address does not take ${method.slice(0, 20)}.`, {
    hint: `Use ${methods.join(", ")}.`,
    details: { allow: methods },
  });
}
