#!/usr/bin/env bash
# Builds the Debian package of this tree: scripts/deb.sh FOLDER puts usher_VERSION_ARCH.deb there. The same commit gives
# the same bytes. For another machine set GOARCH.
#
# dpkg-deb makes it, of the files in deploy/debian: it is on every Debian, and what nfpm or debhelper would add are
# modules or packages to download, and maintainer scripts that ask systemd in another order than usher's has to.
#   DEB_VERSION     instead of the version that git knows
#   DEB_MAINTAINER  "Name <address>" of who builds it
set -euo pipefail
cd "$(dirname "$0")/.."

out=${1:?the folder for the package}
maintainer=${DEB_MAINTAINER:-usher maintainers <maintainers@usher.invalid>}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
describe=$(git describe --tags --always --dirty --abbrev=12 2>/dev/null || echo none)
version=${DEB_VERSION:-$(scripts/debversion.sh "$describe" "$SOURCE_DATE_EPOCH")}
day=$(TZ=UTC date -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)

# architecture prints Debian's name of Go's.
architecture() {
	case $(go env GOARCH) in
	386) echo i386 ;;
	arm) echo armhf ;;
	mips64le) echo mips64el ;;
	ppc64le) echo ppc64el ;;
	amd64 | arm64 | loong64 | riscv64 | s390x) go env GOARCH ;;
	*)
		printf 'deb: Debian has no %s\n' "$(go env GOARCH)" >&2
		exit 1
		;;
	esac
}

# program builds usher as make build does, for the machine that GOARCH names.
program() {
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$version" -o "$1" ./cmd/usher
}

# here prints the path of a usher that runs on this machine, which writes its manual pages and completions.
here() {
	if [ "$(go env GOARCH)" = "$(go env GOHOSTARCH)" ]; then
		echo "$tree/usr/bin/usher"
	else
		GOARCH=$(go env GOHOSTARCH) program "$work/usher"
		echo "$work/usher"
	fi
}

put() { install -D -m 0644 "$1" "$tree/$2"; }

compressed() {
	install -d "$(dirname "$tree/$2")"
	gzip -9n <"$1" >"$tree/$2.gz"
	chmod 0644 "$tree/$2.gz"
}

units() {
	local file
	for file in deploy/usher*.service deploy/usher*.socket; do
		put "$file" "usr/lib/systemd/system/${file##*/}"
		# The comments at the top are about an installation by hand.
		sed -i -e 's|/usr/local/bin/usher|/usr/bin/usher|g' -e '1,/^\[Unit\]/{/^#/d;/^$/d}' \
			"$tree/usr/lib/systemd/system/${file##*/}"
	done
	put deploy/debian/server.conf usr/lib/systemd/system/prosody.service.d/usher.conf
	put deploy/debian/server.conf usr/lib/systemd/system/ejabberd.service.d/usher.conf
	install -d "$tree/usr/lib/sysusers.d"
	# No line for the user prosody: it would be made where Prosody is not installed. postinst sees to it.
	grep '^u ' deploy/usher.sysusers >"$tree/usr/lib/sysusers.d/usher.conf"
}

documents() {
	local usher file
	usher=$(here)
	install -d "$work/man"
	"$usher" man --date "$day" "$work/man"
	for file in "$work"/man/*.1; do compressed "$file" "usr/share/man/man1/${file##*/}"; done
	install -d "$tree/usr/share/bash-completion/completions" "$tree/usr/share/zsh/vendor-completions" \
		"$tree/usr/share/fish/vendor_completions.d"
	"$usher" completion bash >"$tree/usr/share/bash-completion/completions/usher"
	"$usher" completion zsh >"$tree/usr/share/zsh/vendor-completions/_usher"
	"$usher" completion fish >"$tree/usr/share/fish/vendor_completions.d/usher.fish"
	for file in README.md docs/*.md docs/*.svg docs/*.png; do put "$file" "$doc/$file"; done
	find deploy -type f ! -path 'deploy/debian/*' ! -name '*.service' ! -name '*.socket' ! -name '*.sysusers' |
		while read -r file; do put "$file" "$doc/examples/${file#deploy/}"; done
	# The pages lead to where the package has things.
	sed -i -e 's|](\(\.\./\)\?deploy/|](\1examples/|g' -e 's|](CHANGELOG\.md)|](changelog.gz)|g' \
		-e 's|](LICENSE)|](copyright)|g' "$tree/$doc/README.md" "$tree/$doc"/docs/*.md
	put deploy/debian/copyright "$doc/copyright"
	compressed CHANGELOG.md "$doc/changelog"
	{
		printf 'usher (%s) unstable; urgency=medium\n\n  * See changelog.gz.\n\n' "$version"
		printf ' -- %s  %s\n' "$maintainer" "$(TZ=UTC LC_ALL=C date -R -d "@$SOURCE_DATE_EPOCH")"
	} >"$work/changelog"
	compressed "$work/changelog" "$doc/changelog.Debian"
}

# links fails where a page of the package leads to what the package does not have.
links() {
	local page link
	while IFS=: read -r page link; do
		link=${link#*(}
		case $link in '' | http://* | https://*) continue ;; esac
		[ -e "$(dirname "$page")/$link" ] && continue
		printf 'deb: %s: %s leads nowhere\n' "${page#"$tree/"}" "$link" >&2
		exit 1
	done < <(grep -roE --include='*.md' '\]\([^)#[:space:]]*' "$tree/$doc")
}

control() {
	local file
	install -d "$tree/DEBIAN"
	for file in preinst postinst prerm postrm; do install -m 0755 "deploy/debian/$file" "$tree/DEBIAN/$file"; done
	grep -v '^#' deploy/debian/triggers >"$tree/DEBIAN/triggers"
	sed -e "s|@VERSION@|$version|" -e "s|@ARCH@|$arch|" -e "s|@MAINTAINER@|$maintainer|" \
		-e "s|@SIZE@|$(du -k -s --apparent-size --exclude=DEBIAN "$tree" | cut -f 1)|" deploy/debian/control.in \
		>"$tree/DEBIAN/control"
	(cd "$tree" && find usr -type f | LC_ALL=C sort | xargs md5sum) >"$tree/DEBIAN/md5sums"
	find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

arch=$(architecture)
tree=$work/tree
doc=usr/share/doc/usher
install -d "$tree/usr/bin"
program "$tree/usr/bin/usher"
units
put deploy/debian/usher.yaml usr/share/usher/usher.yaml
put deploy/debian/lintian-overrides usr/share/lintian/overrides/usher
documents
links
control
mkdir -p "$out"
dpkg-deb --root-owner-group --build -Zxz --threads-max=1 "$tree" "$out/usher_${version}_$arch.deb" >/dev/null
printf '%s\n' "$out/usher_${version}_$arch.deb"
