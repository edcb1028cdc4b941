#!/usr/bin/env bash
# Measures usher beside a reference, in turns in one run, and prints the
# ratios. Machines are noisy: the ratio is what counts.
set -euo pipefail
cd "$(dirname "$0")/.."

{
	go test -run '^$' -bench . ./auth
	go test -run '^$' -bench 'Dovecot' -benchtime 20000x ./auth/dovecot
	go test -run '^$' -bench 'Login|Tail' ./auth/dovecot
	go test -run "^$" -bench . ./auth/extauth ./auth/extauth/bridge ./auth/httpauth ./auth/gateway ./moderation
	go test -run "^$" -bench . ./internal/httpd ./internal/listen ./internal/jid ./metrics
	go test -run "^$" -bench . -benchtime 20000x ./internal/sqlite
	go test -run "^$" -bench Daemon ./cmd/usher
	go test -run "^$" -bench Gateway ./e2e
} | awk '
	/^Benchmark/ {
		name = $1; sub(/^Benchmark/, "", name); sub(/-[0-9]+$/, "", name)
		printf "%-34s", name
		for (i = 3; i < NF; i += 2) if ($(i + 1) != "ns/op" || $i > 0) printf "  %s %s", $i, $(i + 1)
		print ""
		next
	}
	/^(FAIL|panic|---)/ { print; failed = 1 }
	END { exit failed }'
