# shellcheck shell=bash disable=SC2154
# A Debian 12 that systemd-nspawn boots for the tests of the package, for scripts/install.sh.

complete_machine() { [ -x "$1/sbin/init" ] && [ -s "$1/etc/hosts" ] && ls "$1"/var/cache/apt/archives/prosody_*.deb >/dev/null 2>&1; }

# in_machine runs a command in the folder of a machine that is being made.
in_machine() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive chroot "$work/new" "$@" </dev/null
}

# make_machine has debootstrap make a small Debian 12, and downloads what it is to install: it has no network later.
make_machine() {
	local mirror
	mirror=$(configured_mirror | head -n 1)
	say "making a Debian 12 in $machine"
	retry quietly debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,ca-certificates,man-db,procps \
		bookworm "$work/new" "${mirror:-http://deb.debian.org/debian}" || return 1
	cp /etc/resolv.conf "$work/new/etc/resolv.conf"
	retry quietly in_machine apt-get -qq -o Acquire::Retries=3 update &&
		retry quietly in_machine apt-get -qq -y -o Acquire::Retries=3 --download-only install prosody prosody-modules &&
		echo usher-test >"$work/new/etc/hostname" &&
		printf '127.0.0.1 localhost usher-test\n::1 localhost\n' >"$work/new/etc/hosts"
}

install_machine() {
	if complete_machine "$machine"; then
		say "a Debian 12 to be booted: already in $machine"
		return
	fi
	[ "$(id -u)" -eq 0 ] || die "only root can make a machine and boot it; run this as root"
	command -v debootstrap >/dev/null || die "there is no debootstrap; apt-get install debootstrap says why"
	begin "$machine"
	make_machine || die "debootstrap could not make a Debian 12; see /etc/apt for the address it takes it from"
	put "$machine" complete_machine
	finish
	say "a Debian 12 to be booted: in $machine"
}
