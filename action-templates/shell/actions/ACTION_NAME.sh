#!/bin/sh
# PACK_NAME.ACTION_NAME: its input comes as NAME='value' on stdin, its result goes as JSON into the file that ATTUNE_RESULT names.
set -eu
. /dev/stdin

echo "greeting $NAME" >&2 # what is printed is the action's log
quoted=$(printf '%s' "$NAME" | sed 's/[\\"]/\\&/g')
printf '{"greeting": "hello %s"}\n' "$quoted" >"$ATTUNE_RESULT"
