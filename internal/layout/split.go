// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"strings"

	"github.com/polytag/polytag/internal/pattern"
)

var (
	drive        = pattern.Lazy(`^[A-Za-z]:[\\/]`)
	digestSuffix = pattern.Lazy(`@sha(256|512):[^/\\]*$`)
)

// Split takes apart what stands behind "oci:": the path of a layout, and what [Layout.Manifest] is to look for in it.
//
//	out               → out, ""
//	out.tar:1.2.3     → out.tar, 1.2.3
//	out@sha256:…      → out, sha256:…
//	out:1.2@sha256:…  → out, sha256:…   the digest decides, as in any reference
//	out:ghcr.io/a/b:1 → out, ghcr.io/a/b:1
//
// As with skopeo and podman, the path ends at the first colon, but for that of a Windows drive: names may have colons. A colon
// with nothing behind it is left in the path, where it will be missed: a variable was empty. The digest is not checked.
func Split(s string) (path, ref string) {
	path = s
	if at := digestSuffix().FindStringIndex(path); at != nil {
		path, ref = path[:at[0]], path[at[0]+1:]
	}
	from := len(drive().FindString(path))
	if i := strings.IndexByte(path[from:], ':'); i >= 0 && from+i+1 < len(path) {
		name := path[from+i+1:]
		path = path[:from+i]
		if ref == "" {
			ref = name
		}
	}
	return path, ref
}
