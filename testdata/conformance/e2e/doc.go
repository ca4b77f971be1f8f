// SPDX-License-Identifier: Apache-2.0

// Package e2e builds the image from the Dockerfile with a real Docker engine and runs the action with it: as GitHub's runner runs a
// docker action (package runner), and as a part of whole workflows with act, against a registry on loopback.
//
// On Debian, as root:
//
//	apt-get update && apt-get install busybox-static dash libdevmapper1.02.1
//	go install github.com/nektos/act@v0.2.89
//	go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
//	go test ./e2e/...
//	go test ./e2e -update    # rewrites the golden files
//
// The base images are stand-ins, made from this machine's busybox and Go. The engine is Debian's, downloaded and unpacked.
package e2e
