// What `npm start` runs first. Plain old syntax on purpose: any Node must be able to read this and say what is missing.
// biome-ignore lint/style/useNodejsImportProtocol: an old Node does not know the prefix
const fs = require("fs");
// biome-ignore lint/style/useNodejsImportProtocol: an old Node does not know the prefix
const path = require("path");

const root = path.join(__dirname, "..");
const needed = [22, 12];
const found = process.versions.node.split(".").map(Number);

function stop(line) {
  process.stderr.write(`${line}\n`);
  process.exit(1);
}

if (!fs.existsSync(path.join(root, "node_modules", "wrangler"))) {
  stop(`The packages are not installed. Run \`npm ci\` in ${root}, then \`npm start\` again.`);
}
if (found[0] < needed[0] || (found[0] === needed[0] && found[1] < needed[1])) {
  stop(
    `Node ${process.versions.node} is too old: the local server needs Node ${needed.join(".")} or newer. ` +
      "`npm ci` installs a fitting one into this project and `npm start` uses it; run both through npm.",
  );
}

import("./start.mjs").then((start) => start.main(process.argv.slice(2)));
