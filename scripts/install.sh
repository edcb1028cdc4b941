#!/usr/bin/env bash
# Installs from Debian what the end-to-end tests and the demo need. Asks nothing, starts nothing, and does nothing
# when all is there.
#   scripts/install.sh             Prosody and its community modules, and the two Lua libraries that Jitsi's modules, and
#                                  our stand-ins for them, read tokens with
#   scripts/install.sh prosody13   the same, and Prosody 13 from bookworm-backports, unpacked beside it into
#                                  ${XDG_CACHE_HOME:-~/.cache}/usher/prosody13 (or $USHER_PROSODY13)
#   scripts/install.sh ejabberd    the same as without a word, and ejabberd; the words can be given together
#   scripts/install.sh slixmpp     the same, and an XMPP client library in Python, for the tests
#   scripts/install.sh nginx       the same, and nginx
#   scripts/install.sh redis       the same, and a Redis server with its Sentinel
#   scripts/install.sh haproxy     the same, and HAProxy
#   scripts/install.sh chromium    the same, and a browser, with a font
#   scripts/install.sh strophe     the same, and Strophe, an XMPP client library for browsers, from npm, unpacked into
#                                  ${XDG_CACHE_HOME:-~/.cache}/usher/strophe-5.0.0 (or $USHER_STROPHE)
#   scripts/install.sh jitsi       the same, and the newest lib-jitsi-meet that npm has, with jQuery, unpacked into
#                                  ${XDG_CACHE_HOME:-~/.cache}/usher/jitsi-2.6726.2 (or $USHER_JITSI)
set -euo pipefail

packages=(prosody prosody-modules lua-cjson lua-luaossl)
new_services=()
with_13=
with_strophe=
with_jitsi=
policy=/usr/sbin/policy-rc.d
policy_mark='put here by scripts/install.sh of usher while it installs'
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}
target=${USHER_PROSODY13:-$cache/usher/prosody13}
strophe=${USHER_STROPHE:-$cache/usher/strophe-5.0.0}
jitsi=${USHER_JITSI:-$cache/usher/jitsi-2.6726.2}
# Packages of npm and their SHA-512, which npm shows in base64 as dist.integrity.
strophe_packages=(
	strophe.js 5.0.0 44d72662b8047d9b13be5e2e0f8ad4f9e432756011e59d1ae1cdeb7f13bfed487d431c656b795ade574ec7ba87046b5d278b6d089468bbe284c3782e4f77d556
)
# lib-jitsi-meet of December 2021, built by others than Jitsi, who had stopped publishing it; it expects jQuery beside it.
jitsi_packages=(
	@lyno/lib-jitsi-meet 2.6726.2 713aca060cb86470fabf21533803b1e72972ce35acddfb7a30b866721bbdcd1abbb8bafca260f8944d9f9927e8ca84aa32315cff7b14f572d85e2276d61a90bb
	jquery 2.1.4 c1647e782abf4ff42dd0d705c8cf90561a34655cd6c456003628e648c2265e23399a3af568e69fe1217478e10f73dd9b6cad8bdaf0e9c70de522cceeb3b78ef1
)
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

# wanted tells whether a package is among those to install.
wanted() {
	case " ${packages[*]} " in *" $1 "*) true ;; *) false ;; esac
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
	local package
	for package in nginx redis-server redis-sentinel haproxy; do
		if wanted "$package" && ! installed "$package"; then new_services+=("$package.service"); fi
	done
	wanted ejabberd || return 0
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
	sed "s|/usr/lib/prosody|$target/prosody|g" "$work/x/usr/bin/prosodyctl" >"$work/new/prosodyctl"
	chmod 755 "$work/new/launcher" "$work/new/prosodyctl"
	complete "$work/new" || die "what bookworm-backports has is not Prosody 13 but '$(release_of "$work/new")'"
}

# put moves the finished folder "new" into its place, the first argument, in one step. Another run may have been
# quicker: then its result stays. The second argument is the command that says whether what is there is complete.
put() {
	if [ -e "$1" ] && ! "$2" "$1"; then mv -T "$1" "$work/broken"; fi
	mv -T "$work/new" "$1" 2>/dev/null || "$2" "$1" || die "could not write $1"
}

