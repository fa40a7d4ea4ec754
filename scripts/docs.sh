#!/usr/bin/env bash
# Writes the generated parts of docs/, or with --check says whether they are up to date.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly ARNO=build/release/cli/arno
status=0
for topic in actors ops metrics; do
  fresh=$("$ARNO" docs "$topic")
  if [ "${1:-}" = --check ]; then
    [ "$fresh" = "$(cat "docs/$topic.md" 2>/dev/null)" ] || { echo "docs/$topic.md is out of date" >&2; status=1; }
  else
    printf '%s\n' "$fresh" >"docs/$topic.md"
  fi
done
exit $status
