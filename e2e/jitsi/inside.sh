#!/usr/bin/env bash
# The part of e2e/jitsi.sh that has a network and a file system of its own: Prosody on the ports and paths that the suite
# expects, with usher and nginx before it if the first word is usher, and mocha. It ends them by their process ids.
set -euo pipefail

mode=$1 work=$2 suite=$3
ip link set lo up
mount -t tmpfs tmpfs /opt
mkdir /opt/prosody-jitsi-plugins
mount --bind "$work/plugins" /opt/prosody-jitsi-plugins
mount --bind "$work/etc" /etc/prosody
mount -t tmpfs tmpfs /var/lib/prosody
mkdir -p /var/run/prosody
mount --bind "$work/hosts" /etc/hosts
export PATH=$work/bin:$PATH PROSODY_LOG=$work/prosody.log LUA_PATH="$work/lua/?.lua;;"

pids=()
end() {
	if [ "${#pids[@]}" -gt 0 ]; then kill "${pids[@]}" 2>/dev/null || true; fi
	wait || true
}
trap end EXIT

# account writes one with a password that Prosody hashes at the first login.
account() {
	mkdir -p "/var/lib/prosody/$1/accounts"
	printf 'return { ["password"] = "%s"; };\n' "$3" >"/var/lib/prosody/$1/accounts/$2.dat"
}
account auth%2elocalhost focus focussecret
account recorder%2elocalhost recorder recordersecret
account recorder%2elocalhost transcriber transcribersecret

# listening waits until somebody takes connections at a port of this network.
listening() {
	local try
	for try in $(seq 300); do
		if (: </dev/tcp/127.0.0.1/"$1") 2>/dev/null; then return; fi
		sleep 0.1
	done
	printf 'jitsi: nobody listens at port %s after %s tries\n' "$1" "$try" >&2
	return 1
}

"$work/bin/prosody" --config /etc/prosody/prosody.cfg.lua -F >"$work/prosody.out" 2>&1 &
pids+=($!)
if [ "$mode" = usher ]; then
	listening 5290
	"$work/usher" serve --config "$work/usher.yaml" >"$work/usher.log" 2>&1 &
	pids+=($!)
	listening 8281
	nginx -e "$work/nginx.log" -c "$work/nginx.conf" >"$work/nginx.out" 2>&1 &
	pids+=($!)
fi
listening 5280
cd "$suite"
if [ "$mode" = usher ]; then
	# The first login by a key server's key is told to come again: usher fetches no key while somebody waits.
	SPECS=mod_token_affiliation_spec.js node node_modules/mocha/bin/mocha.js >/dev/null 2>&1 || true
	rm -f report.json
fi
node node_modules/mocha/bin/mocha.js >"$work/mocha.out" 2>&1 || true
test -s report.json || { tail -50 "$work/mocha.out" >&2; exit 1; }
