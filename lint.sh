#!/usr/bin/env bash
# Checks the style of the code, the scripts, and the relative links in the documents. Changes no files.
set -euo pipefail
cd "$(dirname "$0")"
failed=0
fail() { echo "lint: $*" >&2; failed=1; }

dotnet restore --nologo --verbosity quiet || fail "a package cannot be restored, or a packages.lock.json is out of date"
dotnet build --no-restore --nologo --verbosity quiet || fail "the build has warnings or errors"
# The build reports the other style rules. These two commands take less than half of the time of 'dotnet format' without arguments.
dotnet format whitespace --verify-no-changes --no-restore --verbosity quiet || fail "run 'dotnet format whitespace'"
dotnet format style --diagnostics IMPORTS --verify-no-changes --no-restore --verbosity quiet \
  || fail "run 'dotnet format style --diagnostics IMPORTS'"

if command -v shellcheck >/dev/null; then
  shellcheck ./*.sh tools/*.sh .ci/run deploy/systemd/porthor-admin || fail "shellcheck reports errors in a script"
else
  fail "shellcheck is not installed; './test.sh --install-only' installs it"
fi

# The OpenAPI document: two linters, and the compilation of a generated client.
if command -v npm >/dev/null; then
  (
    cd tools/openapi
    npm ci --silent --no-audit --no-fund
    dotnet run --no-build --project ../../src/Porthor.Server -- openapi-schema >openapi.json
    npm run --silent check
  ) || fail "the OpenAPI document has errors"
else
  echo "lint: npm is not installed, so the OpenAPI document was not checked" >&2
fi

# Texts that the sources must not contain.
if git grep -nE 'TODO|FIXME|NotImplementedException' -- 'src/**' 'tests/**' ':!lint.sh'; then fail "the sources contain unfinished work"; fi
if git grep -nIE '[[:blank:]]+$' -- ':!*.md'; then fail "trailing whitespace"; fi
tools/words.sh || fail "the texts contain words to avoid"
tools/lines.sh || fail "lines are too long"

# Relative links in documents.
while IFS=: read -r file link; do
  target=${link#*](}
  target=${target%%[)#]*}
  case "$target" in "" | http* | "?"*) continue ;; esac # "](?:" is part of a regular expression
  [ -e "$(dirname "$file")/$target" ] || fail "$file links to $target, which does not exist"
done < <(git grep -noE '\]\([^)]+\)' -- '*.md' | sed -E 's/^([^:]+):[0-9]+:/\1:/')

# References to pages and sections of docs/contract, to deviations and to scenarios.
tools/references.sh || fail "a reference does not resolve"
tools/scenarios.sh --check || fail "docs/contract/scenarios.md does not agree with the comments of the tests"

exit $failed
