// Lets tests import a YAML, TOML or Markdown file as its text. Types only.
declare module "*.yaml?raw" {
  const text: string;

  export default text;
}

declare module "*.toml?raw" {
  const text: string;

  export default text;
}

declare module "*.md?raw" {
  const text: string;

  export default text;
}
