#!/bin/sh
# The pattern of `name` in greet.yaml allows no quote and no backslash, so sed is enough to take it out of the JSON.
set -eu
name=$(tr -d '\n' | sed -n 's/.*"name"[ ]*:[ ]*"\([^"]*\)".*/\1/p')
echo "greeting $name"
printf '{"greeting": "hello %s"}\n' "$name" >"$ATTUNE_RESULT"
