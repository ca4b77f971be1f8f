// SPDX-License-Identifier: Apache-2.0

// Package bench measures the built program beside crane and skopeo, each as a process, between two real registries on
// loopback. They take turns, so that a machine whose speed drifts is as unfair to one as to the others.
//
//	apt-get update && apt-get install docker-registry skopeo
//	go test -run '^$' -bench Copy -benchtime 5x -timeout 1h ./bench       # 2 GiB of layers
//	go test -run '^$' -bench Again -benchtime 10x ./bench                 # what is there already, near and far
//	go test -run '^$' -bench Latency -benchtime 5x ./bench                # 14 small images, 50 ms away
//
// Each prints a table; docs/benchmarks.md has one of each. The flag -layer sets how many MiB each of the 16 layers has, and -before names
// another build of the program, which takes its turn, too; -away 5ms brings the registries nearer. They store in the folder for temporary files: TMPDIR=/dev/shm keeps
// that in memory, which takes 4.5 GB.
//
// How much memory the program needs is no matter of time, and is a test.
package bench
