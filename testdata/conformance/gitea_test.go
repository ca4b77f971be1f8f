// SPDX-License-Identifier: Apache-2.0

//go:build gitea

package conformance_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/polytag/polytag/testdata/conformance/local"
)

// giteaTags make a Gitea with a database of its own.
const giteaTags = "-tags=sqlite,sqlite_unlock_notify"

// TestGitea removes temporary tags on Gitea, which destroys what a tag points at with the tag. It has a build tag of its
// own, because Gitea is built for it, which takes minutes.
func TestGitea(t *testing.T) {
	t.Parallel()
	runOn(t, gitea(), cleaning())
}

// gitea is the Gitea that gitea/go.mod pins, with one user.
func gitea() server {
	login := authn.Basic{Username: "acme", Password: "conformance-1"}
	return server{name: "gitea", deletesTags: true, login: login, start: func(t *testing.T) string {
		t.Helper()
		return startGitea(t, login)
	}}
}

// giteaConfig takes the user, the working folder, the socket, the folder of the module, for its templates, and the database.
const giteaConfig = `RUN_USER = %s
WORK_PATH = %s
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true

[server]
PROTOCOL = http+unix
HTTP_ADDR = %s
ROOT_URL = http://localhost/
STATIC_ROOT_PATH = %s
DISABLE_SSH = true
OFFLINE_MODE = true

[database]
DB_TYPE = sqlite3
PATH = %s
SQLITE_TIMEOUT = 20000

[security]
INSTALL_LOCK = true

[log]
LEVEL = Warn

[cron]
ENABLED = false
`

// startGitea builds and runs Gitea until the end of the test. It listens on a socket, behind a port of this process.
func startGitea(t *testing.T, login authn.Basic) string {
	t.Helper()
	dir := t.TempDir()
	exe, config, socket := filepath.Join(dir, "gitea"), filepath.Join(dir, "app.ini"), filepath.Join(dir, "socket")
	build := exec.CommandContext(t.Context(), "go", "build", giteaTags, "-o", exe, "code.gitea.io/gitea")
	build.Dir = "gitea"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building Gitea: %v\n%s", err, out)
	}
	module := strings.TrimSpace(string(tool(t, nil, "go", "list", "-C", "gitea", "-m", "-f={{.Dir}}", "code.gitea.io/gitea")))
	self, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, config, fmt.Sprintf(giteaConfig, self.Username, dir, socket, module, filepath.Join(dir, "gitea.db")))
	tool(t, nil, exe, "migrate", "--config="+config)
	tool(t, nil, exe, "admin", "user", "create", "--config="+config, "--username="+login.Username, "--password="+login.Password,
		"--email=acme@example.com", "--must-change-password=false")

	logs, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	cmd := exec.Command(exe, "web", "--config="+config)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	cmd.Stdout, cmd.Stderr = logs, logs
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
	})
	address := local.Serve(t, toSocket(socket))
	answering(t, "http://"+address+"/api/v1/version", ended, logs.Name())
	return address
}

// toSocket passes requests on to a socket, as they are.
func toSocket(socket string) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "gitea"})
			r.Out.Host = r.In.Host // which Gitea takes for its own address
		},
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
}

// answering waits until a page is there.
func answering(t *testing.T, page string, ended <-chan struct{}, logs string) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); ; {
		if got, err := http.Get(page); err == nil {
			got.Body.Close()
			if got.StatusCode == http.StatusOK {
				return
			}
		}
		why := "it does not answer"
		select {
		case <-tick.C:
			continue
		case <-ended:
			why = "it has ended"
		case <-deadline:
		}
		said, _ := os.ReadFile(logs)
		t.Fatalf("starting Gitea: %s\n%s", why, said)
	}
}
