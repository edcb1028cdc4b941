#!/usr/bin/env bash
# Formatting, go vet, staticcheck and the toolchain's own modernisers.
set -euo pipefail
cd "$(dirname "$0")/.."

unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
	printf 'not formatted (gofmt -w mends it):\n%s\n' "$unformatted" >&2
	exit 1
fi
# What go build writes into the checkout is easily added with the rest, and stays in the history for good.
if git rev-parse --git-dir >/dev/null 2>&1; then
	large=$(git ls-files -z | xargs -0 -r find 2>/dev/null -type f -size +512k || true)
	if [ -n "$large" ]; then
		printf 'too large for the repository (git rm --cached takes it out):\n%s\n' "$large" >&2
		exit 1
	fi
fi
go vet ./...
go vet -tags boot ./e2e/install
for own in e2e/containers e2e/provider/server; do # modules of their own
	go -C "$own" vet ./...
	go -C "$own" mod tidy -diff
done
go mod tidy -diff
go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
fixes=$(go fix -diff ./... 2>&1 || true)
if [ -n "$fixes" ]; then
	printf 'go fix would change this:\n%s\n' "$fixes" >&2
	exit 1
fi
echo "lint: clean"
