// An error as a page: what is wrong, what to do next, and a way on. Runs at the edge.
import { describeError, type ErrorCode, isAppError } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import { httpStatus } from "../rest/problem.ts";
import { renderPage } from "./page.tsx";

const titles: Partial<Record<ErrorCode, string>> = {
  sign_in_failed: "You are not signed in",
  invitation_invalid: "This invitation cannot be used",
  rate_limited: "Too many tries",
  not_found: "Nothing is here",
  forbidden: "This is not allowed",
  insufficient_scope: "This is not allowed",
  team_deleted: "This team was deleted",
  internal: "Something failed",
};

export interface ProblemOptions {
  requestId: string;
  person?: { displayName: string } | undefined;
  headers?: HeadersInit;
  /** Where to go on; the home page when left out. */
  next?: { href: string; label: string };
}

/** The page of an error. Logs what is unexpected, shows nothing of it. */
export function renderProblem(error: unknown, options: ProblemOptions): Promise<Response> {
  if (!isAppError(error)) logFailure("unexpected_error", { request_id: options.requestId }, error);
  const { code, message, hint, details } = describeError(error);
  const headers = new Headers(options.headers);
  headers.set("x-request-id", options.requestId);
  if (typeof details?.retry_after === "number") headers.set("retry-after", String(details.retry_after));
  const { href, label } = options.next ?? { href: "/", label: "Go to the home page" };
  return renderPage({
    title: titles[code] ?? "This did not work",
    status: httpStatus(code),
    headers,
    person: options.person,
    narrow: true,
    children: (
      <>
        <h1>{titles[code] ?? "This did not work"}</h1>
        <div class="card">
          <p>{message}</p>
          {hint === undefined ? null : <p>{hint}</p>}
          <p>
            <a class="button" href={href}>
              {label}
            </a>
          </p>
          <p class="hint">Request {options.requestId}</p>
        </div>
      </>
    ),
  });
}

/** True for a request of a browser that shows pages. */
export function wantsPage(request: Request): boolean {
  return request.method === "GET" && (request.headers.get("accept") ?? "").includes("text/html");
}
