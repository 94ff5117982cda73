#!/usr/bin/env node
// The command `super-data`. Plain old syntax on purpose: any Node must be able to read this and say what is missing. Runs under Node.
// biome-ignore lint/style/useNodejsImportProtocol: an old Node does not know the prefix
const fs = require("fs");
// biome-ignore lint/style/useNodejsImportProtocol: an old Node does not know the prefix
const path = require("path");
// biome-ignore lint/style/useNodejsImportProtocol: an old Node does not know the prefix
const url = require("url");

const needed = 20;
const main = path.join(__dirname, "..", "build", "cli", "main.mjs");

function stop(line) {
  process.stderr.write(`${line}\n`);
  process.exit(1);
}

if (Number(process.versions.node.split(".")[0]) < needed) {
  stop(`Node ${process.versions.node} is too old: super-data needs Node ${needed} or newer.`);
} else if (!fs.existsSync(main)) {
  stop(`The command line is not built. Run \`npm ci\` and \`npm run build\` in ${path.join(__dirname, "..")}.`);
} else {
  import(url.pathToFileURL(main).href).then((cli) => cli.main(process.argv.slice(2), __filename));
}
