#!/usr/bin/env bash
# Checks form: the code's style, the scripts, and that the documents' links lead somewhere. Changes nothing.
set -euo pipefail
cd "$(dirname "$0")"
failed=0
fail() { echo "lint: $*" >&2; failed=1; }

dotnet build --nologo --verbosity quiet || fail "the build has warnings or errors"
dotnet format --verify-no-changes --no-restore --verbosity quiet || fail "run 'dotnet format'"

if command -v shellcheck >/dev/null; then
  shellcheck ./*.sh .ci/run || fail "a script has faults"
else
  echo "lint: shellcheck is not installed, scripts were not checked" >&2
fi

# What must not be in the sources.
if git grep -nE 'TODO|FIXME|NotImplementedException' -- 'src/**' 'tests/**' ':!lint.sh'; then fail "unfinished marks"; fi
if git grep -nIE '[[:blank:]]+$' -- ':!*.md'; then fail "blanks at the end of lines"; fi

# Relative links in documents.
while IFS=: read -r file link; do
  target=${link#*](}
  target=${target%%[)#]*}
  case "$target" in "" | http*) continue ;; esac
  [ -e "$(dirname "$file")/$target" ] || fail "$file links to $target, which is not there"
done < <(git grep -noE '\]\([^)]+\)' -- '*.md' | sed -E 's/^([^:]+):[0-9]+:/\1:/')

exit $failed
