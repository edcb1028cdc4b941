#!/usr/bin/env bash
# Turns what `git describe --tags --always --dirty` prints, and the commit's time in seconds, into a Debian version that
# sorts as the commits do:
#   v1.2.3              1.2.3-1
#   v1.2.3-rc1          1.2.3~rc1-1              before 1.2.3
#   v1.2.3-14-g1a2b3c4  1.2.3+14.g1a2b3c4-1      after 1.2.3, before 1.2.4
#   1a2b3c4             0~20261128.091500.g1a2b3c4-1      no release yet: before every one
# A tree with changes that are not committed has +0.dirty at its end.
set -euo pipefail

describe=${1:?what git describe says}
seconds=${2:?the time of the commit}
dirty=
if [ "${describe%-dirty}" != "$describe" ]; then
	dirty=+0.dirty
	describe=${describe%-dirty}
fi
if [[ $describe =~ ^v?([0-9][0-9A-Za-z.]*)(-[0-9A-Za-z.]*[A-Za-z.][0-9A-Za-z.]*)?(-([0-9]+)-(g[0-9a-f]+))?$ ]] &&
	[[ $describe == *.* ]]; then
	release=${BASH_REMATCH[1]} before=${BASH_REMATCH[2]#-} since=${BASH_REMATCH[4]} hash=${BASH_REMATCH[5]}
	version=$release${before:+~$before}${since:+"+$since.$hash"}
elif [[ $describe =~ ^[0-9a-f]+$ ]]; then
	version=0~$(TZ=UTC date -d "@$seconds" +%Y%m%d.%H%M%S).g$describe
else
	printf 'debversion: no Debian version can be made of %s\n' "$describe" >&2
	exit 1
fi
printf '%s%s-1\n' "$version" "$dirty"
