// Names that are spelled almost like another one, and the question that offers them. Runs everywhere.

const longestName = 80;

/** The least number of single letters added, dropped, changed or swapped with a neighbour that turns one name into the other. */
function editDistance(left: string, right: string): number {
  let twoBack: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      current.push(
        Math.min(
          (previous[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (previous[column - 1] ?? 0) + (same ? 0 : 1),
          swapped && row > 1 && column > 1 ? (twoBack[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    twoBack = previous;
    previous = current;
  }
  return previous[right.length] ?? 0;
}

/**
 * At most `max` candidates that look like a misspelt `name`, the nearest first, then by alphabet. Case counts for nothing;
 * a name that contains the other counts as near from four letters on.
 */
export function nearNames(name: string, candidates: Iterable<string>, max = 3): string[] {
  const wanted = name.slice(0, longestName).toLowerCase();
  const allowed = wanted.length <= 2 ? 1 : Math.min(3, Math.ceil(wanted.length / 3));
  const scored: { candidate: string; distance: number }[] = [];
  for (const candidate of new Set(candidates)) {
    const other = candidate.slice(0, longestName).toLowerCase();
    if (candidate === name) continue;
    const shorter = Math.min(wanted.length, other.length);
    const contains = shorter >= 4 && (wanted.includes(other) || other.includes(wanted));
    const distance = editDistance(wanted, other);
    if (distance <= allowed && distance < wanted.length) scored.push({ candidate, distance });
    else if (contains) scored.push({ candidate, distance: allowed + 1 });
  }
  scored.sort((left, right) => left.distance - right.distance || (left.candidate < right.candidate ? -1 : 1));
  return scored.slice(0, max).map((entry) => entry.candidate);
}

/** `Did you mean a, b?`, or undefined when no name is near: then the caller says where to look. */
export function didYouMean(near: readonly string[]): string | undefined {
  return near.length === 0 ? undefined : `Did you mean ${near.join(", ")}?`;
}
