// Announce a release: an ordinary program that reads JSON from stdin and leaves JSON in the file that ATTUNE_RESULT names.
"use strict";

const fs = require("node:fs");
const slugify = require("slugify");

const given = JSON.parse(fs.readFileSync(0, "utf8"));
const branch = given.ref.replace(/^refs\/heads\//, "");
const channel = slugify(`${given.repository} ${branch}`.replace(/[/._]/g, " "), { lower: true, strict: true });
const firstLine = given.message.split("\n")[0];
const text = `${given.author} released ${given.repository} (${branch})` + (firstLine ? `: ${firstLine}` : "");

console.log(`#${channel} ${text}`);
fs.writeFileSync(process.env.ATTUNE_RESULT, JSON.stringify({ channel, text, node: process.version }));
