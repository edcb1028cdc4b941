#!/usr/bin/env bash
# The machine of e2e/setup.sh in namespaces. Everything here ends with them.
set -euo pipefail

name=setup host=meet.example.org
# shellcheck source=e2e/common.sh
. "$HERE/e2e/common.sh"
# shellcheck source=e2e/setup/lay.sh
. "$HERE/e2e/setup/lay.sh"
# shellcheck source=e2e/setup/prosody.sh
. "$HERE/e2e/setup/prosody.sh"
# shellcheck source=e2e/setup/walk.sh
. "$HERE/e2e/setup/walk.sh"

ip link set lo up
# The copies are in memory: a file system of this kind may not stand on another of its kind.
mount -t tmpfs tmpfs /mnt
for folder in /etc /usr/share /usr/lib/x86_64-linux-gnu/lua /var/lib /var/log /usr/local/bin; do
	[ -d "$folder" ] || continue
	mkdir -p "/mnt/up$folder" "/mnt/work$folder"
	mount -t overlay overlay -o "lowerdir=$folder,upperdir=/mnt/up$folder,workdir=/mnt/work$folder" "$folder"
done
if [ -n "$PROSODY" ]; then takes_place "$PROSODY"; fi
mount -t tmpfs tmpfs /run
mkdir -p /run/prosody /run/usher
chown prosody: /run/prosody
echo "127.0.0.1 localhost $host auth.$host" >/etc/hosts
chmod 0711 "$(dirname "$LOGS")" "$LOGS"

jitsi_files
test_files /usr/share/lua/5.4

# systemctl does here what systemd would, and remembers what it was told.
cat >/usr/local/bin/systemctl <<END
#!/usr/bin/env bash
logs=$LOGS
END
cat >>/usr/local/bin/systemctl <<'END'
echo "$*" >>"$logs/systemctl"
stop() { if [ -f "/mnt/$1.pid" ]; then kill "$(cat "/mnt/$1.pid")" 2>/dev/null; tail --pid="$(cat "/mnt/$1.pid")" -f /dev/null; fi; }
case "$*" in
"restart usher")
	stop usher
	chown usher: /run/usher
	runuser -u usher -- /usr/local/bin/usher serve >>"$logs/usher" 2>&1 &
	echo $! >/mnt/usher.pid
	for _ in {1..100}; do runuser -u usher -- usher status >/dev/null 2>&1; [ $? -lt 3 ] && exit 0; sleep 0.1; done
	exit 1 ;;
"restart prosody")
	stop prosody
	runuser -u prosody -- prosody -F >>"$logs/prosody" 2>&1 &
	echo $! >/mnt/prosody.pid
	for _ in {1..100}; do curl -s -o /dev/null http://127.0.0.1:5280/ && exit 0; sleep 0.1; done
	exit 1 ;;
"reload nginx") nginx -s reload ;;
"disable --now usher") stop usher ;;
esac
exit 0
END
chmod 0755 /usr/local/bin/systemctl
words() {
	if [ "$?" -ne 0 ]; then exec >&2; tail -n 25 "$LOGS/usher" "$LOGS/prosody" /var/log/prosody/* 2>/dev/null || true; fi
}
trap words EXIT
systemctl restart prosody
nginx

say "before: a token of the application opens a room, by Jitsi alone"
both "$secret" true https://127.0.0.1 || die "Jitsi alone does not work here"

say "what a person pastes"
install -m 0755 "$WORK/usher" /usr/local/bin/usher
install -D -m 0644 "$HERE/deploy/usher.sysusers" /etc/sysusers.d/usher.conf
systemd-sysusers /etc/sysusers.d/usher.conf >/dev/null
looks_and_writes
cat "$LOGS/systemctl"
stands
takes_back
