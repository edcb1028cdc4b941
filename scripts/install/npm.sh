# shellcheck shell=bash disable=SC2154
# Libraries for browsers from npm, for scripts/install.sh.

# Packages of npm and their SHA-512, which npm shows in base64 as dist.integrity.
strophe_packages=(
	strophe.js 5.0.0 44d72662b8047d9b13be5e2e0f8ad4f9e432756011e59d1ae1cdeb7f13bfed487d431c656b795ade574ec7ba87046b5d278b6d089468bbe284c3782e4f77d556
)
# lib-jitsi-meet of December 2021, built by others than Jitsi, who had stopped publishing it; it expects jQuery beside it.
jitsi_packages=(
	@lyno/lib-jitsi-meet 2.6726.2 713aca060cb86470fabf21533803b1e72972ce35acddfb7a30b866721bbdcd1abbb8bafca260f8944d9f9927e8ca84aa32315cff7b14f572d85e2276d61a90bb
	jquery 2.1.4 c1647e782abf4ff42dd0d705c8cf90561a34655cd6c456003628e648c2265e23399a3af568e69fe1217478e10f73dd9b6cad8bdaf0e9c70de522cceeb3b78ef1
)

# What looks at pages for people who do not see them (MPL-2.0; nothing of it is in the product).
axe_packages=(
	axe-core 4.14.1 1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5
)

complete_strophe() { [ -s "$1/dist/strophe.umd.min.js" ] && grep -qF '"version": "5.0.0"' "$1/package.json"; }

complete_jitsi() {
	[ -s "$1/lib-jitsi-meet/lib-jitsi-meet.min.js" ] && [ -s "$1/jquery/dist/jquery.min.js" ]
}

complete_axe() { [ -s "$1/axe.min.js" ] && grep -qF '"version": "4.14.1"' "$1/package.json"; }

# npm_pack downloads one package as npm has it, into the work folder, without what it depends on and without running
# anything of it. A proxy's certificate that the system believes is good for npm too, which has a list of its own.
npm_pack() {
	local system=/etc/ssl/certs/ca-certificates.crt
	if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -r "$system" ]; then export NODE_EXTRA_CA_CERTS=$system; fi
	(cd "$work" && npm pack --ignore-scripts --no-update-notifier --cache "$work/npm" --fetch-retries=1 \
		--fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=1000 --fetch-timeout=60000 "$1" </dev/null)
}

# npm_failed names why npm could not, and what to do, by the code that it prints.
npm_failed() {
	local code mend
	code=$(sed -En 's/^npm (ERR!|error) code ([A-Z0-9_]+)$/\2/p' <<<"$2" | head -n 1)
	case $code in
	*CERT* | UNABLE_TO_*) mend="npm_config_cafile=FILE names the certificate of the proxy before npm's registry" ;;
	E[A-Z]*) mend="npm config get registry names what npm asks; npm_config_registry=ADDRESS names another" ;;
	*) mend="npm pack $1 says more" ;;
	esac
	die "npm could not download $1: ${code:-it does not say why}; $mend"
}

# npm_unpack NAME VERSION SHA512 FOLDER downloads a package and unpacks it, once its contents are what they should be.
npm_unpack() {
	local name=$1 version=$2 sum=$3 folder=$4 file=${1#@} out
	file=$work/${file/\//-}-$2.tgz # npm's own name for it
	say "downloading $name $version with npm"
	command -v npm >/dev/null || die "there is no npm to download $name $version with; apt-get install npm"
	out=$(npm_pack "$name@$version" 2>&1) || npm_failed "$name@$version" "$out"
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
