// Hono's environment for the dashboard's pages, and what a page is told when a form of its own failed. Types only.
import type { Context } from "hono";
import type { TeamRoutes } from "../../context.ts";
import type { ErrorDescription } from "../../core/errors.ts";
import type { LoggedRoutes } from "../request-log.ts";

export interface DashboardRoutes {
  Bindings: Env;
  Variables: TeamRoutes["Variables"] & LoggedRoutes["Variables"];
}

export type PageContext = Context<DashboardRoutes>;

/** A form that did not do its work: the page shows why, and keeps what was entered. */
export interface Attempt {
  action: string;
  form: URLSearchParams;
  error: ErrorDescription;
  status: number;
}

/** Renders a page: as asked for, or again after one of its forms failed. */
export type PageRenderer = (c: PageContext, attempt?: Attempt) => Promise<Response>;
