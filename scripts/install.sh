#!/usr/bin/env bash
# Installs from Debian what the end-to-end tests and the demo need. Asks nothing, starts nothing, and does nothing
# when all is there.
#   scripts/install.sh             Prosody and its community modules
#   scripts/install.sh prosody13   the same, and Prosody 13 from bookworm-backports, unpacked beside it into
#                                  ${XDG_CACHE_HOME:-~/.cache}/usher/prosody13 (or $USHER_PROSODY13)
#   scripts/install.sh ejabberd    the same as without a word, and ejabberd; the words can be given together
#   scripts/install.sh slixmpp     the same, and an XMPP client library in Python, for the tests
set -euo pipefail

packages=(prosody prosody-modules)
new_services=()
with_13=
policy=/usr/sbin/policy-rc.d
policy_mark='put here by scripts/install.sh of usher while it installs'
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}
target=${USHER_PROSODY13:-$cache/usher/prosody13}
work=
sudo=()
ours=

say() { printf 'install: %s\n' "$*"; }
die() {
	printf 'install: %s\n' "$*" >&2
	exit 1
}

cleanup() {
	if [ -n "$ours" ]; then "${sudo[@]}" rm -f "$policy"; fi
	if [ -n "$work" ]; then rm -rf "$work"; fi
}
# The signals are caught so that the shell waits for a running apt-get before it cleans up: without the policy file
# the rest of that installation would start the servers.
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# retry runs a command up to three times: mirrors and networks have bad moments.
retry() {
	local try
	for try in 1 2 3; do
		if "$@"; then return 0; fi
		if [ "$try" -lt 3 ]; then sleep $((try * 2)); fi
	done
	return 1
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

as_root() {
	if [ "$(id -u)" -eq 0 ]; then return; fi
	command -v sudo >/dev/null || die "not root and no sudo: run this as root"
	sudo -n true 2>/dev/null || die "sudo would ask for a password: run 'sudo true' first, or this as root"
	sudo=(sudo -n)
}

# no_services keeps Debian's maintainer scripts from starting a server. Somebody else's policy stays as it is; one that
# a killed run of ours left behind is taken over.
no_services() {
	if [ -e "$policy" ] && ! grep -qF "$policy_mark" "$policy"; then return; fi
	ours=yes
	printf '#!/bin/sh\n# %s\nexit 101\n' "$policy_mark" | "${sudo[@]}" tee "$policy" >/dev/null
	"${sudo[@]}" chmod 755 "$policy"
}

# services_before remembers which of Debian's services this run would be the first to bring: they are what it may disable.
services_before() {
	installed prosody || new_services+=(prosody.service)
	case " ${packages[*]} " in *" ejabberd "*) ;; *) return 0 ;; esac
	installed ejabberd || new_services+=(ejabberd.service)
	installed erlang-base || new_services+=(epmd.socket epmd.service)
}

# disable_new_services makes what holds for this installation hold after the next boot too.
disable_new_services() {
	if [ "${#new_services[@]}" -eq 0 ] || [ ! -d /run/systemd/system ]; then return; fi
	say "leaving ${new_services[*]} disabled: tests start their own"
	quietly "${sudo[@]}" systemctl disable --now "${new_services[@]}"
}

apt_install() {
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
		-o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 install "$@" </dev/null
}

install_system() {
	local missing=() package
	for package in "${packages[@]}"; do
		if ! installed "$package"; then missing+=("$package"); fi
	done
	if [ "${#missing[@]}" -eq 0 ]; then
		say "${packages[*]}: already installed"
		return
	fi
	command -v apt-get >/dev/null || die "this needs Debian's apt-get; install ${missing[*]} by hand"
	as_root
	services_before
	no_services
	say "reading the package lists"
	# A foreign repository that does not answer must not stop what Debian's own can give.
	"${sudo[@]}" apt-get -qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 update </dev/null ||
		say "some package lists could not be read; going on"
	say "installing ${missing[*]}"
	retry quietly apt_install "${missing[@]}" || die "apt-get could not install ${missing[*]}"
	disable_new_services
}

# release_of prints the release of an unpacked Prosody, or nothing.
release_of() { cat "$1/prosody/prosody.version" 2>/dev/null || true; }

