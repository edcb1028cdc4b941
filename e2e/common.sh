# shellcheck shell=bash
# What e2e/community.sh and e2e/jitsi.sh share; the script that reads it has set name.

say() { printf '%s: %s\n' "$name" "$*"; }
die() {
	printf '%s: %s\n' "$name" "$*" >&2
	exit 1
}

# quietly shows what a command says only when it fails.
quietly() {
	local out
	if out=$("$@" 2>&1); then return 0; fi
	printf '%s\n' "$out" >&2
	return 1
}

installed() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# need installs packages that start nothing. Its caller has run scripts/install.sh, which has brought Prosody.
need() {
	local missing=() package sudo=()
	for package in "$@"; do
		if ! installed "$package"; then missing+=("$package"); fi
	done
	if [ "${#missing[@]}" -eq 0 ]; then return; fi
	command -v apt-get >/dev/null || die "this needs Debian's apt-get; install ${missing[*]} by hand"
	if [ "$(id -u)" -ne 0 ]; then
		sudo -n true 2>/dev/null || die "not root, and sudo would ask for a password: run 'sudo true' first, or this as root"
		sudo=(sudo -n)
	fi
	say "installing ${missing[*]}"
	# A foreign repository that does not answer must not stop what Debian's own can give.
	"${sudo[@]}" apt-get -qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 update </dev/null ||
		say "some package lists could not be read; going on"
	quietly "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
		-o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 install "${missing[@]}" </dev/null ||
		die "apt-get could not install ${missing[*]}"
}
