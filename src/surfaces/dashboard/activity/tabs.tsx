// The three logs that Activity shows, as places within it; and reading their filters out of the address. Runs at the edge.
import type * as z from "zod";
import { describeError, isAppError } from "../../../core/errors.ts";
import { parseWith } from "../../../core/parse.ts";
import { may } from "../../../features/access/access.ts";
import { httpStatus } from "../../rest/problem.ts";
import { pathOf } from "../actions.ts";
import { Tabs, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";

export type Place = "executions" | "audit" | "notifications";

/** The places that whoever looks may go to. */
export function ActivityTabs({ c, here, unread }: { c: PageContext; here: Place; unread?: number }) {
  const { actor } = c.get("call");
  const tabs = [
    { place: "executions", label: "Executions", path: "/activity", permission: "data:read" },
    { place: "audit", label: "Audit log", path: "/activity/audit", permission: "audit:read" },
    {
      ...({ place: "notifications", label: "Notifications" } as const),
      ...({ path: "/activity/notifications", permission: "notifications:own" } as const),
    },
  ] as const;
  return (
    <Tabs
      label="Activity"
      tabs={tabs
        .filter(({ permission }) => may(actor, permission))
        .map(({ place, label, path }) => ({
          label,
          href: pathOf(c, path),
          here: place === here,
          ...(place === "notifications" && unread !== undefined && unread > 0 ? { count: unread } : {}),
        }))}
    />
  );
}

/** Fields that a form of filters sends as `datetime-local`: without a zone, which is UTC here. */
const timeFields: ReadonlySet<string> = new Set(["from", "to"]);

/** What of a page's address is no filter of a log. */
const notFilters: ReadonlySet<string> = new Set(["done"]);

/** The filters as they stand in the address and its form: as text, without those left empty. */
export function filtersIn(c: PageContext): Record<string, string> {
  const filters = [...urlOf(c).searchParams].filter(([name, text]) => text !== "" && !notFilters.has(name));
  return Object.fromEntries(filters.map(([name, text]) => [name, timeFields.has(name) ? inUtc(text) : text]));
}

/** `2026-11-21T10:05` as ISO 8601 with a zone; anything else as it is. */
function inUtc(text: string): string {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text)) return `${text}:00Z`;
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/.test(text) ? `${text}Z` : text;
}

/** True when one of these filters is used. */
export function isAnyGiven(query: URLSearchParams, names: readonly string[]): boolean {
  return names.some((name) => (query.get(name) ?? "") !== "");
}

/** A list as the address asks for it; or, when the address cannot be had, why, with everything that was entered. */
export async function askedFor<Schema extends z.ZodObject, List>(
  c: PageContext,
  schema: Schema,
  list: (input: z.output<Schema>) => Promise<List>,
): Promise<{ list: List } | { attempt: Attempt }> {
  try {
    return { list: await list(parseWith(schema.strict(), filtersIn(c), "filter") as z.output<Schema>) };
  } catch (error) {
    if (!isAppError(error)) throw error;
    const described = describeError(error);
    const form = urlOf(c).searchParams;
    return { attempt: { action: "filter", form, error: described, status: httpStatus(described.code) } };
  }
}
