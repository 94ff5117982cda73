// Small pieces that several pages share. Runs at the edge.

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A moment, in UTC, since the server does not know where the reader is. */
export function Time({ ms }: { ms: number }) {
  const date = new Date(ms);
  const iso = date.toISOString();
  const text = `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}, ${iso.slice(11, 16)} UTC`;
  return <time datetime={iso}>{text}</time>;
}

/** An address to copy: selected by hand, or with a button where scripts run (`page.js`). */
export function Copyable({ id, value, label }: { id: string; value: string; label: string }) {
  return (
    <div class="row">
      <input class="copyable grow" id={id} type="text" readonly value={value} aria-label={label} />
      <button type="button" class="quiet" data-copy={id} hidden>
        Copy
      </button>
    </div>
  );
}

/** A browser and its system, from how it names itself. For a person to recognise a session by, never for a decision. */
export function browserName(userAgent: string | null): string {
  if (userAgent === null || userAgent === "") return "Unknown browser";
  const browser = /Edg[A-Z]*\//.test(userAgent)
    ? "Edge"
    : /OPR\//.test(userAgent)
      ? "Opera"
      : /Firefox\/|FxiOS\//.test(userAgent)
        ? "Firefox"
        : /Chrom(?:e|ium)\/|CriOS\//.test(userAgent)
          ? "Chrome"
          : /Safari\//.test(userAgent)
            ? "Safari"
            : userAgent.slice(0, 40);
  const system = /Android/.test(userAgent)
    ? "Android"
    : /iPhone|iPad/.test(userAgent)
      ? "iOS"
      : /Windows/.test(userAgent)
        ? "Windows"
        : /Mac OS X|Macintosh/.test(userAgent)
          ? "macOS"
          : /Linux|CrOS/.test(userAgent)
            ? "Linux"
            : undefined;
  return system === undefined ? browser : `${browser} on ${system}`;
}
