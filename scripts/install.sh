#!/usr/bin/env bash
# Installs from Debian what the end-to-end tests and the demo need. Asks nothing, starts nothing, and does nothing
# when all is there. Each word is installed by itself: one that cannot be had stops no other. What could not be had is
# said at the end, with the reason and what to do, and the exit code is then 1.
#   scripts/install.sh             Prosody and its community modules: with every word
#   scripts/install.sh lua         the two Lua libraries that Jitsi's modules, and our stand-ins for them, read tokens with
#   scripts/install.sh prosody13   Prosody 13 from bookworm-backports, unpacked beside Debian's into
#                                  ${XDG_CACHE_HOME:-~/.cache}/usher/prosody13 (or $USHER_PROSODY13)
#   scripts/install.sh ejabberd    ejabberd; the words can be given together
#   scripts/install.sh slixmpp     an XMPP client library in Python, for the tests
#   scripts/install.sh nginx       nginx
#   scripts/install.sh redis       a Redis server with its Sentinel
#   scripts/install.sh haproxy     HAProxy
#   scripts/install.sh chromium    a browser, with a font
#   scripts/install.sh prometheus  Prometheus and promtool, for the alerts' tests and the dashboard's picture
#   scripts/install.sh strophe     Strophe, an XMPP client library for browsers, from npm, unpacked into
#                                  ${XDG_CACHE_HOME:-~/.cache}/usher/strophe-5.0.0 (or $USHER_STROPHE)
#   scripts/install.sh jitsi       the newest lib-jitsi-meet that npm has, with jQuery, unpacked into
#                                  ${XDG_CACHE_HOME:-~/.cache}/usher/jitsi-2.6726.2 (or $USHER_JITSI)
#   scripts/install.sh axe         axe-core, which finds what of a page is hard for some people, from npm, unpacked into
#                                  ${XDG_CACHE_HOME:-~/.cache}/usher/axe-4.14.1 (or $USHER_AXE)
#   scripts/install.sh lintian     what looks at Debian packages and manual pages
#   scripts/install.sh machine     a Debian 12 to be booted by systemd-nspawn, and in it Prosody's packages to be installed,
#                                  in ${XDG_CACHE_HOME:-~/.cache}/usher/machine (or $USHER_MACHINE)
# With -k before the words the exit code is 0 all the same, and the reasons are left in
# ${XDG_CACHE_HOME:-~/.cache}/usher/missing, a file for each word, for what goes on without: that says them at its
# end (e2e/parts).
set -euo pipefail

# What apt installs for each word.
declare -A packages_of=(
	[prosody]="prosody prosody-modules" [lua]="lua-cjson lua-luaossl" [ejabberd]=ejabberd [slixmpp]=python3-slixmpp
	[nginx]=nginx [redis]="redis-server redis-sentinel" [haproxy]=haproxy [chromium]="chromium fonts-dejavu-core"
	[prometheus]=prometheus [npm]=npm [lintian]="lintian man-db" [machine]="debootstrap systemd-container"
)
words=(prosody)
others=() # words that are not apt's alone
missing=() # words that could not be had
keep_going=
new_services=()
policy=/usr/sbin/policy-rc.d
policy_mark='put here by scripts/install.sh of usher while it installs'
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}
reasons=$cache/usher/missing
target=${USHER_PROSODY13:-$cache/usher/prosody13}
strophe=${USHER_STROPHE:-$cache/usher/strophe-5.0.0}
jitsi=${USHER_JITSI:-$cache/usher/jitsi-2.6726.2}
axe=${USHER_AXE:-$cache/usher/axe-4.14.1}
machine=${USHER_MACHINE:-$cache/usher/machine}
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

# wanted tells whether a word is among those to install.
wanted() {
	case " ${words[*]} " in *" $1 "*) true ;; *) false ;; esac
}

# lacks WORD REASON MEND records that a word could not be had. The reason is one line, without control characters.
lacks() {
	local word=$1
	missing+=("$word")
	mkdir -p "$reasons"
	printf '%s; %s' "$2" "$3" | LC_ALL=C tr -d '\000-\011\013-\037' | tr '\n' ' ' | cut -c -400 >"$reasons/$word"
}

# has forgets what an earlier run recorded.
has() { rm -f "$reasons/$1"; }

as_root() { if [ "$(id -u)" -ne 0 ]; then sudo=(sudo -n); fi; }

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
	local word package
	for word in nginx redis haproxy prometheus; do
		wanted "$word" || continue
		for package in ${packages_of[$word]}; do installed "$package" || new_services+=("$package.service"); done
	done
	wanted ejabberd || return 0
	installed ejabberd || new_services+=(ejabberd.service)
	installed erlang-base || new_services+=(epmd.socket epmd.service)
}

# disable_new_services makes what holds for this installation hold after the next boot too.
disable_new_services() {
	if [ "${#new_services[@]}" -eq 0 ] || [ ! -d /run/systemd/system ]; then return; fi
	say "leaving ${new_services[*]} disabled: tests start their own"
	local unit
	for unit in "${new_services[@]}"; do
		quietly "${sudo[@]}" systemctl disable --now "$unit" || say "$unit: not there"
	done
}

apt_install() {
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
		-o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 install "$@" </dev/null
}

