// The playground: a query, what it gives, and what helps to write it. One page for both languages. Runs at the edge.
import { readerOf } from "../../../features/workspace/workspace.ts";
import { pathOf } from "../actions.ts";
import { Problem } from "../forms.tsx";
import { teamPage } from "../page.tsx";
import { Tabs, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { QueryForm } from "./form.tsx";
import { Guide } from "./guide.tsx";
import { recentQueries } from "./recent.ts";
import { Result } from "./result.tsx";
import { type Outcome, runState } from "./running.ts";
import { Start } from "./start.tsx";
import { addressOf, blankState, fitsAddress, type Language, type PlaygroundState } from "./state.ts";
import { choicesOf, findSubject } from "./subject.ts";

export interface Playing {
  state: PlaygroundState;
  /** What came of it, where a form has run it already. */
  outcome?: Outcome | undefined;
  attempt?: Attempt | undefined;
}

const languageNames: Record<Language, string> = { jq: "jq", sql: "SQL" };

/** The page as it is for a state: runs the query unless that is done. */
export async function playgroundPage(c: PageContext, { state, outcome: given, attempt }: Playing): Promise<Response> {
  const call = c.get("call");
  const path = pathOf(c, "/playground");
  const [relations, recent, subject] = await Promise.all([
    call.workspace.relations().list(readerOf(call)),
    recentQueries(call, state.lang),
    findSubject(call, state.dataset),
  ]);
  const outcome: Outcome =
    given ?? (attempt === undefined ? await runState({ call, state, subject }) : outcomeOfAttempt(attempt));
  const kept = relations.find(({ id, name }) => state.kept !== "" && (name ?? id) === state.kept);
  const tools = [...call.catalogue.tools.values()].filter(({ datasets }) => datasets.includes(state.dataset));
  const confirms = attempt?.error.code === "confirmation_required";
  return teamPage(c, {
    title: "Playground",
    section: "playground",
    intro:
      "Ask the team's data with jq or SQL. Runs here count like those of an assistant: same rights, limits and log.",
    status: outcome.kind === "failed" ? outcome.status : 200,
    headers: addressHeaders(c, path, state),
    attempt,
    ownProblems: attempt === undefined ? [] : [attempt.action],
    children: (
      <>
        <Tabs
          label="Language"
          tabs={(["jq", "sql"] as const).map((lang) => ({
            label: languageNames[lang],
            href: addressOf(path, { ...blankState, lang, dataset: state.dataset }),
            here: lang === state.lang,
          }))}
        />
        <div class="playground">
          <div class="work">
            <QueryForm call={call} path={path} state={state} choices={choicesOf(call, relations)} />
            <section id="result" class="result" aria-label="Result" tabindex={-1}>
              {attempt !== undefined && confirms ? <Problem attempt={attempt} /> : null}
              {outcome.kind === "none" ? (
                state.q === "" ? (
                  <Start call={call} path={path} lang={state.lang} />
                ) : null
              ) : confirms ? null : (
                <Result
                  call={call}
                  path={path}
                  origin={urlOf(c).origin}
                  state={state}
                  subject={subject}
                  outcome={outcome}
                  kept={kept === undefined ? undefined : (kept.name ?? kept.id)}
                />
              )}
            </section>
          </div>
          <Guide
            path={path}
            team={call.team}
            state={state}
            subject={subject}
            recent={recent}
            tools={tools.map(({ name }) => name).sort()}
            now={call.now()}
          />
        </div>
      </>
    ),
  });
}

function outcomeOfAttempt({ error, status }: Attempt): Outcome {
  return { kind: "failed", error, status };
}

/** What a browser that loads only the result writes into its address bar: the query, without the fields that were left as they are. */
function addressHeaders(c: PageContext, path: string, state: PlaygroundState): Headers {
  const headers = new Headers();
  const isResult = c.req.header("hx-target") === "section#result";
  if (!isResult || !state.run || c.req.header("hx-history-restore-request") !== undefined) return headers;
  const address = addressOf(path, state);
  // What a form has sent is not there to be loaded again.
  const isHere = c.req.method === "GET" && fitsAddress(address);
  const { lang, dataset } = state;
  headers.set("hx-push-url", isHere ? address : addressOf(path, { ...blankState, lang, dataset }));
  return headers;
}
