// @ts-check
// PACK_NAME.SENSOR_NAME: reads its configuration as JSON from stdin; each line that it prints is one JSON object.
import { readFileSync, statfsSync } from "node:fs";

/** @type {{path: string, limit: number, seconds: number}} */
const { path, limit, seconds } = JSON.parse(readFileSync(0, "utf8")).config;

// What is written with console.error is the sensor's log.
function look() {
  const disk = statfsSync(path);
  const used = Math.round(100 * (1 - disk.bfree / disk.blocks));
  const event = { trigger: "PACK_NAME.SENSOR_NAME", data: { path, used } };
  console.log(JSON.stringify(used >= limit ? event : { heartbeat: true }));
}

look();
setInterval(look, seconds * 1000);
