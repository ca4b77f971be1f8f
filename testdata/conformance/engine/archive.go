// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"archive/tar"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// archive writes the root file system of an image. All belongs to root, and nothing has a time.
type archive struct{ tar *tar.Writer }

func (a archive) file(name string, mode int64, content []byte) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(content))}
	if err := a.tar.WriteHeader(header); err != nil {
		return err
	}
	_, err := a.tar.Write(content)
	return err
}

func (a archive) dir(name string, mode int64) error {
	return a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: mode})
}

func (a archive) link(name, target string) error {
	return a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777})
}

// copy adds a file of this machine.
func (a archive) copy(name, from string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: int64(info.Mode().Perm()), Size: info.Size()}
	if err := a.tar.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(a.tar, f)
	return err
}

// tree adds the folders and regular files of a folder of this machine, except those that skip names.
func (a archive) tree(name, from string, skip func(file string, d fs.DirEntry) bool) error {
	return filepath.WalkDir(from, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, p)
		if err != nil {
			return err
		}
		in := path.Join(name, filepath.ToSlash(rel))
		switch {
		case skip(rel, d) && d.IsDir():
			return fs.SkipDir
		case skip(rel, d):
			return nil
		case d.IsDir():
			return a.dir(in, 0o755)
		case d.Type().IsRegular():
			return a.copy(in, p)
		}
		return nil
	})
}
