// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/transport"
)

// base is a function as the round tripper below the one that is tested.
type base func(*http.Request) (*http.Response, error)

func (f base) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
		io.Copy(io.Discard, req.Body)
	}
	return f(req)
}

// answer is a response to req with a body of its own.
func answer(req *http.Request, status int, header ...string) *http.Response {
	resp := &http.Response{
		StatusCode: status, Header: http.Header{}, Request: req,
		Body: io.NopCloser(strings.NewReader("body of " + http.StatusText(status))),
	}
	for i := 0; i < len(header); i += 2 {
		resp.Header.Set(header[i], header[i+1])
	}
	return resp
}

// answers is a base that answers with each status in turn, and with the last for ever. A status of 0 is a reset
// connection.
func answers(statuses ...int) base {
	var n atomic.Int64
	return func(req *http.Request) (*http.Response, error) {
		status := statuses[min(int(n.Add(1)), len(statuses))-1]
		if status == 0 {
			return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
		}
		return answer(req, status), nil
	}
}

type closeRecorder struct {
	io.Reader

	closed bool
}

func (c *closeRecorder) Close() error {
	c.closed = true
	return nil
}

func request(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// do sends req and returns the answer's status and body.
func do(t *testing.T, rt http.RoundTripper, req *http.Request) (status int, body string, err error) {
	t.Helper()
	resp, err := rt.RoundTrip(req)
	if err != nil {
		if resp != nil {
			t.Errorf("RoundTrip = %v beside the error %v, want nil", resp, err)
		}
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("reading the body: %v", err)
	}
	return resp.StatusCode, string(b), nil
}

// TestServer is the whole thing over a real connection: a body that is replayed, and the answer streamed.
func TestServer(t *testing.T) {
	t.Parallel()
	var attempts atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b, _ := io.ReadAll(r.Body); string(b) != "manifest" {
			t.Errorf("attempt %d has the body %q, want %q", attempts.Load(), b, "manifest")
		}
		switch attempts.Add(1) {
		case 1:
			w.WriteHeader(http.StatusBadGateway)
		case 2:
			panic(http.ErrAbortHandler)
		default:
			fmt.Fprintf(w, "%s %s", r.Method, r.UserAgent())
		}
	}))
	t.Cleanup(srv.Close)

	rt := transport.New(transport.Options{UserAgent: "polytag/test"})
	req := request(t, http.MethodPut, srv.URL+"/v2/app/manifests/1.2.3", strings.NewReader("manifest"))
	req.Header.Set("User-Agent", "caller")
	_, got, err := do(t, rt, req)
	if err != nil {
		t.Fatal(err)
	}
	if want := "PUT polytag/test"; got != want {
		t.Errorf("answer = %q, want %q", got, want)
	}
	if got := attempts.Load(); got != 3 {
		t.Errorf("attempts = %d, want 3", got)
	}
	if got := req.UserAgent(); got != "caller" {
		t.Errorf("the caller's request now has the user agent %q", got)
	}
}

func TestUserAgentIsLeftAloneWhenNoneIsGiven(t *testing.T) {
	t.Parallel()
	var got string
	rt := transport.New(transport.Options{Base: base(func(req *http.Request) (*http.Response, error) {
		got = req.UserAgent()
		return answer(req, http.StatusOK), nil
	})})
	req := request(t, http.MethodGet, "https://registry.example/v2/", nil)
	req.Header.Set("User-Agent", "caller")
	if _, _, err := do(t, rt, req); err != nil {
		t.Fatal(err)
	}
	if got != "caller" {
		t.Errorf("user agent = %q, want %q", got, "caller")
	}
}

