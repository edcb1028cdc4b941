#!/usr/bin/env bash
# Runs tests on Jitsi's own files, which are neither Debian's nor ours to ship: it wants a folder with Jitsi's sources,
#   git clone --depth 1 https://github.com/jitsi/jitsi-meet jitsi
#   JITSI=jitsi e2e/jitsi.sh [stock] [usher] [client] [modules] [flags of go test, such as -run Lobby]
#   stock     Jitsi's own test suite for Prosody (tests/prosody), without usher
#   usher     the same through nginx, usher's gateway and the relay, to the same modules
#   client    what people see in Chromium, on Jitsi's modules, in the lib-jitsi-meet of CLIENT=FILE: a build of it for
#             browsers, lib-jitsi-meet.min.js; without CLIENT in that of December 2021, which npm has
#   modules   our tests of the relay, on Jitsi's modules instead of our stand-ins, on both Prosodys
# Without a word all but client. Installs from Debian and npm what is missing, asks nothing. The suite wants Prosody's ports
# and folders, and gets them in namespaces of its own: nothing of the machine is touched. That needs root, or user
# namespaces. USHER_BINARY is an usher that has been built already; SPECS='mod_auth_token_spec.js …' runs these files of the suite only; KEEP=1 keeps logs and reports.
set -euo pipefail

name=jitsi
# shellcheck source=e2e/common.sh
. "$(dirname "$0")/common.sh"

usage="e2e/jitsi.sh needs JITSI=DIR, a folder with Jitsi's sources:
  git clone --depth 1 https://github.com/jitsi/jitsi-meet jitsi
  JITSI=jitsi e2e/jitsi.sh"
[ -n "${JITSI:-}" ] || die "$usage"
jitsi=$(cd "$JITSI" 2>/dev/null && pwd) || die "there is no folder $JITSI"
plugins=$jitsi/resources/prosody-plugins
[ -f "$plugins/mod_auth_token.lua" ] || die "$jitsi has no resources/prosody-plugins/mod_auth_token.lua in it"
cd "$(dirname "$0")/.."
here=$PWD

cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/usher/jitsi-suite
mkdir -p "$cache"
work=$(mktemp -d "$cache/.work.XXXXXX")
cleanup() { if [ -z "${KEEP:-}" ]; then rm -rf "$work"; else say "kept $work"; fi; }
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

words=()
while [ "$#" -gt 0 ]; do
	case $1 in
	stock | usher | client | modules) words+=("$1") ;;
	*) break ;;
	esac
	shift
done
if [ "${#words[@]}" -eq 0 ]; then words=(stock usher modules); fi
wanted() { case " ${words[*]} " in *" $1 "*) true ;; *) false ;; esac; }

# lua_libraries lays out what Debian has for other Luas than the 5.4 that both Prosodys run on; Lua itself does not mind.
lua_libraries() {
	local library found
	mkdir -p "$work/lua"
	for library in basexx inspect; do
		found=$(dpkg -L "lua-$library" | grep "/$library\.lua$" | tail -n 1)
		cp "$found" "$work/lua/"
	done
}

# npm_packages installs what the suite wants, but for what starts its container and draws its reports.
npm_packages() {
	local sum packages=$cache/packages
	sum=$(sha256sum <"$jitsi/tests/prosody/package.json" | cut -c -16)
	if [ ! -d "$packages-$sum" ]; then
		say "installing the suite's packages with npm"
		mkdir "$work/npm"
		node -e 'const p = JSON.parse(require("fs").readFileSync(0)); delete p.dependencies.testcontainers;
			for (const d of Object.keys(p.devDependencies)) if (d.startsWith("allure")) delete p.devDependencies[d];
			process.stdout.write(JSON.stringify(p))' <"$jitsi/tests/prosody/package.json" >"$work/npm/package.json"
		(cd "$work/npm" && quietly npm install --ignore-scripts --no-audit --no-fund --no-update-notifier) ||
			die "npm could not install what the suite wants"
		mv -T "$work/npm" "$packages-$sum" 2>/dev/null || [ -d "$packages-$sum" ]
	fi
	node_modules=$packages-$sum/node_modules
}

# prosody_13 writes its two programs: the commands of the suite talk to it, and it finds its library in the cache.
prosody_13() {
	local prosody13=${USHER_PROSODY13:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/usher/prosody13}
	mkdir -p "$work/bin"
	cp "$prosody13/launcher" "$work/bin/prosody"
	sed -e "s|^CFG_SOURCEDIR=.*|CFG_SOURCEDIR='$prosody13/prosody';|" \
		-e "s|^CFG_PLUGINDIR=.*|CFG_PLUGINDIR='$prosody13/prosody/modules/';|" \
		-e '0,/^local startup/s//if not pcall(require, "prosody.loader") then pcall(require, "loader"); end\nlocal startup/' \
		/usr/bin/prosodyctl >"$work/bin/prosodyctl.lua"
	# A reload is a signal: prosodyctl wants to find Prosody by a file that belongs to its user.
	cat >"$work/bin/prosodyctl" <<-EOT
		#!/bin/sh
		if [ "\$1" = reload ]; then kill -HUP "\$(cat /var/run/prosody/prosody.pid)"; exit; fi
		exec lua5.4 "$work/bin/prosodyctl.lua" --config /etc/prosody/prosody.cfg.lua "\$@"
	EOT
	chmod +x "$work/bin/prosodyctl"
	sed -i "s|\"/usr/lib/prosody/modules\", ||" "$work/etc/cfg/global.cfg.lua"
}

