#!/usr/bin/env bash
# Fuzzes every parser with coverage feedback, and keeps the inputs that reach new branches (tests/Porthor.Fuzz).
#
#   ./fuzz.sh 3600                 all targets, one hour in total
#   ./fuzz.sh 60 cookie query      some targets, one minute in total
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:?the number of seconds is missing}
shift

built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
dotnet publish tests/Porthor.Fuzz --nologo --verbosity quiet --output "$built/plain"
cp -r "$built/plain" "$built/instrumented"
dotnet "$built/plain/Porthor.Fuzz.dll" instrument "$built/instrumented"
dotnet "$built/instrumented/Porthor.Fuzz.dll" run tests/Porthor.Fuzz/corpus "$seconds" "$@"
