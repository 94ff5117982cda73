// Types of the generated migrations.js beside this file.
declare const source: { journal: { entries: { idx: number; tag: string }[] }; migrations: Record<string, string> };
export default source;
