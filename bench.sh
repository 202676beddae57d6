#!/usr/bin/env bash
# Measures operations, compares each with a minimum that is measured in the same run, and prints one table.
#
#   ./bench.sh                       operations on tokens
#   ./bench.sh ingress               forward authentication, with wrk
#   ./bench.sh ingress 1 cluster     one round instead of three, and only rows whose names contain the words that follow
#   ./bench.sh usage                 the cost of recording token usage, with wrk
#   ./bench.sh public                forward authentication while clients without a token request each public route at 100 requests/s
#   ./bench.sh large                 audit and maintenance with a million tokens, or with another number
#   ./bench.sh scale                 a cluster with a million tokens and the goals for start, pages, audit, revoke, findings, maintenance
#   ./bench.sh scale 50000 audit     with another number of tokens, and only some of these parts
#   ./bench.sh scale --data FOLDER   keeps the data in this folder and works on a copy; the next run uses the data again
#
# Save results that support a statement in the documentation: ./bench.sh > bench/results/NAME.md
set -euo pipefail
cd "$(dirname "$0")"
exec dotnet run --project bench/Porthor.Benchmarks --configuration Release -- "$@"
