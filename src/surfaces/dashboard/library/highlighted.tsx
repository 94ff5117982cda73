// Code in colour, without a script: the pieces that the editor in the browser shows, too. Runs at the edge.
import { highlightJq } from "../../../engines/jq/syntax/highlight.ts";

/** jq to read; with `id` it can be copied. */
export function Highlighted({ text, label, id }: { text: string; label: string; id?: string }) {
  const code = (
    <section aria-label={label} tabindex={0}>
      <pre>
        <code id={id}>
          <JqPieces text={text} />
        </code>
      </pre>
    </section>
  );
  if (id === undefined) return code;
  return (
    <div class="copy">
      {code}
      <button type="button" class="quiet small" data-copy={id} aria-label={`Copy: ${label}`} hidden>
        Copy
      </button>
    </div>
  );
}

/** The pieces themselves, for within other code. */
export function JqPieces({ text }: { text: string }) {
  const pieces = highlightJq(text);
  return (
    <>
      {pieces.map(({ kind, start, end }, at) => (
        <>
          {text.slice(pieces[at - 1]?.end ?? 0, start)}
          <span class={`j-${kind}`}>{text.slice(start, end)}</span>
        </>
      ))}
      {text.slice(pieces.at(-1)?.end ?? 0)}
    </>
  );
}
