// The past of functions and tools over REST, beside the library's own routes. Runs at the edge.
import { restList, section, toolRoutes } from "../../route.ts";
import type { EntryKind } from "./schema.ts";
import { historyTools } from "./tools.ts";

/** compare_versions and blame of one kind, each an operation of its own. */
function lookingBack(kind: EntryKind) {
  const path = `/library/${kind}s/:name`;
  const shown = { method: "GET", fixed: { kind } } as const;
  return toolRoutes(historyTools, {
    compare_versions: { ...shown, operation: `compare_${kind}_versions`, path: `${path}/compare` },
    blame: { ...shown, operation: `blame_${kind}`, path: `${path}/blame` },
  });
}

export const historyRoutes = section("Library", [
  ...toolRoutes(historyTools, {
    list_deactivated: { method: "GET", path: "/library/deactivated", ...restList },
    function_history: { method: "GET", path: "/library/functions/:name/versions" },
    tool_history: { method: "GET", path: "/library/tools/:name/versions" },
    rollback_function: { method: "POST", path: "/library/functions/:name/rollback", shows: "get_function" },
    deactivate_function: { method: "DELETE", path: "/library/functions/:name" },
    restore_function: { method: "POST", path: "/library/functions/:name/restore" },
  }),
  ...lookingBack("function"),
  ...lookingBack("tool"),
]);
