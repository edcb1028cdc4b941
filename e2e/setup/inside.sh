#!/usr/bin/env bash
# The machine of e2e/setup.sh. Everything here ends with its namespaces.
set -euo pipefail

name=setup
# shellcheck source=e2e/common.sh
. "$HERE/e2e/common.sh"

host=meet.example.org
ip link set lo up
# The copies are in memory: a file system of this kind may not stand on another of its kind.
mount -t tmpfs tmpfs /mnt
for folder in /etc /usr/share /usr/lib/x86_64-linux-gnu/lua /var/lib /var/log /usr/local/bin; do
	[ -d "$folder" ] || continue
	mkdir -p "/mnt/up$folder" "/mnt/work$folder"
	mount -t overlay overlay -o "lowerdir=$folder,upperdir=/mnt/up$folder,workdir=/mnt/work$folder" "$folder"
done
mount -t tmpfs tmpfs /run
mkdir -p /run/prosody /run/usher
chown prosody: /run/prosody
hosts="127.0.0.1 localhost $host auth.$host"
echo "$hosts" >/etc/hosts

# What Jitsi's packages leave behind.
templates=$JITSI/doc/debian
mkdir -p /usr/share/jitsi-meet /etc/jitsi/jicofo /etc/jitsi/meet /etc/prosody/conf.avail /etc/prosody/conf.d /etc/nginx/sites-available
rm -f /etc/prosody/conf.d/* /etc/nginx/sites-enabled/*
cp -r "$JITSI/resources/prosody-plugins" /usr/share/jitsi-meet/prosody-plugins
file=/etc/prosody/conf.avail/$host.cfg.lua
sed -e "s/jitmeet.example.com/$host/g" -e s/focusUser/focus/g -e s/__turnSecret__/12345678/ \
	-e 's/authentication = "jitsi-anonymous"/authentication = "token"/' \
	-e 's/ --app_id="[^"]*"/ app_id="acme"/' -e 's/ --app_secret="[^"]*"/ app_secret="a secret of the application: 32 bytes"/' \
	-e '/^ *--"token_verification"/ s/--//' -e '/^    ssl = {/,/^    }/d' \
	"$templates/jitsi-meet-prosody/prosody.cfg.lua-jvb.example" >"$file"
ln -s "$file" "/etc/prosody/conf.d/$host.cfg.lua"
# The test's jicofo is a program without TLS.
sed -i '1i c2s_require_encryption = false\nallow_unencrypted_plain_auth = true' /etc/prosody/prosody.cfg.lua
sed -i '/^c2s_require_encryption = true/d' /etc/prosody/prosody.cfg.lua
grep -q 'conf\.d/\*\.cfg\.lua' /etc/prosody/prosody.cfg.lua || echo 'Include "conf.d/*.cfg.lua"' >>/etc/prosody/prosody.cfg.lua
for library in basexx inspect; do # Debian has these two for other Luas only
	mkdir -p /usr/share/lua/5.4
	cp "$(dpkg -L "lua-$library" | grep "/$library\.lua$" | tail -n 1)" /usr/share/lua/5.4/
done
printf 'jicofo {\n  xmpp: {\n    client: { username: "focus" }\n  }\n}\n' >/etc/jitsi/jicofo/jicofo.conf
sed "s/jitsi-meet.example.com/$host/g" "$templates/jitsi-meet/jitsi-meet.example" >"/etc/nginx/sites-available/$host.conf"
ln -s "/etc/nginx/sites-available/$host.conf" "/etc/nginx/sites-enabled/$host.conf"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$host" -keyout "/etc/jitsi/meet/$host.key" \
	-out "/etc/jitsi/meet/$host.crt" 2>/dev/null
prosodyctl --config /etc/prosody/prosody.cfg.lua register focus "auth.$host" "password of focus" >/dev/null 2>&1

# systemctl does here what systemd would, and remembers what it was told.
cat >/usr/local/bin/systemctl <<'END'
#!/usr/bin/env bash
echo "$*" >>/mnt/systemctl.log
stop() { if [ -f "/mnt/$1.pid" ]; then kill "$(cat "/mnt/$1.pid")" 2>/dev/null; tail --pid="$(cat "/mnt/$1.pid")" -f /dev/null; fi; }
case "$*" in
"restart usher")
	stop usher
	chown usher: /run/usher
	runuser -u usher -- /usr/local/bin/usher serve >>/mnt/usher.log 2>&1 &
	echo $! >/mnt/usher.pid
	for _ in {1..100}; do runuser -u usher -- usher status >/dev/null 2>&1 && exit 0; sleep 0.1; done
	exit 1 ;;
"restart prosody")
	stop prosody
	runuser -u prosody -- prosody -F >>/mnt/prosody.log 2>&1 &
	echo $! >/mnt/prosody.pid
	for _ in {1..100}; do curl -s -o /dev/null http://127.0.0.1:5280/ && exit 0; sleep 0.1; done
	exit 1 ;;
"reload nginx") nginx -s reload ;;
"disable --now usher") stop usher ;;
esac
exit 0
END
chmod 0755 /usr/local/bin/systemctl
systemctl restart prosody
nginx
client=(python3 "$HERE/e2e/setup/client.py" "$host")

say "before: a token of the application opens a room, by Jitsi alone"
"${client[@]}" acme "a secret of the application: 32 bytes" standup true https://127.0.0.1 || { tail -n 40 /mnt/prosody.log /var/log/prosody/*; die "Jitsi alone does not work here"; }

say "what a person pastes"
install -m 0755 "$WORK/usher" /usr/local/bin/usher
install -D -m 0644 "$HERE/deploy/usher.sysusers" /etc/sysusers.d/usher.conf
systemd-sysusers /etc/sysusers.d/usher.conf >/dev/null
cp -a /etc/prosody /etc/nginx /etc/jitsi /mnt/
usher setup jitsi >/mnt/looked || die "looking failed"
same() { diff -r /mnt/prosody /etc/prosody && diff -r /mnt/nginx /etc/nginx && diff -r /mnt/jitsi /etc/jitsi; }
same || die "looking has changed something"
usher setup jitsi --write >/mnt/written 2>&1 || { cat /mnt/written; die "writing failed"; }
usher setup jitsi --write | grep -q "^Nothing is to be changed" || die "written twice, it changes something"
cat /mnt/systemctl.log

say "after: the application's token is none for Prosody itself"
if "${client[@]}" acme "a secret of the application: 32 bytes" standup true http://127.0.0.1:5280 2>/dev/null; then
	die "Prosody lets the application's token in past usher"
fi
for _ in {1..100}; do runuser -u usher -- usher status 2>/dev/null | grep -q "component.*connected" && break; sleep 0.1; done
say "after: a moderator and somebody else, through nginx and usher"
"${client[@]}" acme "a secret of the application: 32 bytes" standup true https://127.0.0.1 moderator ||
	{ tail -n 20 /mnt/usher.log /mnt/prosody.log; die "the moderator does not come in"; }
"${client[@]}" acme "a secret of the application: 32 bytes" standup false https://127.0.0.1 participant ||
	{ tail -n 20 /mnt/usher.log; die "somebody else does not come in as participant"; }
if "${client[@]}" acme "another secret, which nobody has given" standup true https://127.0.0.1 2>/dev/null; then
	die "a token with another secret comes in"
fi

say "--undo"
usher setup jitsi --undo || die "taking back failed"
same || die "it is not what it was"
"${client[@]}" acme "a secret of the application: 32 bytes" standup true https://127.0.0.1 || die "Jitsi alone does not work any more"
say "all is as it was"