complete() {
	[ -x "$1/launcher" ] && case $(release_of "$1") in 13.*) true ;; *) false ;; esac
}

# configured_mirror prints the address from which this machine gets bookworm itself, in either of apt's two notations.
configured_mirror() {
	local files=()
	shopt -s nullglob
	files=(/etc/apt/sources.list /etc/apt/sources.list.d/*.list)
	for file in "${files[@]}"; do
		[ -r "$file" ] || continue
		sed -En 's/^deb +(\[[^]]*\] +)?(https?:[^ ]+) +bookworm +.*/\2/p' "$file"
	done
	files=(/etc/apt/sources.list.d/*.sources)
	shopt -u nullglob
	for file in "${files[@]}"; do
		awk -v RS= '!/\nEnabled: *no/ && /(^|\n)Suites:[^\n]* bookworm( |\n|$)/ &&
			match($0, /(^|\n)URIs: *https?:[^ \n]+/) {
				uri = substr($0, RSTART, RLENGTH); sub(/^[^:]*: */, "", uri); print uri }' "$file"
	done
}

# apt_apart runs apt-get with sources, lists and a cache of its own: the machine's are neither read nor changed.
apt_apart() {
	apt-get -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User="$(id -un)" \
		-o Acquire::Retries=3 -o APT::Update::Error-Mode=any "$@" </dev/null
}

# backports downloads the packages of Prosody 13 from one mirror.
backports() {
	printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s bookworm-backports main\n' "$1" \
		>"$work/sources.list"
	apt_apart update && (cd "$work" && apt_apart download prosody/bookworm-backports prosody-modules/bookworm-backports)
}

download() {
	local mirror standard=http://deb.debian.org/debian
	mirror=$(configured_mirror | head -n 1)
	mirror=${mirror:-$standard}
	say "downloading Prosody 13 from ${mirror%/}"
	if retry backports "${mirror%/}"; then return; fi
	[ "${mirror%/}" != "$standard" ] || return 1
	say "it has no usable backports; trying $standard"
	retry backports "$standard"
}

# unpack lays the packages out in the folder "new" of the work folder, with the launcher rewritten for the final place.
unpack() {
	local package
	for package in "$work"/*.deb; do dpkg -x "$package" "$work/x"; done
	mkdir "$work/new"
	mv "$work/x/usr/lib/prosody" "$work/new/prosody"
	sed "s|/usr/lib/prosody|$target/prosody|g" "$work/x/usr/bin/prosody" >"$work/new/launcher"
	chmod 755 "$work/new/launcher"
	complete "$work/new" || die "what bookworm-backports has is not Prosody 13 but '$(release_of "$work/new")'"
}

# put moves the finished folder into its place in one step. Another run may have been quicker: then its result stays.
put() {
	if [ -e "$target" ] && ! complete "$target"; then mv -T "$target" "$work/broken"; fi
	mv -T "$work/new" "$target" 2>/dev/null || complete "$target" || die "could not write $target"
}

check_bookworm() {
	local name
	# shellcheck source=/dev/null
	name=$(. /etc/os-release 2>/dev/null && echo "${ID:-} ${VERSION_CODENAME:-}") || true
	[ "$name" = "debian bookworm" ] ||
		die "prosody13 needs Debian 12 (bookworm) for its backports; this is '${name:-unknown}'"
}

install_13() {
	case $target in
	*[\'\"\|\&\\]* | [!/]*) die "cannot use the folder $target: it must be absolute, without quotes, |, & or \\" ;;
	esac
	if complete "$target"; then
		say "Prosody $(release_of "$target"): already in $target"
		return
	fi
	check_bookworm
	mkdir -p "$(dirname "$target")"
	work=$(mktemp -d "$(dirname "$target")/.prosody13.XXXXXX")
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
	download || die "could not download Prosody 13 from bookworm-backports"
	unpack
	put
	say "Prosody $(release_of "$target"): in $target"
}

for word in "$@"; do
	case $word in
	prosody13) with_13=yes ;;
	ejabberd) packages+=(ejabberd) ;;
	slixmpp) packages+=(python3-slixmpp) ;;
	*) die "usage: scripts/install.sh [prosody13] [ejabberd] [slixmpp]" ;;
	esac
done
install_system
if [ -n "$with_13" ]; then install_13; fi
