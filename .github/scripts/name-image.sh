#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# name-image.sh DIGEST: makes everything in the working tree that runs polytag's image name it by digest. Nothing else differs
# between the commit of a release and the one before.
set -eu

digest=$1 image=ghcr.io/polytag/polytag

cd "$(git rev-parse --show-toplevel)"
# Not sed -i, which BSD and GNU spell differently.
replace() {
	sed "$1" "$2" >"$2.new" && cat "$2.new" >"$2" && rm "$2.new"
}
replace "s|^  image: Dockerfile\$|  image: docker://$image@$digest|" action.yml
for file in with-docker-login/action.yml .github/workflows/release-image.yml templates/release/template.yml; do
	replace "s|$image:main|$image@$digest|" "$file"
done
