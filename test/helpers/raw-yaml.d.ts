// Lets tests import a YAML, TOML or Markdown file as its text. Types only.
declare module "*.yaml?raw" {
  const text: string;

  // biome-ignore lint/style/noDefaultExport: the bundler gives the text as the default export.
  export default text;
}

declare module "*.toml?raw" {
  const text: string;

  // biome-ignore lint/style/noDefaultExport: the bundler gives the text as the default export.
  export default text;
}

declare module "*.md?raw" {
  const text: string;

  // biome-ignore lint/style/noDefaultExport: the bundler gives the text as the default export.
  export default text;
}
