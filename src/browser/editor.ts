// Defines <jq-editor>. Runs in the browser, on pages that have one.
import { JqEditor } from "./editor/element.ts";

if (customElements.get("jq-editor") === undefined) customElements.define("jq-editor", JqEditor);
