// @ts-check
// PACK_NAME.ACTION_NAME: reads its input as JSON from stdin and writes its result to the file that ATTUNE_RESULT names.
import { readFileSync, writeFileSync } from "node:fs";

/** @typedef {import("./ACTION_NAME_types.d.ts").Input} Input */
/** @typedef {import("./ACTION_NAME_types.d.ts").Result} Result */

/**
 * Does the work; what is printed here is the action's log. The types are made by `attune action types PACK_NAME.ACTION_NAME`.
 * @param {Input} input
 * @returns {Result}
 */
function run(input) {
  console.error("greeting", input.name);
  return { greeting: `hello ${input.name}` };
}

writeFileSync(String(process.env.ATTUNE_RESULT), JSON.stringify(run(JSON.parse(readFileSync(0, "utf8")))));
