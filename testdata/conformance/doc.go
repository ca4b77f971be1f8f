// SPDX-License-Identifier: Apache-2.0

// Package conformance proves the built program against real registries and real clients. Its tests know the program only
// as a process: what it is told, what it says, and what it does to a registry, as a proxy between the two saw it.
//
// The registries are distribution v2.8 and v3 as processes, olareg and an ECR-like ociserver in this one, and Gitea if it
// is asked for. The images are what BuildKit pushed (testdata/fixtures). The clients are skopeo, regctl and a private
// Docker engine.
//
// On Debian, as root, for the engine mounts:
//
//	apt-get update && apt-get install docker-registry skopeo
//	go test ./...
//	POLYTAG_RACE_ROUNDS=100 go test -run TestRace .
//	go test -tags gitea -run TestGitea .             # builds Gitea, which takes minutes and a C compiler
//	go test -tags cosign -run TestCosign .           # builds cosign, which takes minutes
//
// The engine's own packages are downloaded and unpacked, never installed. A tool that is missing is a failure, never a skip.
// With -v each run of the program is shown.
package conformance
