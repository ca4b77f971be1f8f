#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# move-major.sh TAG REMOTE: points the tag v1 of REMOTE at v1.2.3, if that is the highest version of v1 there. A patch of an
# older line leaves v1 alone.
set -eu

tag=$1 remote=$2 major=${1%%.*}

highest=$(git ls-remote --refs --tags "$remote" "$major.*" | sed 's|.*refs/tags/||' |
	grep -x 'v[0-9]*\.[0-9]*\.[0-9]*' | sort -t . -k 2,2n -k 3,3n | tail -n 1)
if [ "$highest" != "$tag" ]; then
	echo "$major stays at $highest"
	exit 0
fi
git push --force "$remote" "refs/tags/$tag^{}:refs/tags/$major"