# absent prints the packages of a word that are not installed.
absent() {
	local package
	for package in ${packages_of[$1]:-}; do installed "$package" || printf '%s ' "$package"; done
}

# able prints nothing where apt can install, or else why it cannot and what to do.
able() {
	command -v apt-get >/dev/null || { echo "there is no apt-get here; install $* by hand" && return; }
	if [ "$(id -u)" -eq 0 ]; then return; fi
	command -v sudo >/dev/null || { echo "not root and no sudo; run it as root" && return; }
	sudo -n true 2>/dev/null || echo "sudo would ask for a password; run 'sudo true' first, or this as root"
}

# install_word installs the packages of one word; what apt says last that is an error is the reason.
install_word() {
	local out
	# shellcheck disable=SC2046
	if out=$(apt_install $(absent "$1") 2>&1); then return; fi
	out=$(grep '^E: ' <<<"$out" | tail -n 1)
	lacks "$1" "apt-get could not install ${packages_of[$1]}: ${out:-it does not say why}" \
		"apt-get install ${packages_of[$1]} says more"
}

install_system() {
	local word to_do=() all=() why
	for word in "${words[@]}"; do
		# shellcheck disable=SC2207
		if [ -n "$(absent "$word")" ]; then to_do+=("$word") && all+=($(absent "$word")); else has "$word"; fi
	done
	if [ "${#all[@]}" -eq 0 ]; then
		say "${words[*]}: already installed"
		return
	fi
	why=$(able "${all[@]}")
	if [ -n "$why" ]; then
		for word in "${to_do[@]}"; do lacks "$word" "${packages_of[$word]} not installed: ${why%%; *}" "${why#*; }"; done
		return
	fi
	as_root
	services_before
	no_services
	say "reading the package lists"
	# A foreign repository that does not answer must not stop what Debian's own can give.
	"${sudo[@]}" apt-get -qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 update </dev/null ||
		say "some package lists could not be read; going on"
	say "installing ${all[*]}"
	if ! apt_install "${all[@]}" >/dev/null 2>&1; then
		say "not all at once; one after the other"
		for word in "${to_do[@]}"; do [ -z "$(absent "$word")" ] || install_word "$word"; done
	fi
	for word in "${to_do[@]}"; do [ -n "$(absent "$word")" ] || has "$word"; done
	disable_new_services
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

# shellcheck source=scripts/install/prosody13.sh
. "$(dirname "$0")/install/prosody13.sh"
# shellcheck source=scripts/install/npm.sh
. "$(dirname "$0")/install/npm.sh"
# shellcheck source=scripts/install/machine.sh
. "$(dirname "$0")/install/machine.sh"

# need_npm adds Debian's npm to the words where something must be downloaded with it and there is none.
need_npm() {
	if command -v npm >/dev/null; then return; fi
	if wants strophe && ! complete_strophe "$strophe" || wants jitsi && ! complete_jitsi "$jitsi" ||
		wants axe && ! complete_axe "$axe"; then words+=(npm); fi
}

# wants tells whether a word is among those that are not apt's.
wants() {
	case " ${others[*]} " in *" $1 "*) true ;; *) false ;; esac
}

# install_other installs what is not apt's, in this very process, which a failure ends.
install_other() {
	case $1 in
	prosody13) install_13 ;;
	strophe) install_npm "$strophe" complete_strophe "${strophe_packages[@]}" ;;
	jitsi) install_npm "$jitsi" complete_jitsi "${jitsi_packages[@]}" ;;
	axe) install_npm "$axe" complete_axe "${axe_packages[@]}" ;;
	machine) install_machine ;;
	esac
}

# apart installs one word in a process of its own: what ends that one does not end this.
apart() {
	local err why
	err=$(mktemp)
	if "$0" --only "$1" 2>"$err"; then
		has "$1"
	else
		why=$(grep '^install: ' "$err" | tail -n 1)
		why=${why#install: }
		[ -n "$why" ] || why=$(tail -n 1 "$err")
		case $why in *'; '*) ;; *) why="$why; scripts/install.sh $1 tries again" ;; esac
		lacks "$1" "${why%%; *}" "${why#*; }"
	fi
	rm -f "$err"
}

# report says what could not be had: with -k whoever goes on without says it.
report() {
	local word
	if [ "${#missing[@]}" -eq 0 ]; then return; fi
	if [ -n "$keep_going" ]; then
		say "going on without ${missing[*]}"
		return
	fi
	for word in "${missing[@]}"; do printf 'install: no %s: %s\n' "$word" "$(cat "$reasons/$word")" >&2; done
	exit 1
}

if [ "${1:-}" = --only ]; then
	install_other "$2"
	exit
fi
if [ "${1:-}" = -k ]; then
	keep_going=yes
	shift
fi
for word in "$@"; do
	case $word in
	prosody | npm) ;;
	prosody13 | strophe | jitsi | axe) others+=("$word") ;;
	machine) words+=("$word") && others+=("$word") ;;
	*)
		[ -n "${packages_of[$word]:-}" ] || die "usage: scripts/install.sh [-k] [lua] [prosody13] [ejabberd] [slixmpp]" \
			"[nginx] [redis] [haproxy] [chromium] [prometheus] [strophe] [jitsi] [axe] [lintian] [machine]"
		words+=("$word")
		;;
	esac
done
need_npm
install_system
for word in "${others[@]}"; do apart "$word"; done
report
