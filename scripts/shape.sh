#!/usr/bin/env bash
# Prints the measures of the house: files a folder, unexported names a package, methods a type, lengths.
#   scripts/shape.sh [-C CHECKOUT] [-most ROWS]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
exec go run ./scripts/shape "$@"
