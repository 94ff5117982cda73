// The API's reference page: Scalar over this site's own document, and nothing of anybody else's. Runs in the browser.
import { createApiReference } from "@scalar/api-reference";

const place = document.getElementById("reference");
const url = place?.dataset.document;
if (place !== null && url !== undefined) {
  place.replaceChildren();
  createApiReference(place, {
    url,
    // Requests go out from this page to this site: no proxy, no fonts, no telemetry, no assistant, no buttons that lead to its maker.
    withDefaultFonts: false,
    telemetry: false,
    agent: { disabled: true },
    mcp: { disabled: true },
    hideClientButton: true,
    showDeveloperTools: "never",
    documentDownloadType: "direct",
    showOperationId: true,
    // A token that is typed in is forgotten with the page.
    persistAuth: false,
    authentication: { preferredSecurityScheme: "session" },
  });
}
