#!/usr/bin/env bash
# Measures operations as ratios to a floor in the same run, and prints one table.
#
#   ./bench.sh                       the operations on tokens
#   ./bench.sh ingress               what a proxy asks, over wrk
#   ./bench.sh ingress 1 cluster     in one turn instead of three, and only rows with these words in their names
#   ./bench.sh uses                  what it costs to write down the uses of tokens, over wrk
#   ./bench.sh public                forward authentication while clients without a token request each public route at 100 requests/s
#   ./bench.sh large                 audit and maintenance with a million tokens; a number after it sets how many
#   ./bench.sh scale                 a cluster with a million tokens beside its goals: start, pages, audit, revoke, findings, maintenance
#   ./bench.sh scale 50000 audit     with another number of tokens, and only some of these parts
#   ./bench.sh scale --data FOLDER   keeps the data there, and works on a copy, so that the next run need not make them
#
# Keep a result that justifies a claim: ./bench.sh > bench/results/NAME.md
set -euo pipefail
cd "$(dirname "$0")"
exec dotnet run --project bench/Porthor.Benchmarks --configuration Release -- "$@"
