#!/usr/bin/env bash
# Runs usher setup jitsi on a machine of its own: /etc, /usr/share and /var/lib are copies that end with it, and it has
# no network but its own. It wants a folder with Jitsi's sources, whose files are laid out there as its packages do it:
#   git clone --depth 1 https://github.com/jitsi/jitsi-meet jitsi
#   JITSI=jitsi e2e/setup.sh
# It looks, writes, has a moderator join through nginx, usher and Prosody, and takes everything back. As root, or where
# user namespaces are allowed; jicofo is not there, its account is that of the test. KEEP=1 keeps what was said.
set -euo pipefail

name=setup
# shellcheck source=e2e/common.sh
. "$(dirname "$0")/common.sh"

[ -n "${JITSI:-}" ] || die "e2e/setup.sh needs JITSI=DIR, a folder with Jitsi's sources"
jitsi=$(cd "$JITSI" 2>/dev/null && pwd) || die "there is no folder $JITSI"
[ -f "$jitsi/doc/debian/jitsi-meet-prosody/prosody.cfg.lua-jvb.example" ] || die "$jitsi has no doc/debian in it"
[ "$(id -u)" -eq 0 ] || die "it has to make users and start services in a namespace: run it as root"
cd "$(dirname "$0")/.."

scripts/install.sh nginx
need lua-cjson lua-luaossl lua-basexx lua-inspect openssl python3
work=$(mktemp -d)
cleanup() { if [ -z "${KEEP:-}" ]; then rm -rf "$work"; else say "kept $work"; fi; }
trap cleanup EXIT
CGO_ENABLED=0 go build -trimpath -o "$work/usher" ./cmd/usher
JITSI=$jitsi WORK=$work HERE=$PWD unshare --mount --net --pid --fork --mount-proc --propagation private bash e2e/setup/inside.sh
