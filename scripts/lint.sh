#!/usr/bin/env bash
# Formatting, go vet, staticcheck and the toolchain's own modernisers.
set -euo pipefail
cd "$(dirname "$0")/.."

unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
	printf 'not formatted (gofmt -w mends it):\n%s\n' "$unformatted" >&2
	exit 1
fi
go vet ./...
go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
fixes=$(go fix -diff ./... 2>&1 || true)
if [ -n "$fixes" ]; then
	printf 'go fix would change this:\n%s\n' "$fixes" >&2
	exit 1
fi
echo "lint: clean"
