#!/usr/bin/env bash
# Measures operations as ratios to a floor in the same run, and prints one table.
#
#   ./bench.sh              the operations on tokens
#   ./bench.sh ingress      what a proxy asks, over wrk; a number after it sets the turns
#   ./bench.sh large        audit and maintenance with a million tokens; a number after it sets how many
#
# Keep a result that justifies a claim: ./bench.sh > bench/results/NAME.md
set -euo pipefail
cd "$(dirname "$0")"
exec dotnet run --project bench/Porthor.Benchmarks --configuration Release -- "$@"
