#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Prints the digest of polytag's image that the files of a release name. Fails unless each of them names it, and they all
# name the same.
set -eu

set -- action.yml with-docker-login/action.yml .github/workflows/release-image.yml templates/release/template.yml
for file in "$@"; do
	if ! grep -q 'ghcr\.io/polytag/polytag@sha256:' "$file"; then
		echo "$file does not pin the image" >&2
		exit 1
	fi
done
names=$(grep -ho 'ghcr\.io/polytag/polytag[@:][A-Za-z0-9:._-]*' "$@" | sort -u)
digest=${names#ghcr.io/polytag/polytag@}
if ! printf '%s\n' "$digest" | grep -qx 'sha256:[0-9a-f]\{64\}' || [ "$(printf '%s\n' "$names" | wc -l)" -ne 1 ]; then
	printf 'want one digest, not\n%s\n' "$names" >&2
	exit 1
fi
echo "$digest"
