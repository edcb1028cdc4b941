# shellcheck shell=bash
# What e2e/setup/inside.sh and booted.sh have in common: the files before and after, and who comes in. Their systemctl
# starts things, and LOGS is where words go.

# comes has somebody join: with this secret of the application APP, as a moderator or not, at this address, in this role.
comes() { python3 "$HERE/e2e/setup/client.py" "$host" "${APP:-acme}" "$1" standup "$2" "$4" "$3" "${5:-}"; }

# both has somebody join by BOSH and by WebSocket.
both() { comes "$1" "$2" "$3" bosh "${4:-}" && comes "$1" "$2" "$3" websocket "${4:-}"; }

# nobody is for those who must not come in.
nobody() {
	local way
	for way in bosh websocket; do
		if comes "$1" true "$2" "$way" 2>/dev/null; then die "$3"; fi
	done
}

# listing is everything that setup may touch, with owners and modes; an empty folder of usher's may stay.
listing() { (cd /etc && find prosody nginx jitsi -printf '%p %U:%G %m %l\n' && find /etc/usher -type f 2>/dev/null || true) | sort; }

remember() {
	rm -rf "$LOGS/before" && mkdir "$LOGS/before"
	cp -a /etc/prosody /etc/nginx /etc/jitsi "$LOGS/before/"
	listing >"$LOGS/listing"
}

same() {
	local f
	for f in prosody nginx jitsi; do diff -r "$LOGS/before/$f" "/etc/$f" || return 1; done
	listing | diff "$LOGS/listing" -
}

ready() {
	for _ in {1..150}; do
		runuser -u usher -- usher status >"$LOGS/status" 2>&1 && grep -q "^usher .* is ready" "$LOGS/status" && grep -q "^  relay: Prosody takes" "$LOGS/status" && return
		sleep 0.2
	done
	cat "$LOGS/status"
	die "usher status is not content"
}

# looks_and_writes is what a person pastes after usher is installed.
looks_and_writes() {
	remember
	usher setup jitsi >"$LOGS/looked" || die "looking failed"
	same || die "looking has changed something"
	usher setup jitsi --write >"$LOGS/written" 2>&1 || { cat "$LOGS/written"; die "writing failed"; }
	if grep -q "$secret" "$LOGS/looked" "$LOGS/written"; then die "it shows the application's secret"; fi
	usher setup jitsi --write | grep -q "^Nothing is to be changed" || die "written twice, it changes something"
}

stands() {
	say "after: the application's token is none for Prosody itself"
	nobody "$secret" http://127.0.0.1:5280 "Prosody lets the application's token in past usher"
	ready
	grep -E "is ready|relay:" "$LOGS/status"
	say "after: a moderator and somebody else, through nginx and usher"
	both "$secret" true https://127.0.0.1 moderator || die "the moderator does not come in"
	both "$secret" false https://127.0.0.1 participant || die "somebody else does not come in as participant"
	nobody "another secret, which nobody has given" https://127.0.0.1 "a token with another secret comes in"
	runuser -u usher -- usher token mint --user alice --room standup --moderator >"$LOGS/minted" || die "no token is minted"
	both "$(tail -n 1 "$LOGS/minted")" true https://127.0.0.1 moderator || die "a minted token does not come in"
}

takes_back() {
	say "--undo"
	usher setup jitsi --undo >"$LOGS/undone" 2>&1 || { cat "$LOGS/undone"; die "taking back failed"; }
	same || die "it is not what it was"
	both "$secret" true https://127.0.0.1 || die "Jitsi alone does not work any more"
	say "all is as it was"
}
