// SPDX-License-Identifier: Apache-2.0

// Package gitlab runs GitLab's component, templates/release, with gitlab-ci-local: the include and its inputs, the job, its
// report, and a later job that reads it. The releases go to a registry in this process that wants a login. Jobs run in a
// shell with the program on PATH, and in containers of a private Docker engine with the image of the Dockerfile.
//
// On Debian, as root, for the engine mounts; gitlab-ci-local needs Node 22 or later, and finds the node of npm beside it:
//
//	apt-get update && apt-get install bash busybox-static git libdevmapper1.02.1 npm rsync
//	npm install --prefix /opt/gitlab-ci-local gitlab-ci-local@4.75.1 node@24.21.0
//	PATH=/opt/gitlab-ci-local/node_modules/.bin:$PATH go test ./gitlab
//
// A tool that is missing is a failure, never a skip. With -v each pipeline is shown.
package gitlab
