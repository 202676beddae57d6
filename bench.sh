#!/usr/bin/env bash
# Measures operations as ratios to a floor in the same run, and prints one table.
# Keep a result that justifies a claim: ./bench.sh > bench/results/NAME.md
set -euo pipefail
cd "$(dirname "$0")"
exec dotnet run --project bench/Porthor.Benchmarks --configuration Release -- "$@"
