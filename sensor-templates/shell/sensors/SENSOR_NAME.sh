#!/bin/sh
# PACK_NAME.SENSOR_NAME: its configuration comes as CONFIG_NAME='value' on stdin; each line that it prints is one JSON object.
set -eu
. /dev/stdin

quoted=$(printf '%s' "$CONFIG_PATH" | sed 's/[\\"]/\\&/g')
while true; do
    used=$(df -P -- "$CONFIG_PATH" | awk 'NR == 2 { sub("%", "", $5); print $5 }')
    if [ "$used" -ge "$CONFIG_LIMIT" ]; then
        printf '{"trigger": "PACK_NAME.SENSOR_NAME", "data": {"path": "%s", "used": %s}}\n' "$quoted" "$used"
    else
        echo '{"heartbeat": true}'
    fi
    sleep "$CONFIG_SECONDS"
done
