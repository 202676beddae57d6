#!/usr/bin/env bash
# Measures operations as ratios to a floor in the same run, and prints one table.
#
#   ./bench.sh                       the operations on tokens
#   ./bench.sh ingress               what a proxy asks, over wrk
#   ./bench.sh ingress 1 cluster     in one turn instead of three, and only rows with these words in their names
#   ./bench.sh uses                  what it costs to write down the uses of tokens, over wrk
#   ./bench.sh large                 audit and maintenance with a million tokens; a number after it sets how many
#
# Keep a result that justifies a claim: ./bench.sh > bench/results/NAME.md
set -euo pipefail
cd "$(dirname "$0")"
exec dotnet run --project bench/Porthor.Benchmarks --configuration Release -- "$@"
