// The places of the settings, and what all of them are framed by. Runs at the edge.
import type { Child } from "hono/jsx";
import { may } from "../../../features/access/access.ts";
import { pathOf } from "../actions.ts";
import { type TeamPage, teamPage } from "../page.tsx";
import { Tabs } from "../parts.tsx";
import type { PageContext } from "../routes.ts";

export type SettingsTab = "general" | "sign-in" | "webhooks" | "notifications" | "backups" | "library" | "danger";

const tabs = [
  { tab: "general", label: "General", path: "/settings", permission: "people:read" },
  { tab: "sign-in", label: "Sign-in", path: "/settings/sign-in", permission: "settings:manage" },
  { tab: "webhooks", label: "Webhooks", path: "/settings/webhooks", permission: "webhooks:manage" },
  { tab: "notifications", label: "Notifications", path: "/settings/notifications", permission: "notifications:own" },
  { tab: "backups", label: "Backups", path: "/settings/backups", permission: "backups:manage" },
  { tab: "library", label: "Export and import", path: "/settings/library", permission: "data:read" },
  { tab: "danger", label: "Danger zone", path: "/settings/danger", permission: "owners:manage" },
] as const;

export interface SettingsPage extends Omit<TeamPage, "section" | "crumbs"> {
  tab: SettingsTab;
  intro: Child;
}

/** A page of the settings: the tabs that the viewer may open, then what is on it. */
export function settingsPage(c: PageContext, { tab, children, ...page }: SettingsPage): Promise<Response> {
  const { actor } = c.get("call");
  const shown = tabs.filter(({ permission }) => may(actor, permission));
  return teamPage(c, {
    ...page,
    section: "settings",
    children: (
      <>
        <Tabs
          label="Settings"
          tabs={shown.map(({ tab: id, label, path }) => ({ label, href: pathOf(c, path), here: id === tab }))}
        />
        {children}
      </>
    ),
  });
}
