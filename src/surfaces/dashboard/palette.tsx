// Finding by name and going by key: the command palette and the list of shortcuts. Runs at the edge; src/browser/dashboard.ts opens them.
import type { CallContext } from "../../context.ts";
import { placesFor } from "./nav.tsx";

/** What the palette finds at most, of each kind. */
const shown = 8;

/** The palette: a dialog that is filled by typing. Hidden until a script opens it. */
export function Palette({ team }: { team: string }) {
  return (
    <dialog id="palette" aria-label="Find" x-data="palette" data-find={`/t/${team}/find`}>
      <form method="dialog">
        <label for="palette-text" class="hidden">
          Find a page, dataset, tool, function or proposal
        </label>
        <input
          id="palette-text"
          name="q"
          type="text"
          autocomplete="off"
          spellcheck={false}
          placeholder="Find a page, dataset, tool, function …"
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-found"
          aria-autocomplete="list"
        />
      </form>
      <div id="palette-found" role="listbox" aria-label="Found" tabindex={-1} />
      <p class="hint">
        <kbd>↑</kbd> <kbd>↓</kbd> to choose, <kbd>Enter</kbd> to go, <kbd>Esc</kbd> to close
      </p>
    </dialog>
  );
}

/** What the palette finds for a text: pages, and whatever of the team's definitions the caller sees. */
export function findByName(call: CallContext, text: string): { kind: string; label: string; href: string }[] {
  const wanted = text.trim().toLowerCase();
  const base = `/t/${call.team}`;
  const matches = (label: string): boolean => wanted === "" || label.toLowerCase().includes(wanted);
  const named = (kind: string, names: Iterable<string>, path: string) =>
    [...names]
      .filter(matches)
      .slice(0, wanted === "" ? 0 : shown)
      .map((name) => ({ kind, label: name, href: `${base}${path}/${encodeURIComponent(name)}` }));
  return [
    ...placesFor(call)
      .filter(({ label }) => matches(label))
      .map(({ label, path }) => ({ kind: "page", label, href: base + path })),
    ...named("dataset", call.catalogue.datasets.keys(), "/datasets"),
    ...named("tool", call.catalogue.tools.keys(), "/library/tools"),
    ...named("function", call.catalogue.functions.keys(), "/library/functions"),
  ];
}

/** The keys that do something, for `?`. */
export function Shortcuts({ call }: { call: CallContext }) {
  return (
    <dialog id="shortcuts" aria-labelledby="shortcuts-title">
      <h2 id="shortcuts-title">Keys</h2>
      <dl class="keys">
        <dt>
          <kbd>/</kbd> or <kbd>Ctrl</kbd> <kbd>K</kbd>
        </dt>
        <dd>Find</dd>
        {placesFor(call).map(({ label, key }) => (
          <>
            <dt>
              <kbd>g</kbd> <kbd>{key}</kbd>
            </dt>
            <dd>{label}</dd>
          </>
        ))}
        <dt>
          <kbd>?</kbd>
        </dt>
        <dd>These keys</dd>
      </dl>
      <form method="dialog">
        <button type="submit" class="quiet">
          Close
        </button>
      </form>
    </dialog>
  );
}
