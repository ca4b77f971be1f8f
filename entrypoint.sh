#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Flags or nothing: run polytag. A command: run that, as GitLab's runner wants
# its shell. exec, so that signals reach the program.
set -eu
case "${1:-}" in
'' | -* | release | plan | inspect | demo | version | help) exec /usr/local/bin/polytag "$@" ;;
*) exec "$@" ;;
esac
