// SPDX-License-Identifier: Apache-2.0

package hosting_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/transport"
)

const base = "https://api.example"

func TestCall(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	w := newWire(registrytest.Net{"api.example": http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		raw, _ := io.ReadAll(req.Body)
		got, body = req, string(raw)
		w.Header().Set("Link", "next")
		io.WriteString(w, `{"name": "app", "more": true}`)
	})})
	var out struct {
		Name string `json:"name"`
	}
	api := hosting.API{Transport: w, Base: base, Login: credential("", "bot", "hunter2"), Header: http.Header{"Accept": {"application/x"}}}
	header, err := api.Call(t.Context(), http.MethodPut, "/a%252Fb?c=d", map[string]string{"description": "é"}, &out)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"uri": "/a%252Fb?c=d", "type": "application/json", "accept": "application/x", "body": `{"description":"é"}`,
		"auth": "Basic " + base64.StdEncoding.EncodeToString([]byte("bot:hunter2")), "out": "app", "link": "next", "cookies": "0",
	}
	have := map[string]string{
		"uri": got.RequestURI, "type": got.Header.Get("Content-Type"), "accept": got.Header.Get("Accept"), "body": body,
		"auth": got.Header.Get("Authorization"), "out": out.Name, "link": header.Get("Link"), "cookies": strconv.Itoa(len(got.Cookies())),
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("call (-want +got):\n%s", diff)
	}

	api.Bearer = true
	if _, err := api.Call(t.Context(), http.MethodDelete, "/", nil, nil); err != nil {
		t.Fatal(err)
	}
	if auth := got.Header.Get("Authorization"); auth != "Bearer hunter2" || got.Header.Get("Content-Type") != "" || body != "" {
		t.Errorf("as a token, without a body: %q, %q, %q", auth, got.Header.Get("Content-Type"), body)
	}
}

func TestCallKeepsNoCookies(t *testing.T) {
	t.Parallel()
	w := newWire(registrytest.Net{"api.example": http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if len(req.Cookies()) > 0 {
			t.Errorf("cookies = %v, want none", req.Cookies())
		}
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "1"})
	})})
	api := hosting.API{Transport: w, Base: base}
	for range 2 {
		if _, err := api.Call(t.Context(), http.MethodGet, "/", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long ", 200)
	tests := map[string]struct {
		answer page
		want   string // behind "PUT https://api.example/x: "
	}{
		"GitHub":               {page{status: 404, body: `{"message":"Package not found.","documentation_url":"https://docs.github.com","status":"404"}`}, "404 Not Found: Package not found."},
		"Harbor":               {page{status: 412, body: `{"errors":[{"code":"PRECONDITION","message":"the tag is immutable"}]}`}, "412 Precondition Failed: PRECONDITION the tag is immutable"},
		"Quay":                 {page{status: 403, body: `{"detail":"Requires one of repo:write","error_message":"insufficient_scope","status":403,"title":"insufficient_scope"}`}, "403 Forbidden: Requires one of repo:write insufficient_scope"},
		"Quay, of its website": {page{status: 403, body: `{"error": "CSRF token was invalid or missing."}`}, "403 Forbidden: CSRF token was invalid or missing."},
		"Amazon":               {page{status: 400, contentType: "application/x-amz-json-1.1", body: `{"__type":"AccessDeniedException","Message":"no"}`}, "400 Bad Request: AccessDeniedException no"},
		"Azure":                {page{status: 405, body: `{"errors":[{"code":"UNSUPPORTED","message":"locked","detail":{"name":"x"}}]}`}, "405 Method Not Allowed: UNSUPPORTED locked"},
		"other types":          {page{status: 400, body: `{"message":{"a":1},"errors":["x"],"error":false,"detail":null}`}, "400 Bad Request"},
		"HTML":                 {html(502), "502 Bad Gateway: the answer is a page of HTML, as a proxy sends"},
		"HTML, and a 200":      {html(200), "200 OK: the answer is a page of HTML, as a proxy sends"},
		"text":                 {page{status: 500, contentType: "text/plain", body: "oops"}, "500 Internal Server Error"},
		"nothing":              {page{status: 503}, "503 Service Unavailable"},
		"lines and worse":      {page{status: 400, body: `{"message":"a\n\n::error::b\u001b[31m\u202e\u0000 c"}`}, "400 Bad Request: a ::error::b [31m c"},
		"a secret":             {page{status: 400, body: `{"message":"bad token hunter2"}`}, "400 Bad Request: bad token ***"},
		"too long":             {page{status: 400, body: `{"message":"` + long + `"}`}, "400 Bad Request: " + long[:299] + "…"},
		"redirect":             {page{status: 301, location: "https://evil.example/x?y=z"}, "301 Moved Permanently: it redirects to https://evil.example/x, which is not followed"},
		"redirect, 307":        {page{status: 307, location: "/elsewhere"}, "307 Temporary Redirect: it redirects to https://api.example/elsewhere, which is not followed"},
		"304":                  {page{status: 304}, "304 Not Modified"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWire(registrytest.Net{"api.example": pages{"*": tt.answer}})
			api := hosting.API{Transport: w, Base: base, Login: credential("", "", "hunter2"), Bearer: true}
			_, err := api.Call(t.Context(), http.MethodPut, "/x?secret=query", struct{}{}, nil)
			e, isError := errors.AsType[*hosting.Error](err)
			if !isError || e.Status != tt.answer.status {
				t.Fatalf("Call = %v, want an *Error of status %d", err, tt.answer.status)
			}
			if want := "PUT https://api.example/x: " + tt.want; err.Error() != want {
				t.Errorf("error = %q, want %q", err, want)
			}
			if got := w.urls(); len(got) != 1 {
				t.Errorf("requests = %q, want one: no redirect is followed", got)
			}
			if !hosting.HasStatus(err, 1, tt.answer.status) || hosting.HasStatus(err, 1) || hosting.HasStatus(errors.New("x"), 1) {
				t.Error("HasStatus does not tell")
			}
		})
	}
}

