#!/usr/bin/env bash
# Proves what usher setup jitsi --docker prints on docker-jitsi-meet's own files. It wants two folders, and as root:
#   git clone --depth 1 https://github.com/jitsi/docker-jitsi-meet docker
#   git clone --depth 1 https://github.com/jitsi/jitsi-meet jitsi
#   DOCKER=docker JITSI=jitsi e2e/docker.sh [12|13]
# The lines are put into a .env as docs/setup.md has it, and read by the library that docker compose reads with. The
# images' templates are rendered with the environment that each container would have, by a stand-in of jitsi/tpl
# (e2e/setup/docker/tpl), and looked at. Then Prosody, usher and nginx run from them, each file where its container has
# it, in a root of their own that ends with them, and a moderator and others come, to usher itself and through nginx.
# All that is done with a secret that usher and Prosody share (--hs256), and with a key if the release knows of keys.
# Prosody is that of the release's image, 12 or 13, unless a word says so. There is no docker, no jicofo and none of
# the community's modules. USHER_BINARY is an usher that has been built already; KEEP=1 keeps what was said.
set -euo pipefail

name=docker
# shellcheck source=e2e/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=e2e/setup/prosody.sh
. "$(dirname "$0")/setup/prosody.sh"

folder() {
	local found
	found=$(cd "$2" 2>/dev/null && pwd) || die "there is no folder $1=$2"
	[ -e "$found/$3" ] || die "$found has no $3"
	printf '%s\n' "$found"
}
[ -n "${DOCKER:-}" ] && [ -n "${JITSI:-}" ] ||
	die "it needs DOCKER=DIR and JITSI=DIR, the sources of docker-jitsi-meet and Jitsi"
[ "$(id -u)" -eq 0 ] || die "it has to make a root of its own: run it as root"
DOCKER=$(folder DOCKER "$DOCKER" prosody/rootfs/defaults/prosody.cfg.lua)
JITSI=$(folder JITSI "$JITSI" resources/prosody-plugins)
cd "$(dirname "$0")/.."
HERE=$PWD
WORK=$(mktemp -d)
chmod 0711 "$WORK"
export DOCKER JITSI HERE WORK
cleanup() { if [ -z "${KEEP:-}" ]; then rm -rf "$WORK"; else say "kept $WORK"; fi; }
trap cleanup EXIT

# compose runs a command with the environment of a service of the folder at hand.
compose() { "$WORK/compose" "$at" "$@"; }

# sets says which lines a container has to have.
sets() {
	local service=$1 line
	shift
	compose "$service" >"$at/env.$service"
	for line in "$@"; do
		grep -qxF "$line" "$at/env.$service" || die "the container $service does not get $line"
	done
}

# written makes the folder that an operator has after the lines of docs/setup.md.
written() {
	mkdir "$at"
	cp "$DOCKER/docker-compose.yml" "$at/"
	sed -E 's/^(J[A-Z_]+_PASSWORD)=$/\1=password/' "$DOCKER/env.example" >"$at/.env"
	echo PUBLIC_URL=https://meet.example.com >>"$at/.env"
	(cd "$at" && "$WORK/usher" setup jitsi --docker --write --host meet.example.com "$@" >written) ||
		{ cat "$at/written"; die "writing failed"; }
	cat "$at/usher.env" >>"$at/.env"
}

# value is a line's value as docker compose has to read it: what is in single quotes stands for itself.
value() { sed -n "s/^$1=//p" "$at/usher.env" | sed "s/^'\(.*\)'\$/\1/"; }

reaches() {
	local secret=() variable
	if [ "$way" = key ]; then secret=(JWT_SIGN_TYPE=RS256); fi
	sets prosody AUTH_TYPE=jwt ENABLE_AUTH=1 JWT_APP_ID=my-app "${secret[@]}" "JWT_APP_SECRET=$(value JWT_APP_SECRET)" \
		"GLOBAL_CONFIG=$(value GLOBAL_CONFIG)" PUBLIC_URL=https://meet.example.com
	sets jicofo JICOFO_ENABLE_AUTH=0 ENABLE_AUTO_OWNER=0
	sets web XMPP_BOSH_URL_BASE=http://usher:8281
	for variable in $(sed -n 's/^\([A-Z_]*\)=.*/\1/p' "$at/usher.env"); do
		grep -qF "$variable=$(value "$variable")" "$at"/env.* || die "no container gets $variable"
	done
}