// TestBodyIsStreamed reads the first half of an answer before the server has sent the second.
func TestBodyIsStreamed(t *testing.T) {
	t.Parallel()
	proceed := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		<-proceed
		io.WriteString(w, "second")
	}))
	t.Cleanup(srv.Close)
	resp, err := transport.New(transport.Options{}).RoundTrip(request(t, http.MethodGet, srv.URL, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	first := make([]byte, len("first"))
	if _, err := io.ReadFull(resp.Body, first); err != nil {
		t.Fatal(err)
	}
	close(proceed)
	rest, err := io.ReadAll(resp.Body)
	if got := string(first) + string(rest); got != "firstsecond" || err != nil {
		t.Errorf("body = %q, %v, want %q", got, err, "firstsecond")
	}
}

func TestRedirectIsTheCallersBusiness(t *testing.T) {
	t.Parallel()
	rt := transport.New(transport.Options{Base: base(func(req *http.Request) (*http.Response, error) {
		return answer(req, http.StatusTemporaryRedirect, "Location", "https://storage.example/blob?sig=s3cret"), nil
	})})
	status, body, err := do(t, rt, request(t, http.MethodGet, "https://registry.example/v2/app/blobs/x", nil))
	if status != http.StatusTemporaryRedirect || body != "body of Temporary Redirect" || err != nil {
		t.Errorf("answer = %d, %q, %v, want the redirect itself", status, body, err)
	}
}

func TestErrorsAndLogHoldNoSecrets(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	replaceTimes := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		if a.Key == "duration" {
			return slog.String(a.Key, "…")
		}
		return a
	}
	n := 0
	rt := transport.New(transport.Options{
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: replaceTimes})),
		Base: base(func(req *http.Request) (*http.Response, error) {
			if n++; n == 1 {
				return answer(req, http.StatusOK, "Set-Cookie", "s3cret"), nil
			}
			return nil, errors.New("no route")
		}),
	})
	const target = "https://user:s3cret@registry.example/v2/app/blobs/uploads/1?digest=sha256%3Aabc&_state=s3cret"
	for range 2 {
		req := request(t, http.MethodPut, target, &closeRecorder{Reader: strings.NewReader("s3cret")}) // cannot be replayed
		req.Header.Set("Authorization", "Bearer s3cret")
		_, _, err := do(t, rt, req)
		if err == nil {
			continue
		}
		const want = "PUT https://registry.example/v2/app/blobs/uploads/1?_state=REDACTED&digest=REDACTED: no route"
		if err.Error() != want {
			t.Errorf("error = %v, want %s", err, want)
		}
	}
	const url = `url="https://registry.example/v2/app/blobs/uploads/1?_state=REDACTED&digest=REDACTED"`
	want := `level=DEBUG msg="http request" method=PUT ` + url + ` status=200 duration=…` + "\n" +
		`level=DEBUG msg="http request" method=PUT ` + url + ` error="no route" duration=…` + "\n"
	if diff := cmp.Diff(want, log.String()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestCertificateErrorIsFinal(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(srv.Close)
	rt := transport.New(transport.Options{Notify: func(w transport.Wait) { t.Errorf("waiting: %+v", w) }})
	_, _, err := do(t, rt, request(t, http.MethodGet, srv.URL, nil))
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("error = %v, want one about the certificate", err)
	}
}

func TestTLSProbeOfPlainServerIsFinal(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	rt := transport.New(transport.Options{Notify: func(w transport.Wait) { t.Errorf("waiting: %+v", w) }})
	_, _, err := do(t, rt, request(t, http.MethodGet, strings.Replace(srv.URL, "http:", "https:", 1), nil))
	if !errors.Is(err, http.ErrSchemeMismatch) {
		t.Errorf("error = %v, want %v", err, http.ErrSchemeMismatch)
	}
}

// TestWrongAddressIsFinal asks a port that nobody listens on.
func TestWrongAddressIsFinal(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	rt := transport.New(transport.Options{Notify: func(w transport.Wait) { t.Errorf("waiting: %+v", w) }})
	if _, _, err := do(t, rt, request(t, http.MethodGet, srv.URL, nil)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error = %v, want %v", err, syscall.ECONNREFUSED)
	}
}