func TestUnreadableAnswers(t *testing.T) {
	t.Parallel()
	rec := registrytest.Record(pages{"*": ok(`{"name": "app"}`)})
	rec.Inject(registrytest.Fault{Match: registrytest.On("", "^/half$"), Truncate: true})
	w := newWire(registrytest.Net{"api.example": rec})
	api := hosting.API{Transport: w, Base: base}
	var number int
	for path, want := range map[string]string{
		"/half":  "GET https://api.example/half: reading the answer: ",
		"/other": "GET https://api.example/other: parsing the answer: ",
	} {
		_, err := api.Call(t.Context(), http.MethodGet, path, nil, &number)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Call(%s) = %v, want %s", path, err, want)
		}
	}
	if _, err := api.Call(t.Context(), http.MethodGet, "/", func() {}, nil); err == nil {
		t.Error("a body that is no JSON: no error")
	}
	if _, err := api.Call(t.Context(), "no method", "/", nil, nil); err == nil {
		t.Error("a method that is none: no error")
	}
}

// TestPlainHTTP is for registries on loopback, and for those that were named.
func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	answer := pages{"*": ok(`{}`)}
	net := registrytest.Net{"http://localhost:3000": answer, "http://registry.example": answer}
	call := func(host string) error {
		api := hosting.API{
			Transport: transport.New(transport.Options{Base: newWire(net)}),
			Registry:  repoOf(t, host+"/acme/app").Registry, Login: credential("", "bot", "hunter2"),
		}
		_, err := api.Call(t.Context(), http.MethodGet, "/", nil, nil)
		return err
	}
	if err := call("localhost:3000"); err != nil {
		t.Errorf("Call to loopback: %v", err)
	}
	if err := call("registry.example"); err == nil {
		t.Error("Call to another host over plain HTTP: no error")
	}
}

func FuzzRefusal(f *testing.F) {
	f.Add("application/json", []byte(`{"message":"no","errors":[{"code":"A","message":"b"}]}`))
	f.Add("application/json", []byte(`{"errors":["x"],"detail":{"a":[1]}}`))
	f.Add("application/json", []byte("{\"message\":\"\\u001b[2J\\u2028\xff hunter2\"}"))
	f.Add("text/html; charset=utf-8", []byte("<title>x</title>"))
	f.Add("", []byte(""))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		api := hosting.API{Base: base, Login: credential("", "bot", "hunter2"), Transport: answers(func(req *http.Request) *http.Response {
			return &http.Response{
				StatusCode: http.StatusBadRequest, Header: http.Header{"Content-Type": {contentType}}, Request: req, Body: io.NopCloser(strings.NewReader(string(body))),
			}
		})}
		_, err := api.Call(t.Context(), http.MethodGet, "/", nil, nil)
		e, isError := errors.AsType[*hosting.Error](err)
		if !isError {
			t.Fatalf("Call = %v, want an *Error", err)
		}
		if !utf8.ValidString(e.Message) || utf8.RuneCountInString(e.Message) > 300 || strings.Contains(e.Message, "hunter2") {
			t.Errorf("message %q is not UTF-8, too long or tells the secret", e.Message)
		}
		if i := strings.IndexFunc(e.Message, func(r rune) bool { return r != '…' && !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("message %q has an unprintable character at %d", e.Message, i)
		}
		if json.Valid(body) && strings.HasPrefix(contentType, "text/html") && e.Message != "the answer is a page of HTML, as a proxy sends" {
			t.Errorf("message %q of a page of HTML", e.Message)
		}
	})
}

type answers func(*http.Request) *http.Response

func (f answers) RoundTrip(req *http.Request) (*http.Response, error) { return f(req), nil }
