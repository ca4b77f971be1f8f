#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Publishes $IMAGE under the tags of a version, from $IMAGE:STEM-linux-amd64 and $IMAGE:STEM-linux-arm64.
#
#   export IMAGE=registry.example.com/acme/app POLYTAG_USERNAME=… POLYTAG_PASSWORD=…
#   ./release.sh v1.2.3 12be34
#
# --env without a value hands the variable on, so that no process list shows the password.
set -eu

exec docker run --rm \
	--env POLYTAG_USERNAME --env POLYTAG_PASSWORD \
	ghcr.io/polytag/polytag:1 \
	--images "$IMAGE" \
	--git-tag "$1" \
	--source-tag "$2" \
	--platforms linux/amd64,linux/arm64 \
	--cleanup
