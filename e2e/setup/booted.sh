#!/usr/bin/env bash
# What happens on the machine that e2e/setup/boot.sh boots, with its own systemd and the packages' own units. It takes
# the lines that a person pastes from docs/setup.md and docs/jitsi.md.
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

words() {
	if [ "$?" -ne 0 ]; then journalctl -n 60 --no-pager -u usher -u prosody -u nginx >&2 || true; fi
	journalctl --no-pager -o short-monotonic >"$LOGS/journal" || true
	touch "$LOGS/end"
}
trap words EXIT

# pasted are the lines of the first shell block under a heading of a page, without comments.
pasted() {
	awk -v heading="$2" '$0 == heading { on = 1 } on && /^```sh/ { block = 1; next } /^```/ && block { exit } block' "$HERE/docs/$1" |
		sed -e 's/[ \t]*#.*//' -e '/^$/d'
}

echo "127.0.0.1 localhost $host auth.$host" >/etc/hosts
jitsi_files
test_files /usr/local/share/lua/5.4
systemctl restart prosody jicofo nginx
for _ in {1..100}; do curl -s -o /dev/null http://127.0.0.1:5280/ && break; sleep 0.1; done
say "systemd $(systemctl --version | sed -n '1s/systemd //p'), Prosody $(dpkg-query -W -f='${Version}' prosody)"
say "before: a token of the application opens a room, by Jitsi alone"
both "$secret" true https://127.0.0.1 || die "Jitsi alone does not work here"

mapfile -t lines < <(pasted setup.md "## The steps"; echo "usher token mint --user alice --room standup --moderator")
say "what a person pastes: ${#lines[@]} lines"
[ "${#lines[@]}" -le 4 ] || die "they are more than 4"
remember
for line in "${lines[@]}"; do
	say "\$ $line"
	(cd /root && bash -ec "${line/<address of this repository>/$LOGS/usher.git}") >>"$LOGS/lines" 2>&1 ||
		{ tail -n 30 "$LOGS/lines"; die "this line failed"; }
	case $line in *'setup jitsi') same || die "looking has changed something" ;; esac
done
grep -E "^(made|changed|ran|prosodyctl|nginx)" "$LOGS/lines"
if grep -q "$secret" "$LOGS/lines"; then die "it shows the application's secret"; fi
minted=$(tail -n 1 "$LOGS/lines")
usher setup jitsi --write | grep -q "^Nothing is to be changed" || die "written twice, it changes something"
stands
both "$minted" true https://127.0.0.1 moderator || die "the minted token does not come in"
say "$(systemctl is-enabled usher), $(systemctl is-active usher), $(systemctl show -p NRestarts -p LimitNOFILE usher | tr '\n' ' ')"
if [ "$(ulimit -Hn)" -ge 65536 ] && grep -q LimitNOFILE "$LOGS/status"; then # a container may have fewer
	die "the unit has too few files for its configuration"
fi
systemd-analyze security --no-pager usher.service | tail -n 1

say "usher is killed, and Prosody restarts: the next login is good"
systemctl kill -s KILL usher
ready
both "$secret" true https://127.0.0.1 moderator || die "nobody comes in after usher was killed"
systemctl restart prosody
ready
both "$secret" true https://127.0.0.1 moderator || die "nobody comes in after Prosody's restart"
takes_back
if systemctl is-active usher || systemctl is-enabled usher; then die "usher still runs"; fi
touch "$LOGS/good"
