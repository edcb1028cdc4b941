#!/usr/bin/env bash
# Boots a Debian 12 in a container, with nothing but a loopback, and has e2e/setup/booted.sh run in it. e2e/setup.sh
# calls it. What is changed there is in memory, and gone afterwards.
set -euo pipefail

name=setup
# shellcheck source=e2e/common.sh
. "$HERE/e2e/common.sh"

if ! command -v systemd-nspawn >/dev/null; then need systemd-container; fi
[ -z "$(git -C "$HERE" status --porcelain)" ] || say "what is not committed is not installed there"
tree=${BOOTED:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/usher/debian12}
packages=(nginx-light prosody prosody-modules lua-cjson lua-luaossl lua-basexx lua-inspect python3 openssl curl git make)

# debian makes the tree: what a person has who has installed Debian, nginx and Prosody.
debian() {
	if ! command -v debootstrap >/dev/null; then need debootstrap; fi
	say "making a Debian 12 in $tree"
	mkdir -p "$(dirname "$tree")"
	rm -rf "$tree.new"
	quietly debootstrap --variant=minbase --include=systemd-sysv,dbus,iproute2,ca-certificates bookworm "$tree.new" ||
		die "debootstrap failed"
	printf '#!/bin/sh\nexit 101\n' >"$tree.new/usr/sbin/policy-rc.d"
	chmod 0755 "$tree.new/usr/sbin/policy-rc.d"
	quietly chroot "$tree.new" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install \
		"${packages[@]}" </dev/null || die "apt-get failed"
	rm "$tree.new/usr/sbin/policy-rc.d"
	mv -T "$tree.new" "$tree"
}

[ -x "$tree/usr/bin/prosody" ] || debian
export LOGS=$WORK/booted
mkdir -p "$LOGS" "$WORK/memory"
mount -t tmpfs tmpfs "$WORK/memory"
machine=
# halt ends the container however this script ends: its init outlives systemd-nspawn.
halt() {
	if [ -n "$machine" ]; then
		pkill -KILL -P "$machine" || true
		kill -KILL "$machine" 2>/dev/null || true
	fi
}
trap 'halt; umount -R "$WORK/memory"' EXIT
root=$WORK/memory/root
mkdir "$root" "$WORK/memory/up" "$WORK/memory/work"
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$WORK/memory/up,workdir=$WORK/memory/work" "$root"
git clone -q --bare "$HERE" "$LOGS/usher.git"

cat >"$root/etc/systemd/system/walk.service" <<END
[Unit]
After=multi-user.target
[Service]
Type=oneshot
Environment=HERE=/mnt/here JITSI=/mnt/jitsi LOGS=/mnt/logs HOME=/root GOPROXY=off GOFLAGS=-mod=mod GOTOOLCHAIN=local
Environment=GOMODCACHE=/mnt/modules GOCACHE=/mnt/cache PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ExecStart=/bin/bash /mnt/here/e2e/setup/booted.sh
StandardOutput=file:/mnt/logs/said
StandardError=inherit
TimeoutStartSec=30min
SuccessAction=poweroff
FailureAction=poweroff
END
mkdir -p "$root/etc/systemd/system/default.target.wants"
ln -s ../walk.service "$root/etc/systemd/system/default.target.wants/walk.service"
cat >"$root/etc/systemd/system/jicofo.service" <<END
[Service]
ExecStart=/bin/sleep infinity
END

say "booting"
systemd-nspawn --quiet -D "$root" -b --private-network --register=no --keep-unit --link-journal=no --machine=usher-setup \
	--bind-ro="$HERE:/mnt/here" --bind-ro="$JITSI:/mnt/jitsi" --bind="$LOGS:/mnt/logs" \
	--bind-ro="$(go env GOROOT):/usr/local/go" --bind-ro="$(go env GOMODCACHE):/mnt/modules" --bind="$(go env GOCACHE):/mnt/cache" \
	</dev/null >"$LOGS/console" 2>&1 &
machine=$!
while [ ! -e "$LOGS/end" ] && kill -0 "$machine" 2>/dev/null; do sleep 1; done
(sleep 30 && halt) 2>/dev/null & # it is halted by itself, mostly
wait "$machine" || true
kill $! 2>/dev/null || true
machine=
cat "$LOGS/said" 2>/dev/null || { tail -n 20 "$LOGS/console"; die "it did not boot"; }
[ -f "$LOGS/good" ] || die "it did not go well"