# begin makes the work folder, on the file system of the final place.
begin() {
	mkdir -p "$(dirname "$1")"
	work=$(mktemp -d "$(dirname "$1")/.install.XXXXXX")
}

finish() {
	rm -rf "$work"
	work=
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
	begin "$target"
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
	download || die "could not download Prosody 13 from bookworm-backports"
	unpack
	put "$target" complete
	finish
	say "Prosody $(release_of "$target"): in $target"
}

complete_strophe() { [ -s "$1/dist/strophe.umd.min.js" ] && grep -qF '"version": "5.0.0"' "$1/package.json"; }

complete_jitsi() {
	[ -s "$1/lib-jitsi-meet/lib-jitsi-meet.min.js" ] && [ -s "$1/jquery/dist/jquery.min.js" ]
}

# npm_pack downloads one package as npm has it, into the work folder, without what it depends on and without running
# anything of it.
npm_pack() {
	(cd "$work" && npm pack --ignore-scripts --no-update-notifier --cache "$work/npm" "$1" </dev/null)
}

# npm_unpack NAME VERSION SHA512 FOLDER downloads a package and unpacks it, once its contents are what they should be.
npm_unpack() {
	local name=$1 version=$2 sum=$3 folder=$4 file=${1#@}
	file=$work/${file/\//-}-$2.tgz # npm's own name for it
	say "downloading $name $version with npm"
	retry quietly npm_pack "$name@$version" || die "npm could not download $name $version"
	echo "$sum  $file" | sha512sum --check --status || die "what npm has as $name $version is not what it was"
	mkdir "$folder"
	# npm's own archives have headers that tar ignores, with a warning each.
	tar -xzf "$file" -C "$folder" --strip-components=1 --no-same-owner --warning=no-unknown-keyword
}

# install_npm FOLDER CHECK NAME VERSION SHA512... unpacks packages of npm: one is the folder itself, of several each has
# its own in it.
install_npm() {
	local folder=$1 check=$2 what="$3 $4"
	shift 2
	case $folder in /*) ;; *) die "cannot use the folder $folder: it must be absolute" ;; esac
	if "$check" "$folder"; then
		say "$what: already in $folder"
		return
	fi
	begin "$folder"
	if [ "$#" -eq 3 ]; then
		npm_unpack "$@" "$work/new"
	else
		mkdir "$work/new"
		while [ "$#" -ge 3 ]; do
			npm_unpack "$1" "$2" "$3" "$work/new/${1##*/}"
			shift 3
		done
	fi
	"$check" "$work/new" || die "$what has not the expected files"
	put "$folder" "$check"
	finish
	say "$what: in $folder"
}

# need_npm adds Debian's npm to the packages where something must be downloaded with it and there is none.
need_npm() {
	if command -v npm >/dev/null; then return; fi
	if [ -n "$with_strophe" ] && ! complete_strophe "$strophe" || [ -n "$with_jitsi" ] && ! complete_jitsi "$jitsi"; then
		packages+=(npm)
	fi
}

for word in "$@"; do
	case $word in
	prosody13) with_13=yes ;;
	ejabberd) packages+=(ejabberd) ;;
	slixmpp) packages+=(python3-slixmpp) ;;
	nginx) packages+=(nginx) ;;
	redis) packages+=(redis-server redis-sentinel) ;;
	haproxy) packages+=(haproxy) ;;
	chromium) packages+=(chromium fonts-dejavu-core) ;;
	strophe) with_strophe=yes ;;
	jitsi) with_jitsi=yes ;;
	*)
		die "usage: scripts/install.sh [prosody13] [ejabberd] [slixmpp] [nginx] [redis] [haproxy] [chromium]" \
			"[strophe] [jitsi]"
		;;
	esac
done
need_npm
install_system
if [ -n "$with_13" ]; then install_13; fi
if [ -n "$with_strophe" ]; then install_npm "$strophe" complete_strophe "${strophe_packages[@]}"; fi
if [ -n "$with_jitsi" ]; then install_npm "$jitsi" complete_jitsi "${jitsi_packages[@]}"; fi
