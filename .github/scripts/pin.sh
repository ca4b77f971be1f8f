#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# pin.sh VERSION DIGEST: makes the tag vVERSION on a commit of its own, in which everything that runs polytag's image names
# it by digest. The branch stays as it is. See CONTRIBUTING.md, Releasing.
set -eu

version=$1 digest=$2

cd "$(git rev-parse --show-toplevel)"
if [ -n "$(git status --porcelain --untracked-files=no)" ]; then
	echo 'commit or drop your changes first' >&2
	exit 1
fi
branch=$(git symbolic-ref --quiet --short HEAD || git rev-parse HEAD)
git checkout --quiet --detach
trap 'git checkout --quiet --force "$branch"' EXIT

.github/scripts/name-image.sh "$digest"
.github/scripts/pinned.sh >/dev/null

git commit --quiet --all --message "polytag $version: name the image by digest"
git tag --annotate --message "polytag $version" "v$version"
echo "made v$version; push it: git push origin v$version"
