#!/usr/bin/env bash
# The steps of action.yml. Everything that a workflow or a pull request can say comes in as a variable, never as text of a script.
# Python runs isolated (-I): `-m` would look for modules in the checked out folder first, where a pull request may put a `pip.py`.
set -euo pipefail

attune_bin="${RUNNER_TEMP:?}/attune/bin"

install() {
    python3 -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
        echo "::error title=attune::python3 of this runner is older than 3.11; put actions/setup-python before this step"
        exit 2
    }
    python3 -I -m venv "$RUNNER_TEMP/attune"
    echo "$attune_bin" >>"${GITHUB_PATH:-/dev/null}" # for later steps, such as `attune test`
    local pip=("$attune_bin/python" -I -m pip --quiet --disable-pip-version-check install)
    if [ -n "${INPUT_VERSION:-}" ]; then
        "${pip[@]}" -- "$INPUT_VERSION"
        return
    fi
    local root="$GITHUB_ACTION_PATH/../../.."
    "${pip[@]}" --require-hashes --no-deps -r "$root/requirements/runtime.txt"
    "${pip[@]}" --no-deps -- "$root"
}

# The base that was asked for; else that of the pull request; else none.
base() {
    if [ -n "${INPUT_BASE:-}" ]; then
        printf '%s' "$INPUT_BASE"
    elif [ -n "${GITHUB_EVENT_PATH:-}" ]; then
        "$attune_bin/python" -I -c '
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    event = json.load(file)
print((event.get("pull_request") or {}).get("base", {}).get("sha", ""), end="")
' "$GITHUB_EVENT_PATH"
    fi
}

validate() {
    local against words=(--format "$1")
    against="$(base)"
    if [ -n "$against" ] && [ "${INPUT_CHANGED_ONLY:-false}" = true ]; then
        words+=("--changed=$against...")
    elif [ -n "$against" ]; then
        words+=("--base=$against")
    fi
    if [ "${INPUT_STRICT:-false}" = true ]; then
        words+=(--strict)
    fi
    "$attune_bin/attune" validate "${words[@]}" -- "${INPUT_PATH:-.}"
}

plan() {
    local against file="$RUNNER_TEMP/attune-plan.md"
    against="$(base)"
    if [ -z "$against" ]; then
        echo "::notice title=attune::there is no base to compare with, so there is no plan"
        return
    fi
    "$attune_bin/attune" plan --format markdown "--events=${INPUT_PLAN_EVENTS:?}" -- "$against..." "${INPUT_PATH:-.}" >"$file"
    cat "$file" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
    echo "file=$file" >>"${GITHUB_OUTPUT:-/dev/null}"
}

case "${1:-}" in
install) install ;;
validate) validate github ;;
plan) plan ;;
sarif) validate sarif >"$RUNNER_TEMP/attune.sarif" || [ $? -eq 1 ] ;;
*)
    echo "usage: run.sh install|validate|plan|sarif" >&2
    exit 2
    ;;
esac