renders() {
	local part to=$at/config
	mkdir -p "$to/conf.d" "$to/nginx/site-confs"
	while read -r service file part; do
		compose "$service" env NGINX_RESOLVER=127.0.0.1 "$WORK/tpl" "$DOCKER/$service/rootfs/defaults/$file" >"$to/$part" ||
			die "$file is not rendered"
	done <<-END
		prosody prosody.cfg.lua prosody.cfg.lua
		prosody conf.d/jitsi-meet.cfg.lua conf.d/jitsi-meet.cfg.lua
		jicofo jicofo.conf jicofo.conf
		web nginx.conf nginx/nginx.conf
		web meet.conf nginx/meet.conf
		web ssl.conf nginx/ssl.conf
		web default nginx/site-confs/default
	END
}

# wanted is what e2e/setup/docker/values.lua has to print.
wanted() {
	local sign=nil believed
	if [ "$way" = key ]; then
		sign=RS256 believed=$(openssl pkey -in "$at/usher/inner.pem" -pubout)$'\n'
	else
		believed=$(cat "$at/usher/inner.secret")
	fi
	cat <<-END
		meet.jitsi authentication token
		meet.jitsi app_id my-app
		meet.jitsi signature_algorithm $sign
		meet.jitsi asap_key_server nil
		meet.jitsi allow_empty_token false
		meet.jitsi enable_domain_verification false
		meet.jitsi trusted_proxies {127.0.0.1 ::1 172.16.0.0/12}
		meet.jitsi app_secret $believed
		usher.meet.jitsi component_module component
		usher.meet.jitsi component_secret $(cat "$at/usher/component.secret")
		muc.meet.jitsi component_module muc
		muc.meet.jitsi admins {usher.meet.jitsi focus@auth.meet.jitsi}
		muc.meet.jitsi token_verification_allowlist {guest.meet.jitsi hidden.meet.jitsi recorder.meet.jitsi}
		muc.meet.jitsi component_admins_as_room_owners true
		breakout.meet.jitsi component_module muc
		breakout.meet.jitsi admins {usher.meet.jitsi focus@auth.meet.jitsi}
		* component_ports {5347}
		* component_interfaces {*}
		muc.meet.jitsi token_verification true
	END
}

looks() {
	local config=$at/config
	lua5.4 e2e/setup/docker/values.lua "$config/prosody.cfg.lua" | tr '\t' ' ' >"$at/values" ||
		die "Prosody cannot read its files"
	wanted | diff - "$at/values" || die "Prosody's settings are others"
	if grep -Eq '^ *authentication *[:{]' "$config/jicofo.conf"; then die "jicofo asks for a login"; fi
	grep -Eq '^ *enable-auto-owner = false$' "$config/jicofo.conf" || die "jicofo makes owners"
	[ "$(grep -cE 'proxy_pass http://usher:8281/(http-bind|xmpp-websocket)\?' "$config/nginx/meet.conf")" -eq 2 ] ||
		die "nginx does not lead to usher"
	if grep -q 'xmpp.meet.jitsi:5280' "$config/nginx/meet.conf"; then die "nginx leads past usher"; fi
}

# on does everything in one way: shared or key.
on() {
	way=$1 at=$WORK/$1
	shift
	written "$@"
	reaches
	renders
	looks
	say "$way: rendered, and as they should be"
	PROSODY=$prosody AT=$at unshare --mount --net --pid --fork --mount-proc --propagation private \
		bash e2e/setup/docker/root.sh
}

scripts/install.sh nginx
need lua-cjson lua-luaossl lua-basexx lua-inspect openssl python3
build
(cd e2e/setup/docker && GOBIN=$WORK CGO_ENABLED=0 go install ./tpl ./compose && go test -count=1 ./compose) ||
	die "the files for two shards are not read as they should be"
image=12
if grep -q 'PROSODY_PACKAGE_VERSION="13' "$DOCKER/prosody/Dockerfile"; then image=13; fi
prosody=
case ${1:-$image} in
12) ;;
13) prosody=$(with_ctl) ;;
*) die "what is $1? 12 or 13" ;;
esac
say "with Prosody ${1:-$image}"
on shared --hs256
if grep -q JWT_SIGN_TYPE "$DOCKER/docker-compose.yml"; then on key; else say "this release knows of no keys"; fi
