#!/usr/bin/env bash
# Runs usher setup jitsi on a machine of its own, with the files that Jitsi's packages leave behind. It wants a folder
# with Jitsi's sources, and as root:
#   git clone --depth 1 https://github.com/jitsi/jitsi-meet jitsi
#   JITSI=jitsi e2e/setup.sh [12] [13] [booted]
#   12       Debian's Prosody, in namespaces: /etc, /usr/share and /var/lib are copies that end with them, and there is
#            no network but their own. systemctl is a stand-in.
#   13       the same with Prosody 13, of Debian's backports
#   booted   a Debian 12 that boots in a container: its own systemd and units, and usher built and installed by the lines
#            of docs/setup.md. BOOTED=DIR is a tree that has been made already.
# Without a word 12 and 13. Each looks, writes, has a moderator join through nginx, usher and Prosody, by BOSH and by
# WebSocket, and takes everything back. jicofo is not there, its account is that of the test. USHER_BINARY is an usher
# that has been built already; KEEP=1 keeps what was said.
set -euo pipefail

name=setup
# shellcheck source=e2e/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=e2e/setup/prosody.sh
. "$(dirname "$0")/setup/prosody.sh"

[ -n "${JITSI:-}" ] || die "e2e/setup.sh needs JITSI=DIR, a folder with Jitsi's sources"
JITSI=$(cd "$JITSI" 2>/dev/null && pwd) || die "there is no folder $JITSI"
[ -f "$JITSI/doc/debian/jitsi-meet-prosody/prosody.cfg.lua-jvb.example" ] || die "$JITSI has no doc/debian in it"
[ "$(id -u)" -eq 0 ] || die "it has to make users and start services: run it as root"
cd "$(dirname "$0")/.."
HERE=$PWD
WORK=$(mktemp -d)
export JITSI HERE WORK
cleanup() { if [ -z "${KEEP:-}" ]; then rm -rf "$WORK"; else say "kept $WORK"; fi; }
trap cleanup EXIT

# on runs everything on one Prosody: the folder of 13, or nothing.
on() {
	say "on Prosody $1"
	mkdir "$WORK/$1"
	PROSODY=$2 LOGS=$WORK/$1 unshare --mount --net --pid --fork --mount-proc --propagation private bash e2e/setup/inside.sh
}

if [ "$#" -eq 0 ]; then set -- 12 13; fi
scripts/install.sh nginx
need lua-cjson lua-luaossl lua-basexx lua-inspect openssl python3
for word in "$@"; do
	case $word in
	12 | 13)
		[ -x "$WORK/usher" ] || build
		if [ "$word" = 13 ]; then on 13 "$(with_ctl)"; else on 12 ""; fi
		;;
	booted) bash e2e/setup/boot.sh ;;
	*) die "what is $word? 12, 13 or booted" ;;
	esac
done
