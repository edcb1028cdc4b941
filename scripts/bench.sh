#!/usr/bin/env bash
# Measures usher beside a reference, in turns in one run, and prints the ratios with what they must be, and what is
# missed at the end. Machines are noisy: the ratio is what counts.
set -euo pipefail
cd "$(dirname "$0")/.."

# A row that fails is named, and the others are measured all the same.
bench() { go test -run '^$' -bench "$@" || echo "FAIL: go test -bench $*"; }

{
	bench . ./auth
	bench Dovecot -benchtime 20000x ./auth/dovecot
	bench 'Login|Tail' ./auth/dovecot
	bench . ./auth/extauth ./auth/extauth/bridge ./auth/httpauth ./auth/gateway ./auth/gateway/stanza ./moderation/muc ./moderation/reconcile ./moderation/sessions
	bench Bytes -benchtime 1x ./moderation/sessions/index
	bench . ./internal/bounded ./internal/cluster/clustertest ./internal/daemon ./internal/httpd ./internal/jid ./internal/listen ./internal/recent ./internal/record ./metrics
	bench . -benchtime 20000x ./internal/journal
	bench Login -benchtime 20000x ./internal/sqlite
	bench Open -benchtime 5x ./internal/sqlite
	bench 'Daemon|Start' ./cmd/usher
	bench Paced -benchtime 15x ./cmd/usher
	bench Prosody -benchtime 10x ./e2e/login
	bench Idle -benchtime 1x ./e2e/rooms
	bench 'Gateway|Relay' ./e2e/gateway
	bench Bus -benchtime 2000x ./e2e/redis
	bench Snapshot -benchtime 5x ./e2e/redis
	bench Scale -benchtime 1000x ./e2e/redis
} | go run ./scripts/benchtable
