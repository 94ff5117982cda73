// The page that creates a team. Runs at the edge.
import { describeError } from "../../core/errors.ts";
import { publicOrigin } from "../oauth/addresses.ts";
import { httpStatus } from "../rest/problem.ts";
import type { Session } from "../sign-in/session-cookie.ts";
import { renderPage } from "./page.tsx";

interface NewTeam {
  slug: string;
  name: string;
}

/** The form; with what was wrong about an attempt, and the attempt itself. */
export function newTeamPage(
  request: Request,
  env: Env,
  session: Session,
  attempt?: { input: NewTeam; error: unknown },
): Promise<Response> {
  const problem = attempt === undefined ? undefined : describeError(attempt.error);
  const { slug, name } = attempt?.input ?? { slug: "", name: "" };
  return renderPage({
    title: "Create a team",
    status: problem === undefined ? 200 : httpStatus(problem.code),
    person: session,
    narrow: true,
    children: (
      <>
        <h1>Create a team</h1>
        {problem === undefined ? null : (
          <div class="warning" role="alert" id="problem">
            <p>
              {problem.message} {problem.hint}
            </p>
          </div>
        )}
        <form method="post" action="/teams/new" class="card">
          <div class="field">
            <label for="name">Name</label>
            <input
              id="name"
              name="name"
              type="text"
              required
              maxlength={100}
              value={name}
              autocomplete="organization"
            />
          </div>
          <div class="field">
            <label for="slug">Name in its URL</label>
            <input
              id="slug"
              name="slug"
              type="text"
              required
              maxlength={40}
              pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?"
              title="Lower-case letters, digits and inner hyphens"
              value={slug}
              autocapitalize="none"
              autocomplete="off"
              spellcheck={false}
              aria-describedby="slug-hint"
            />
            <p class="hint" id="slug-hint">
              Lower-case letters, digits and hyphens. It never changes: the team's MCP URL will be{" "}
              <code>{publicOrigin(request, env)}/t/…/mcp</code>.
            </p>
          </div>
          <button type="submit">Create the team</button>
        </form>
      </>
    ),
  });
}
