// What the dashboard's pages do beyond what HTML does by itself. Runs in the browser; every page can be read without it.
import htmx from "htmx.org";
import { offerCopying } from "./dashboard/copy.ts";
import { listenToKeys, offerFinding } from "./dashboard/keys.ts";
import { followTeam } from "./dashboard/live.ts";
import { announcePages } from "./dashboard/pages.ts";
import { loadParts } from "./dashboard/parts.ts";

htmx.config.morphIgnore = ["data-htmx-powered", "open"];

announcePages();
listenToKeys();
followTeam();
/** On a narrow screen tabs are one row that is swiped: where one is shall be seen. */
function showTabs(): void {
  for (const here of document.querySelectorAll<HTMLElement>('.tabs [aria-current="page"]')) {
    const row = here.closest("ul");
    if (row !== null) row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
  }
}
/** Done for the page as it came, and again for each that is put in its place. */
function prepare(): void {
  offerCopying();
  offerFinding();
  loadParts();
  showTabs();
}
document.addEventListener("htmx:after:swap", prepare);
prepare();
