// Scripts that only some pages need: loaded when the element they stand for is there. Runs in the browser.

/** Custom elements by name, and the file in build/assets that defines each. */
const parts: Readonly<Record<string, string>> = {
  "jq-editor": "/editor.js",
  "dataset-upload": "/upload.js",
  "query-form": "/playground.js",
  "text-file": "/text-file.js",
  "proposal-edition": "/proposal.js",
};

/** Loads the scripts of the custom elements on this page that are not there yet. */
export function loadParts(): void {
  for (const [name, file] of Object.entries(parts)) {
    if (document.querySelector(name) !== null && customElements.get(name) === undefined) void import(file);
  }
}
