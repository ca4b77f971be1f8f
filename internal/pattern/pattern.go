// SPDX-License-Identifier: Apache-2.0

// Package pattern holds regular expressions that cost nothing until they are needed. A release uses a few of the program's many; to compile
// all of them takes as long as everything else that happens before main.
package pattern

import (
	"regexp"
	"sync"
)

// Lazy returns the regular expression, which the first call compiles. It panics then if expr is none. It is safe for use by several
// goroutines.
func Lazy(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
