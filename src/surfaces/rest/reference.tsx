// GET /t/:team/api: the API's reference to read and to try. Runs at the edge.
import { Hono } from "hono";
import type { TeamRoutes } from "../../context.ts";
import { guarded } from "../../features/access/access.ts";
import { renderDocument } from "../pages/page.tsx";

/** The document that the page is made of. */
const documentName = "api/v1/openapi.json";

/** Mounted at /t/:team. */
export const referenceRoutes = new Hono<TeamRoutes>().get("/api", guarded("self:read"), async (c) => {
  const { team, catalogue } = c.get("call");
  const address = `/t/${team}/${documentName}`;
  const page = await renderDocument({
    title: `API of ${catalogue.name}`,
    stylesheet: "reference/reference.css",
    script: "reference/reference.js",
    body: (
      <body>
        <header class="reference-bar">
          <a href={`/t/${team}`}>
            <bdi>{catalogue.name}</bdi>
          </a>
          <h1>API reference</h1>
          <a href={address}>openapi.json</a>
        </header>
        <main id="reference" data-document={address}>
          <p class="reference-wait">
            Loading the reference. It needs JavaScript; without it, <a href={address}>openapi.json</a> says all of it,
            for people and programs.
          </p>
        </main>
      </body>
    ),
  });
  page.headers.set("content-security-policy", withOwnStyles(page.headers.get("content-security-policy") ?? ""));
  return page;
});

/** Scalar puts its styles into the page by itself. Scripts stay ours alone. */
function withOwnStyles(policy: string): string {
  return policy.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'");
}
