#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# binaries.sh VERSION FOLDER: builds the program for every platform, packs it with the license, and writes checksums.txt.
# The same commit, Go and gzip give the same bytes.
set -eu

version=$1 folder=$2
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp LICENSE "$work"
date=$(git log -1 --format=%cI)

for platform in linux/amd64 linux/arm64 linux/arm/7 linux/arm/6 linux/386 linux/ppc64le linux/s390x linux/riscv64 \
	darwin/amd64 darwin/arm64 windows/amd64 windows/arm64; do
	os=${platform%%/*} arch=${platform#*/}
	variant=${arch#*/} arch=${arch%/*}
	[ "$variant" != "$arch" ] || variant=
	program=polytag archive=polytag_${version}_${os}_$arch${variant:+v$variant}.tar.gz
	[ "$os" != windows ] || program=polytag.exe
	CGO_ENABLED=0 GOOS=$os GOARCH=$arch GOARM=$variant \
		go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$version" -o "$work/$program" .
	tar --create --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime="$date" \
		--directory "$work" "$program" LICENSE | gzip --no-name --best >"$folder/$archive"
	rm "$work/$program"
done
cd "$folder"
sha256sum polytag_* >checksums.txt
