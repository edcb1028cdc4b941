# shellcheck shell=bash disable=SC2154
# Prosody 13 from bookworm-backports, for scripts/install.sh.

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

check_bookworm() {
	local name
	# shellcheck source=/dev/null
	name=$(. /etc/os-release 2>/dev/null && echo "${ID:-} ${VERSION_CODENAME:-}") || true
	[ "$name" = "debian bookworm" ] ||
		die "Prosody 13 is had from the backports of Debian 12, and this is '${name:-unknown}'; its tests want Debian 12"
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
