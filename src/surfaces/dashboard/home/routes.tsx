// A team's home page: what is here, what waits for its reader, how to connect, and how it all is. Runs at the edge.
import { Hono } from "hono";
import { getCookie } from "hono/cookie";
import { guarded, may } from "../../../features/access/access.ts";
import { recentReadiness } from "../../rest/health.ts";
import { formActions, pathOf } from "../actions.ts";
import { teamPage } from "../page.tsx";
import type { Attempt, DashboardRoutes, PageContext } from "../routes.ts";
import { Connect } from "./connect.tsx";
import { FirstSteps, hiddenCookie } from "./first-steps.tsx";
import { Health } from "./health.tsx";
import { Here } from "./here.tsx";
import { readHome } from "./home-data.ts";
import { Waiting } from "./waiting.tsx";

const yearSeconds = 365 * 24 * 60 * 60;

export const homeRoutes = new Hono<DashboardRoutes>()
  .get("/", guarded("self:read"), (c) => homePage(c))
  .post(
    "/",
    guarded("self:read"),
    formActions(
      {
        "hide-steps": async (_call, _form, c) => {
          const path = pathOf(c, "");
          const cookie = `${hiddenCookie}=hidden; Path=${path}; Max-Age=${yearSeconds}; HttpOnly; SameSite=Lax`;
          return new Response(null, { status: 303, headers: { location: path, "set-cookie": cookie } });
        },
      },
      homePage,
    ),
  );

async function homePage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const heading = <bdi>{call.catalogue.name}</bdi>;
  const page = { title: "Home", section: "home", heading, attempt } as const;
  if (!may(call.actor, "data:read")) return teamPage(c, { ...page, children: <Connect c={c} /> });
  const [data, readiness] = await Promise.all([readHome(call), recentReadiness(c.env, call.now())]);
  const hidesSteps = getCookie(c, hiddenCookie) !== undefined;
  return teamPage(c, {
    ...page,
    children: (
      <>
        {hidesSteps ? null : <FirstSteps c={c} data={data} />}
        <Here c={c} data={data} />
        <div class="home">
          <Waiting c={c} data={data} />
          <Health c={c} data={data} readiness={readiness} />
          <Connect c={c} />
        </div>
      </>
    ),
  });
}
