// PACK_NAME.ACTION_NAME: reads its input as JSON from stdin and writes its result to the file that ATTUNE_RESULT names.
// Node runs this file as it is (its types are left out), so it needs no build.
import { readFileSync, writeFileSync } from "node:fs";
// Made from the action's document by `attune action types PACK_NAME.ACTION_NAME`.
import type { Input, Result } from "./ACTION_NAME_types.d.ts";

// What is printed here is the action's log.
function run(input: Input): Result {
  console.error("greeting", input.name);
  return { greeting: `hello ${input.name}` };
}

writeFileSync(String(process.env.ATTUNE_RESULT), JSON.stringify(run(JSON.parse(readFileSync(0, "utf8")))));
