// SPDX-License-Identifier: Apache-2.0

// Package examples proves that every pipeline in examples/, and the reusable workflow, really releases: it runs their
// commands, job by job, as the CI would for the git tag v1.2.3, with the variables that the CI documents, the shell it
// uses and a home folder for each job. What they leave in a registry on loopback, which asks for a password, is compared
// with what the example promises.
//
// The registry, the program and the shells are real. What stands in for the rest: "docker" is this test binary, which
// signs in, pushes an image of the platform it is asked to build, and runs the program in place of its container, with
// nothing of the environment but what --env names; a plugin that builds is such a build; and the steps of GitHub's
// actions are done by hand.
package examples
