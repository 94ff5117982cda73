// Text and attributes inside XML. Pure.

/** Text as the content of an element or the value of an attribute; characters that XML has no place for are left out. */
export function escapeXml(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what XML does not allow.
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;")
  );
}

/** An element; `content` is XML already. Numbers are rounded to hundredths. */
export function element(name: string, attributes: Readonly<Record<string, string | number>>, content?: string): string {
  const said = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? hundredths(value) : escapeXml(value)}"`)
    .join("");
  return content === undefined ? `<${name}${said}/>` : `<${name}${said}>${content}</${name}>`;
}

export function hundredths(value: number): string {
  return String(Math.round(value * 100) / 100);
}
