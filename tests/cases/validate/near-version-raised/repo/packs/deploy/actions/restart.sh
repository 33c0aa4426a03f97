#!/bin/sh
# Restart a unit: an ordinary program that reads JSON from stdin and leaves JSON in the file that ATTUNE_RESULT names.
# Every value has a pattern in restart.yaml that allows no quote and no backslash, so sed is enough to take one out.
set -eu
umask 077

input=$(cat)
value_of() { printf '%s' "$input" | tr -d '\n' | sed -n "s/.*\"$1\"[ ]*:[ ]*\"\([^\"]*\)\".*/\1/p"; }

unit=$(value_of unit)
revision=$(value_of revision)
token=$(value_of token)

authorised=false
if [ -n "$token" ]; then authorised=true; fi

echo "halting $unit"
echo "starting $unit at $revision"
echo "a note on stderr is no failure" >&2

printf '{"unit": "%s", "revision": "%s", "active": true, "authorised": %s}\n' "$unit" "$revision" "$authorised" >"$ATTUNE_RESULT"
