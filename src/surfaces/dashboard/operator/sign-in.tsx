// Signing in as the operator: the deployment's token, once, for a browser. Runs at the edge.
import { describeError } from "../../../core/errors.ts";
import { requireOperatorToken } from "../../rest/operator.ts";
import { httpStatus } from "../../rest/problem.ts";
import { seeOther } from "../../sign-in/form.ts";
import { operatorCookie } from "./cookie.ts";
import { type OperatorContext, operatorDocument } from "./frame.tsx";

/** The form; 401 until it is filled in well. */
export function operatorSignInPage(returnTo: string, error?: unknown): Promise<Response> {
  const problem = error === undefined ? undefined : describeError(error);
  const isWrong = problem?.code === "unauthorized";
  return operatorDocument({
    title: "Sign in",
    status: problem === undefined ? 401 : httpStatus(problem.code),
    main: (
      <>
        <h1>Sign in as the operator</h1>
        {problem === undefined ? null : (
          <div class="warning" role="alert" id="problem">
            <p>
              {isWrong ? "That is not this deployment's operator token." : `${problem.message} ${problem.hint ?? ""}`}
            </p>
          </div>
        )}
        <form method="post" action="/operator/sign-in" class="card">
          <input type="hidden" name="return_to" value={returnTo} />
          <div class="field">
            <label for="token">Operator token</label>
            <input
              id="token"
              name="token"
              type="password"
              required
              autocomplete="current-password"
              aria-describedby="token-hint"
              autofocus
            />
            <p class="hint" id="token-hint">
              The secret OPERATOR_TOKEN that this deployment was given. This browser stays signed in for 8 hours.
            </p>
          </div>
          <button type="submit">Sign in</button>
        </form>
        <p>
          <a href="/">Your teams</a> are elsewhere: they need no operator.
        </p>
      </>
    ),
  });
}

/** Checks the token, as rarely as other guesses, and lets the browser in. */
export async function signInOperator(c: OperatorContext): Promise<Response> {
  const form = c.get("form");
  const returnTo = ownPath(form.get("return_to"));
  try {
    await requireOperatorToken(c.req.raw, c.env, (form.get("token") ?? "").trim());
  } catch (error) {
    return operatorSignInPage(returnTo, error);
  }
  return seeOther(returnTo, await operatorCookie(c.env, Date.now()));
}

/** A path of the operator's pages, so that the form leads nowhere else. */
export function ownPath(text: string | null): string {
  return text !== null && /^\/operator(\/[a-z0-9/-]*)?$/.test(text) ? text : "/operator";
}
