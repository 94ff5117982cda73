// The places of the people pages, and what all of them are framed by. Runs at the edge.
import type { Child } from "hono/jsx";
import { may, type Role, roles } from "../../../features/access/access.ts";
import { pathOf } from "../actions.ts";
import { teamPage } from "../page.tsx";
import { Tabs } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";

export type PeopleTab = "members" | "invitations" | "tokens" | "apps";

const tabs = [
  { tab: "members", label: "Members", path: "/people", permission: "people:read" },
  { tab: "invitations", label: "Invitations", path: "/people/invitations", permission: "people:manage" },
  { tab: "tokens", label: "Tokens", path: "/people/tokens", permission: "tokens:own" },
  { tab: "apps", label: "Connected apps", path: "/people/apps", permission: "tokens:own" },
] as const;

export interface PeoplePage {
  tab: PeopleTab;
  title: string;
  intro: Child;
  children: Child;
  attempt?: Attempt | undefined;
  ownProblems?: readonly string[];
  done?: Readonly<Record<string, Child>>;
}

/** A page of people: the tabs that the viewer may open, then what is on it. */
export function peoplePage(c: PageContext, { tab, children, ...page }: PeoplePage): Promise<Response> {
  const { actor } = c.get("call");
  const shown = tabs.filter(({ permission }) => may(actor, permission));
  return teamPage(c, {
    ...page,
    section: "people",
    tools: (
      <a class="button quiet" href="/account" hx-boost="false">
        Your sign-ins and browsers
      </a>
    ),
    children: (
      <>
        <Tabs
          label="People"
          tabs={shown.map(({ tab: id, label, path }) => ({ label, href: pathOf(c, path), here: id === tab }))}
        />
        {children}
      </>
    ),
  });
}

/** The roles that whoever asks may give to others: admins up to their own, owners all. */
export function rolesToGive(c: PageContext): readonly Role[] {
  const { actor } = c.get("call");
  return may(actor, "owners:manage") ? roles : roles.filter((role) => role !== "owner");
}