# lay_out copies what the suite's container would be made of.
lay_out() {
	mkdir -p "$work/etc" "$work/plugins"
	cp -r "$jitsi/tests/prosody/docker/prosody.cfg.lua" "$jitsi/tests/prosody/docker/cfg" "$work/etc/"
	cp -r "$plugins/." "$work/plugins/"
	cp "$jitsi"/tests/prosody/fixtures/*-public.pem "$jitsi/tests/prosody/docker/inspect.lua" "$work/plugins/"
	printf '127.0.0.1 localhost\n' >"$work/hosts"
	sed -i -e "s|to = \"console\"|to = \"file\"; filename = \"$work/prosody.log\"|" \
		-e '1i run_as_root = true\npidfile = "/var/run/prosody/prosody.pid"\nhttp_default_host = "localhost"' \
		"$work/etc/cfg/global.cfg.lua"
	# Without lua-unbound Prosody finds no localhost where there is no name server.
	sed -i 's|http://localhost:5280|http://127.0.0.1:5280|' "$work"/etc/cfg/*.lua
	cp -r "$jitsi/tests/prosody" "$work/suite"
	rm -rf "$work/suite/node_modules" "$work/suite/setup.js"
	ln -s "$node_modules" "$work/suite/node_modules"
	cp "$here/e2e/jitsi/container.js" "$work/suite/helpers/container.js"
	cp "$here/e2e/jitsi/mocharc.cjs" "$work/suite/.mocharc.cjs"
}

# key makes what signs inner tokens, and prints its public half as a Lua string.
key() {
	quietly openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$work/$1"
	printf '[[%s]]' "$(openssl pkey -in "$work/$1" -pubout)"
}

# put_usher_before changes Prosody's configuration as docs/jitsi.md says it: the key of inner tokens, and nothing else
# but the port, which nginx has here.
put_usher_before() {
	local hosts=$work/etc/cfg/virtualhosts.cfg.lua
	key inner.pem >"$work/inner.lua"
	key inner-hs256.pem >"$work/inner-hs256.lua"
	printf testsecret >"$work/testsecret"
	chmod 600 "$work/testsecret"
	node -e '
		const fs = require("fs"), [file, main, other] = process.argv.slice(1);
		const text = fs.readFileSync(file, "utf8"), pem = name => fs.readFileSync(name, "utf8");
		fs.writeFileSync(file, text
			.replace(/asap_key_server = .*/, () => "app_secret = " + pem(main))
			.replace(/app_secret = "testsecret"\s*signature_algorithm = "HS256"/,
				() => "app_secret = " + pem(other) + "\n    signature_algorithm = \"RS256\""));
	' "$hosts" "$work/inner.lua" "$work/inner-hs256.lua"
	sed -i 's/http_ports = { 5280 }/http_ports = { 5290 }/' "$work/etc/cfg/global.cfg.lua"
	sed "s|WORK|$work|g" "$here/e2e/jitsi/nginx.conf" >"$work/nginx.conf"
	sed "s|WORK|$work|g" "$here/e2e/jitsi/usher.yaml" >"$work/usher.yaml"
	if [ -n "${USHER_BINARY:-}" ]; then
		cp "$USHER_BINARY" "$work/usher"
	else
		CGO_ENABLED=0 go build -trimpath -o "$work/usher" ./cmd/usher
	fi
	"$work/usher" check --files-only --config "$work/usher.yaml"
}

namespaces() {
	if [ "$(id -u)" -eq 0 ]; then unshare --net --mount "$@"; else unshare --user --map-root-user --net --mount "$@"; fi
}

# run_suite runs the suite as this word says, and leaves its report in the work folder.
run_suite() {
	say "running Jitsi's suite: $1"
	rm -rf "$work/etc" "$work/plugins" "$work/suite" "$work/prosody.log"
	lay_out
	prosody_13
	if [ "$1" = usher ]; then put_usher_before; fi
	namespaces "$here/e2e/jitsi/inside.sh" "$1" "$work" "$work/suite" || die "the suite did not run"
	mv "$work/suite/report.json" "$work/$1.json"
	if [ -n "${KEEP:-}" ]; then cp "$work/prosody.log" "$work/prosody-$1.log"; fi
	reports+=("$1=$work/$1.json")
}

scripts/install.sh prosody13 nginx
need lua-cjson lua-luaossl lua-basexx lua-inspect
lua_libraries
reports=()
if wanted stock || wanted usher; then
	[ -d "$jitsi/tests/prosody" ] || die "$jitsi has no tests/prosody: that is in Jitsi's sources since 2026"
	command -v npm >/dev/null || need npm
	need openssl iproute2
	npm_packages
	if wanted stock; then run_suite stock; fi
	if wanted usher; then run_suite usher; fi
	node "$here/e2e/jitsi/report.js" "${reports[@]}"
fi
if wanted client; then
	scripts/install.sh chromium strophe jitsi
	if [ -n "${CLIENT:-}" ]; then
		[ -f "$CLIENT" ] || die "there is no file $CLIENT"
		mkdir -p "$work/client/lib-jitsi-meet"
		cp "$CLIENT" "$work/client/lib-jitsi-meet/lib-jitsi-meet.min.js"
		cp -r "${USHER_JITSI:-$(dirname "$cache")/jitsi-2.6726.2}/jquery" "$work/client/"
		export USHER_JITSI=$work/client
	fi
	say "running Jitsi's client on the modules in $plugins"
	JITSI=$jitsi LUA_PATH="$work/lua/?.lua;;" go test -count=1 -v -timeout 20m "$@" ./e2e/browser/meeting
fi
if wanted modules; then
	say "running our tests of the relay on the modules in $plugins"
	JITSI=$jitsi LUA_PATH="$work/lua/?.lua;;" go test -count=1 -v -timeout 20m -p 1 "$@" ./e2e/relay
fi
