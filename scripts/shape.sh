#!/usr/bin/env bash
# Prints the measures of the house beside what is aimed at, what stands out in each, and what is against the arrows.
#   scripts/shape.sh [-C CHECKOUT] [-most ROWS]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
exec go run ./scripts/shape "$@"
