// The dashboard's places: where they are, who sees them and which key leads there. Runs at the edge.
import type { CallContext } from "../../context.ts";
import type { Permission } from "../../core/define-tool.ts";
import { may } from "../../features/access/access.ts";

export type Section =
  | "home"
  | "datasets"
  | "tables"
  | "library"
  | "playground"
  | "proposals"
  | "activity"
  | "monitoring"
  | "people"
  | "settings";

interface Place {
  section: Section;
  label: string;
  /** Below the team's address. */
  path: string;
  /** After `g` it leads there. */
  key: string;
  permission: Permission;
}

export const places: readonly Place[] = [
  { section: "home", label: "Home", path: "", key: "h", permission: "self:read" },
  { section: "datasets", label: "Datasets", path: "/datasets", key: "d", permission: "data:read" },
  { section: "tables", label: "Tables and frames", path: "/tables", key: "t", permission: "data:read" },
  { section: "library", label: "Library", path: "/library", key: "l", permission: "data:read" },
  { section: "playground", label: "Playground", path: "/playground", key: "y", permission: "data:read" },
  { section: "proposals", label: "Proposals", path: "/proposals", key: "p", permission: "data:read" },
  { section: "activity", label: "Activity", path: "/activity", key: "a", permission: "data:read" },
  { section: "monitoring", label: "Monitoring", path: "/monitoring", key: "m", permission: "metrics:read" },
  { section: "people", label: "People", path: "/people", key: "e", permission: "people:read" },
  { section: "settings", label: "Settings", path: "/settings", key: "s", permission: "people:read" },
];

/** The places that whoever asks may go to. */
export function placesFor(call: CallContext): readonly Place[] {
  return places.filter(({ permission }) => may(call.actor, permission));
}

/** The links to them. `here` is marked as the current page. */
export function Places({ call, here }: { call: CallContext; here: Section | undefined }) {
  return (
    <ul class="places">
      {placesFor(call).map(({ section, label, path, key }) => (
        <li>
          <a
            href={`/t/${call.team}${path}`}
            aria-current={section === here ? "page" : undefined}
            data-go={key}
            title={`${label} (g then ${key})`}
          >
            {label}
          </a>
        </li>
      ))}
    </ul>
  );
}
