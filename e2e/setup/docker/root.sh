#!/usr/bin/env bash
# The containers of e2e/docker.sh in one: a root of its own, where every file lies as its image has it, and a network of
# addresses that docker's could have. Prosody, usher and nginx are told nothing else than their files.
set -euo pipefail

name=docker host=meet.jitsi
# shellcheck source=e2e/common.sh
. "$HERE/e2e/common.sh"
# shellcheck source=e2e/setup/prosody.sh
. "$HERE/e2e/setup/prosody.sh"
# shellcheck source=e2e/setup/walk.sh
. "$HERE/e2e/setup/walk.sh"

# enter starts this script again in a copy of / that is gone with it.
enter() {
	local folder
	ip link set lo up
	for folder in 2 3 4; do ip address add "172.20.0.$folder/32" dev lo; done
	mount -t tmpfs tmpfs /mnt
	mkdir /mnt/up /mnt/work /mnt/root
	mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/up,workdir=/mnt/work /mnt/root
	for folder in /proc /dev "$HERE" "$JITSI" "$DOCKER" "$WORK" ${PROSODY:+"$PROSODY"}; do
		mkdir -p "/mnt/root$folder"
		mount --rbind "$folder" "/mnt/root$folder"
	done
	mount -t tmpfs tmpfs /mnt/root/mnt
	mount -t tmpfs tmpfs /mnt/root/run
	INSIDE=1 exec chroot /mnt/root bash "$HERE/e2e/setup/docker/root.sh"
}
if [ -z "${INSIDE:-}" ]; then enter; fi

# lay puts the files where the images have them. Releases before 2026 keep theirs in /config, later ones elsewhere.
lay() {
	local domain
	printf '%s\n' "127.0.0.1 localhost" "172.20.0.2 xmpp.meet.jitsi" "172.20.0.3 usher" >/etc/hosts
	rm -rf /config /defaults /storage /etc/prosody /prosody-plugins*
	cp -r "$AT/config" /config
	mkdir -p /run/prosody /run/web /run/usher /var/lib/usher /prosody-plugins-custom
	mkdir -p /config/certs /config/data /config/keys /config/nginx-custom
	ln -s /config /run/prosody/config
	ln -s /config /run/web/config
	ln -s /config /storage
	cp -r "$JITSI/resources/prosody-plugins" /prosody-plugins
	if [ -d "$DOCKER/prosody/rootfs/prosody-plugins" ]; then
		cp -r "$DOCKER/prosody/rootfs/prosody-plugins/." /prosody-plugins/
	fi
	cp -r "$DOCKER/web/rootfs/defaults" /defaults
	libraries /usr/share/lua/5.4
	for domain in certs/meet.jitsi: certs/auth.meet.jitsi: keys/cert:; do
		openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$(basename "${domain%:}")" \
			-keyout "/config/${domain%:}.key" -out "/config/${domain%:}.crt" 2>/dev/null
	done
	chown -R prosody: /run/prosody /config/certs /config/data
	chown 65532:65532 /run/usher /var/lib/usher
	mkdir -p /etc/usher
	mount --bind "$AT/usher" /etc/usher
	mount -o remount,bind,ro /etc/usher
	install -m 0755 "$WORK/usher" /usher
}

# as_usher runs a command as the user of usher's image.
as_usher() { setpriv --reuid 65532 --regid 65532 --clear-groups "$@"; }

# names is docker's own name service, which nginx asks.
names() { python3 "$HERE/e2e/setup/docker/names.py" >"$AT/names" 2>&1 & }

starts() {
	prosodyctl --config /run/prosody/config/prosody.cfg.lua register focus auth.meet.jitsi "password of focus" \
		>"$AT/registered" 2>&1 || { cat "$AT/registered"; die "no account is made"; }
	chown -R prosody: /var/lib/prosody /config/data
	runuser -u prosody -- prosody --config /run/prosody/config/prosody.cfg.lua -F >"$AT/prosody" 2>&1 &
	as_usher /usher serve >"$AT/said" 2>&1 &
	names
	nginx -c /config/nginx/nginx.conf >"$AT/nginx" 2>&1 &
	for _ in {1..150}; do
		as_usher /usher status >"$AT/status" 2>&1 && grep -q "^usher .* is ready" "$AT/status" &&
			grep -q "^  relay: Prosody takes" "$AT/status" && return
		sleep 0.2
	done
	die "usher status is not content"
}

words() {
	if [ "$?" -eq 0 ]; then return; fi
	tail -n 25 "$AT/status" "$AT/said" "$AT/prosody" "$AT/nginx" "$AT/names" >&2 2>/dev/null || true
}
trap words EXIT

if [ -n "$PROSODY" ]; then takes_place "$PROSODY"; fi
lay
starts
grep -E "is ready|relay:" "$AT/status"
# errors are those that are no fault here: a module that is not in the folders at hand (the image has it from
# elsewhere, or this Jitsi is of another time), and the image's own for health, which comes before there is a port.
errors() { sed -n 's/.*[[:space:]]error[[:space:]]//p' "$AT/prosody" | sort -u; }
absent=$(errors | sed -n "s/^Unable to load module '\([^']*\)'.*No such file.*/\1/p" | tr '\n' ' ')
if [ -n "$absent" ]; then say "modules that are not here: $absent"; fi
case " $absent" in *" auth_token "* | *" token_verification "*) die "without these nothing is proved" ;; esac
if errors | grep -vE "^Unable to load module '.*No such file|'health' will be unreachable"; then die "Prosody has errors"; fi

secret=@$AT/usher/my-app.secret
export APP=my-app MUC=muc.meet.jitsi ORIGIN=https://meet.example.com
port=$(sed -nE 's/^\s*listen ([0-9]+) ssl.*/\1/p' /config/nginx/nginx.conf /config/nginx/site-confs/default | head -n 1)
for url in http://172.20.0.3:8281 "https://172.20.0.4:$port"; do
	say "a moderator and somebody else, by $url"
	both "$secret" true "$url" moderator || die "the moderator does not come in"
	both "$secret" false "$url" participant || die "somebody else does not come in as participant"
	nobody "another secret, which nobody has given" "$url" "a token with another secret comes in"
	ORIGIN=https://elsewhere.example nobody "$secret" "$url" "a page from elsewhere comes in"
done
nobody "$secret" http://172.20.0.2:5280 "Prosody lets the application's token in past usher"
as_usher /usher token mint --user alice --room standup --moderator >"$AT/minted" || die "no token is minted"
both "$(tail -n 1 "$AT/minted")" true "https://172.20.0.4:$port" moderator || die "a minted token does not come in"
say "all came in who should"
