#!/usr/bin/env bash
# Reports lines that are too long: more than 140 characters in C# and shell scripts, more than 120 in Markdown. The targets of links are
# not counted. Tables, code blocks, lines of one word, and the results of benchmarks are exempt.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8
failed=0

if git ls-files -z '*.cs' '*.sh' .ci/run deploy/systemd/porthor-admin | xargs -0 grep -HnE '^.{141,}' |
  sed -E 's/^([^:]+:[0-9]+):.*/\1: more than 140 characters/'; then
  failed=1
fi

# shellcheck disable=SC2016
if git ls-files -z '*.md' ':!bench/results' | xargs -0 awk '
  FNR == 1 { code = 0 }
  /^ *```/ { code = !code; next }
  code || /^ *\|/ || /^    / || /^ *[-0-9.]* *[^ ]+$/ { next }
  { gsub(/\]\([^)]*\)/, "]"); print FILENAME ":" FNR ":" $0 }
' | grep -E '^[^:]+:[0-9]+:.{121,}' | sed -E 's/^([^:]+:[0-9]+):.*/\1: more than 120 characters/'; then
  failed=1
fi

exit $failed
