// SPDX-License-Identifier: Apache-2.0

package ci

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// WriteResults writes each output to a file of its name in dir, which must exist, without a newline at the end: the
// results of a Tekton task (dir is /tekton/results), of which a task has some 3 kB in all.
//
// https://tekton.dev/docs/pipelines/tasks/#emitting-results
func WriteResults(dir string, outs []Output) error {
	if err := checkNames(outs); err != nil {
		return fmt.Errorf("writing results: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("writing results: %w", err)
	}
	var errs []error
	for _, o := range outs {
		if err := root.WriteFile(o.Name, []byte(strings.TrimRight(o.Value, "\n")), 0o644); err != nil {
			errs = append(errs, fmt.Errorf("writing result %s: %w", o.Name, err))
		}
	}
	return errors.Join(append(errs, root.Close())...)
}
