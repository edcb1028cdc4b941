# shellcheck shell=bash
# What e2e/setup.sh and e2e/docker.sh share: usher, and Prosody 13 in the place of Debian's.

cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/usher

build() {
	if [ -n "${USHER_BINARY:-}" ]; then cp "$USHER_BINARY" "$WORK/usher"; return; fi
	CGO_ENABLED=0 go build -trimpath -o "$WORK/usher" ./cmd/usher
}

# with_ctl prints a folder with Prosody 13 and its prosodyctl. One that was unpacked before may have none.
with_ctl() {
	local folder
	for folder in "${USHER_PROSODY13:-$cache/prosody13}" "$cache/prosody13-setup"; do
		USHER_PROSODY13=$folder quietly scripts/install.sh prosody13 || die "there is no Prosody 13"
		if [ -x "$folder/prosodyctl" ]; then
			printf '%s\n' "$folder"
			return
		fi
	done
	die "Prosody 13 has no prosodyctl"
}

# takes_place puts the Prosody of a folder where Debian's is, in this namespace.
takes_place() {
	local folder=$1 program
	mkdir /mnt/bin
	cp -r "$folder/prosody" /mnt/prosody
	mount --bind /mnt/prosody /usr/lib/prosody
	for program in prosody:launcher prosodyctl:prosodyctl; do
		sed "s|$folder/prosody|/usr/lib/prosody|g" "$folder/${program#*:}" >"/mnt/bin/${program%:*}"
		chmod 0755 "/mnt/bin/${program%:*}"
		mount --bind "/mnt/bin/${program%:*}" "/usr/bin/${program%:*}"
	done
}

# libraries lays out what Debian has for other Luas only.
libraries() {
	local library
	mkdir -p "$1"
	for library in basexx inspect; do
		cp "$(dpkg -L "lua-$library" | grep "/$library\.lua$" | tail -n 1)" "$1/"
	done
}
