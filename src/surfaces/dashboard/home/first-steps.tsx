// What a new team does first: a list that goes away once all of it is done, or when it is put away. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { may } from "../../../features/access/access.ts";
import { pathOf } from "../actions.ts";
import { ActionButton } from "../forms.tsx";
import type { PageContext } from "../routes.ts";
import type { HomeData } from "./home-data.ts";

/** The cookie of a browser in which the list was put away; it is sent to this team's pages alone. */
export const hiddenCookie = "first_steps";

interface Step {
  done: boolean;
  label: string;
  href: string;
  why: string;
}

/** The steps that whoever looks may take. */
export function stepsFor(
  call: CallContext,
  data: Pick<HomeData, "tables" | "frames" | "isConnected" | "team">,
): Step[] {
  const { catalogue, actor } = call;
  const { people, open_invitations: invited } = data.team.counts;
  const hasData = catalogue.datasets.size + (data.tables?.total ?? 0) + (data.frames?.total ?? 0) > 0;
  return [
    ...(may(actor, "data:write")
      ? [{ done: hasData, label: "Upload a dataset", href: "/datasets/-/upload", why: "A JSON, NDJSON or CSV file." }]
      : []),
    {
      done: data.isConnected,
      label: "Connect your assistant",
      href: "#connect",
      why: "Then ask it: which datasets are there?",
    },
    ...(may(actor, "library:propose")
      ? [
          {
            done: catalogue.tools.size > 0,
            label: "Make the first tool",
            href: "/playground",
            why: "Try a query, and save it as a tool that everyone calls by name.",
          },
        ]
      : []),
    ...(may(actor, "people:manage")
      ? [
          {
            done: people > 1 || invited > 0,
            label: "Invite a colleague",
            href: "/people/invitations",
            why: "A link is all they need.",
          },
        ]
      : []),
  ];
}

export function FirstSteps({ c, data }: { c: PageContext; data: HomeData }) {
  const steps = stepsFor(c.get("call"), data);
  if (steps.every(({ done }) => done)) return null;
  return (
    <section class="card" aria-labelledby="steps-title">
      <h2 id="steps-title">First steps</h2>
      <ol class="steps">
        {steps.map(({ done, label, href, why }) => (
          <li class={done ? "done" : undefined}>
            {done ? (
              <>
                {label} <span class="tag good">done</span>
              </>
            ) : (
              <>
                <a href={href.startsWith("#") ? href : pathOf(c, href)}>{label}</a> <span class="muted">{why}</span>
              </>
            )}
          </li>
        ))}
      </ol>
      <ActionButton action="hide-steps">Put this list away</ActionButton>
    </section>
  );
}
