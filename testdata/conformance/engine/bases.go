// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The base images of the Dockerfile.
const (
	Alpine = "alpine:3.22"
	Golang = "golang:1.26-alpine"
)

// searchPath is where Alpine looks for programs.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// ImportBases makes stand-ins for the base images of the Dockerfile from this machine's files, under their names: [Alpine]
// as [Engine.ImportAlpine] does, and [Golang] that with the Go that runs the test and a module proxy in its file system,
// which holds what the module in the folder root needs. A build from them needs no network.
func (e *Engine) ImportBases(ctx context.Context, root string) error {
	if err := e.ImportAlpine(ctx, Alpine, nil); err != nil {
		return err
	}
	goroot, err := output(inModule(ctx, root, "env", "GOROOT"))
	if err != nil {
		return err
	}
	modules, err := os.MkdirTemp("", "polytag-modules-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(modules)
	if err := copyModules(ctx, root, modules); err != nil {
		return err
	}
	changes := []string{"ENV PATH=/usr/local/go/bin:" + searchPath, "ENV GOTOOLCHAIN=local GOPATH=/go GOPROXY=file:///proxy"}
	return e.importTree(ctx, Golang, changes, func(w *tar.Writer) error {
		a := archive{w}
		return errors.Join(writeAlpine(w), a.tree("usr/local/go", goroot, unneeded), a.tree("proxy", filepath.Join(modules, "cache/download"), none))
	})
}

// ImportAlpine makes an image like Alpine's of this machine's busybox and bundle of CA certificates, with further programs by
// their paths.
func (e *Engine) ImportAlpine(ctx context.Context, name string, programs map[string][]byte) error {
	changes := []string{`CMD ["/bin/sh"]`, "ENV PATH=" + searchPath}
	return e.importTree(ctx, name, changes, func(w *tar.Writer) error {
		errs := []error{writeAlpine(w)}
		for path, content := range programs {
			errs = append(errs, archive{w}.file(path, 0o755, content))
		}
		return errors.Join(errs...)
	})
}

// importTree makes an image of a root file system, with changes that are lines of a Dockerfile.
func (e *Engine) importTree(ctx context.Context, name string, changes []string, write func(*tar.Writer) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	args := []string{"import"}
	for _, change := range changes {
		args = append(args, "--change="+change)
	}
	cmd := e.Command(ctx, append(args, "-", name)...)
	from, to := io.Pipe()
	cmd.Stdin = from
	go func() {
		w := tar.NewWriter(to)
		to.CloseWithError(errors.Join(write(w), w.Close()))
	}()
	_, err := output(cmd)
	from.Close()
	if err != nil {
		return fmt.Errorf("making a stand-in for %s: %w", name, err)
	}
	return nil
}

// writeAlpine writes a root file system with Alpine's shell and tools, Debian's busybox-static, where Alpine has them.
func writeAlpine(w *tar.Writer) error {
	const busybox, bundle = "/bin/busybox", "/etc/ssl/certs/ca-certificates.crt"
	if linked, err := exec.Command("ldd", busybox).Output(); err == nil {
		return fmt.Errorf("%s is not static: apt-get install busybox-static\n%s", busybox, linked)
	}
	applets, err := exec.Command(busybox, "--list-full").Output()
	if err != nil {
		return err
	}
	a := archive{w}
	errs := []error{
		a.dir("tmp", 0o1777), a.dir("root", 0o700), a.dir("proc", 0o555), a.dir("sys", 0o555), a.dir("dev", 0o755),
		a.copy("bin/busybox", busybox),
		a.copy("etc/ssl/certs/ca-certificates.crt", bundle),
		a.file("etc/passwd", 0o644, []byte("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n")),
		a.file("etc/group", 0o644, []byte("root:x:0:\n")),
		a.file("etc/os-release", 0o644, []byte("ID=alpine\nVERSION_ID=3.22.0\nPRETTY_NAME=\"busybox as a stand-in for Alpine\"\n")),
	}
	for applet := range strings.FieldsSeq(string(applets)) {
		if applet != "bin/busybox" {
			errs = append(errs, a.link(applet, busybox))
		}
	}
	return errors.Join(errs...)
}

// unneeded names what no build reads of a Go distribution.
func unneeded(path string, d fs.DirEntry) bool {
	switch path {
	case "api", "doc", "misc", "test":
		return true
	}
	return d.Name() == "testdata" || strings.HasSuffix(path, "_test.go")
}

func none(string, fs.DirEntry) bool { return false }

// copyModules fills a module cache with what a module needs, from the one of this machine.
func copyModules(ctx context.Context, root, to string) error {
	cache, err := output(inModule(ctx, root, "env", "GOMODCACHE"))
	if err != nil {
		return err
	}
	if _, err := output(inModule(ctx, root, "mod", "download")); err != nil {
		return err
	}
	again := inModule(ctx, root, "mod", "download")
	again.Env = append(again.Environ(), "GOMODCACHE="+to, "GOPROXY=file://"+filepath.Join(cache, "cache/download"))
	_, err = output(again)
	return err
}

// inModule returns a run of go in the folder of a module.
func inModule(ctx context.Context, root string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	return cmd
}
