// Columns' names as frames have them, out of those a file gives. Pure.

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is replaced.
const control = /[\u0000-\u001f\u007f]+/g;
const nameChars = 128;

/**
 * Names without blanks around them, control characters or repeats (upper and lower case are the same to SQL): an empty one becomes
 * `column_<n>`, a repeated one gets `_2`, `_3`.
 */
export function frameNames(given: readonly string[]): string[] {
  const taken = new Set<string>();
  const written = new Set(given.map((name) => name.toLowerCase()));
  return given.map((raw, index) => {
    const plain = [...raw.toWellFormed().replace(control, " ").trim()]
      .slice(0, nameChars - 6)
      .join("")
      .trim();
    const wanted = plain === "" ? `column_${index + 1}` : plain;
    let name = wanted;
    for (
      let suffix = 2;
      taken.has(name.toLowerCase()) || (name !== wanted && written.has(name.toLowerCase()));
      suffix++
    )
      name = `${wanted}_${suffix}`;
    taken.add(name.toLowerCase());
    return name;
  });
}

/** What to say when a frame's names are not the file's; undefined when they are. */
export function renamedNote(given: readonly string[], names: readonly string[]): string | undefined {
  const renamed = names.flatMap((name, index) => {
    const from = given[index] ?? "";
    return from === name ? [] : [`${JSON.stringify(from.slice(0, 40))} is ${JSON.stringify(name)}`];
  });
  if (renamed.length === 0) return undefined;
  return `Columns renamed, since SQL needs each name once: ${renamed.slice(0, 5).join(", ")}${renamed.length > 5 ? ` and ${renamed.length - 5} more` : ""}.`;
}
