// SPDX-License-Identifier: Apache-2.0

// Package bench measures the built program beside crane and skopeo, each as a process, between two real registries on
// loopback. The three take turns, so that a machine whose speed drifts is as unfair to one as to the others.
//
//	apt-get update && apt-get install docker-registry skopeo
//	go test -run '^$' -bench Copy -benchtime 5x -timeout 1h ./bench       # 2 GiB of layers, from one registry to another
//	go test -run '^$' -bench Again -benchtime 20x ./bench                 # the layers are there already
//	go test -run '^$' -bench Latency -benchtime 5x ./bench                # 14 small images, 50 ms away
//
// Each benchmark prints a table. The flag -layer sets the size of a layer in MiB, of which there are 16; -before names another build of
// the program, which takes its turn, too. The registries store in the folder for temporary files: TMPDIR=/dev/shm keeps it in memory.
//
// How much memory the program needs is no matter of timing, and is a test.
package bench
