// Charts over REST, as data or as a picture. Runs at the edge.
import type { ToolAnswer } from "../../core/define-tool.ts";
import { section, toolRoutes } from "../../route.ts";
import { plotTools } from "./tools.ts";

const svg = "image/svg+xml";

export const plotRoutes = section("Frames", [
  ...toolRoutes(plotTools, {
    plot: {
      method: "POST",
      path: "/plots",
      also: { types: [svg], description: "The chart itself, with Accept: image/svg+xml.", respond: pictureOf },
      example: { request: { data_ref: "orders", kind: "bar", x: "region", y: "total", agg: "sum" } },
    },
  }),
]);

function pictureOf({ images }: ToolAnswer<Record<string, unknown>>): { type: string; body: string } | undefined {
  const picture = images?.find(({ mimeType }) => mimeType === svg);
  if (picture === undefined) return undefined;
  const bytes = Uint8Array.from(atob(picture.data), (char) => char.charCodeAt(0));
  return { type: svg, body: new TextDecoder().decode(bytes) };
}
