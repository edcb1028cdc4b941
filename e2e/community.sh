#!/usr/bin/env bash
# Runs the tests on the real community modules of Prosody. Debian does not ship them, and neither do we: it wants a
# folder with mod_auth_external_insecure, mod_auth_http, mod_auth_http_async, mod_auth_custom_http,
# mod_auth_oauth_external, mod_muc_http_auth and mod_muc_http_defaults, each in a folder of its name:
#   hg clone https://hg.prosody.im/prosody-modules/ modules      # or any mirror of it
#   PROSODY_COMMUNITY=modules e2e/community.sh [flags of go test, such as -run CommunityHTTP]
# Installs from Debian what is missing, asks nothing, starts no service. lpty, which the first module needs, is built
# from Debian's source package into ${XDG_CACHE_HOME:-~/.cache}/usher/community; apt's own sources stay as they are.
set -euo pipefail

name=community
# shellcheck source=e2e/common.sh
. "$(dirname "$0")/common.sh"

usage="e2e/community.sh needs PROSODY_COMMUNITY=DIR, a folder with Prosody's community modules:
  hg clone https://hg.prosody.im/prosody-modules/ modules
  PROSODY_COMMUNITY=modules e2e/community.sh"
[ -n "${PROSODY_COMMUNITY:-}" ] || die "$usage"
modules=$(cd "$PROSODY_COMMUNITY" 2>/dev/null && pwd) || die "there is no folder $PROSODY_COMMUNITY"
ls "$modules"/mod_auth_*/mod_auth_*.lua >/dev/null 2>&1 || die "$modules has no mod_auth_*/mod_auth_*.lua in it"
cd "$(dirname "$0")/.."

cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/usher/community
mkdir -p "$cache"
work=$(mktemp -d "$cache/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# release prints the name of this Debian, such as bookworm.
release() (
	# shellcheck source=/dev/null
	. /etc/os-release 2>/dev/null && printf '%s\n' "${VERSION_CODENAME:-bookworm}"
)

# apt_apart runs apt-get with sources, lists and a cache of its own: few machines have deb-src lines.
apt_apart() {
	apt-get -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User="$(id -un)" \
		-o Acquire::Retries=3 -o APT::Update::Error-Mode=any "$@" </dev/null
}

# source_of downloads lpty's source from one mirror; apt checks Debian's signature.
source_of() {
	printf 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$1" "$(release)" \
		>"$work/sources.list"
	apt_apart update && (cd "$work" && apt_apart source --download-only --tar-only --only-source lua-lpty)
}

# download tries the mirror that this machine uses for its packages, then Debian's own.
download() {
	local mirror standard=http://deb.debian.org/debian
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' "Release: $(release)" 'Component: main' | head -n 1)
	mirror=${mirror:-$standard}
	say "downloading the source of lua-lpty from ${mirror%/}"
	if quietly source_of "${mirror%/}"; then return; fi
	[ "${mirror%/}" != "$standard" ] || return 1
	say "it does not have it; trying $standard"
	quietly source_of "$standard"
}

# build_lpty makes lpty.so for the Lua 5.4 that both Prosodys run on: Debian packages it for 5.1 and 5.2 only.
build_lpty() {
	if [ -s "$cache/lpty.so" ]; then
		say "lpty: already in $cache"
		return
	fi
	need gcc libc6-dev liblua5.4-dev
	download || die "could not download the source of lua-lpty"
	mkdir "$work/lpty"
	tar -xf "$work"/lua-lpty_*.orig.tar.* -C "$work/lpty" --strip-components=1
	(cd "$work/lpty" && gcc -O2 -shared -fPIC -I/usr/include/lua5.4 lpty.c -lutil -o lpty.so) || die "lpty does not build"
	mv "$work/lpty/lpty.so" "$cache/lpty.so"
	say "lpty: built into $cache"
}

scripts/install.sh prosody13 || {
	say "going on without Prosody 13"
	scripts/install.sh
}
need lua-socket # mod_auth_custom_http
build_lpty
CGO_ENABLED=0 go build -trimpath -o "$work/usher" ./cmd/usher
say "logging in through the modules in $modules"
PROSODY_COMMUNITY=$modules USHER_LPTY=$cache USHER_BINARY=$work/usher \
	go test -count=1 -v -timeout 15m -p 1 -run 'Community|Rooms' "$@" \
		./e2e/community ./e2e/rooms ./e2e/lobby
