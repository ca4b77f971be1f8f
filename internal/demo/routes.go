// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// routes leads the hosts that are its keys to the addresses that are its values.
type routes map[string]string

// RoundTrip implements [http.RoundTripper].
func (r routes) RoundTrip(req *http.Request) (*http.Response, error) {
	addr, ok := r[req.URL.Host]
	if !ok {
		return nil, fmt.Errorf("the demo knows no host %s", req.URL.Host)
	}
	sent := req.Clone(req.Context())
	sent.URL.Scheme, sent.URL.Host = "http", addr
	resp, err := http.DefaultTransport.RoundTrip(sent)
	if err != nil {
		return nil, fmt.Errorf("reaching the demo's %s: %w", req.URL.Host, err)
	}
	resp.Request = req
	return resp, nil
}

// shelf shows the tags of a registry to the Hub. It asks the handler itself.
type shelf struct{ registry http.Handler }

// Tags implements hubtest.Tags.
func (s shelf) Tags(repo string) map[string]string {
	var list struct {
		Tags []string `json:"tags"`
	}
	answer := s.ask(http.MethodGet, "/v2/"+repo+"/tags/list")
	if json.Unmarshal(answer.body, &list) != nil {
		return nil
	}
	tags := map[string]string{}
	for _, tag := range list.Tags {
		if !strings.HasPrefix(tag, "sha256:") { // the registry lists digests too
			tags[tag] = s.ask(http.MethodHead, "/v2/"+repo+"/manifests/"+tag).header.Get("Docker-Content-Digest")
		}
	}
	return tags
}

// DeleteTag implements hubtest.Tags.
func (s shelf) DeleteTag(repo, tag string) { s.ask(http.MethodDelete, "/v2/"+repo+"/manifests/"+tag) }

func (s shelf) ask(method, path string) *answer {
	a := &answer{header: http.Header{}}
	s.registry.ServeHTTP(a, &http.Request{Method: method, URL: &url.URL{Path: path}, Header: http.Header{}, Body: http.NoBody})
	return a
}

// answer keeps what a handler writes.
type answer struct {
	header http.Header
	body   []byte
}

func (a *answer) Header() http.Header { return a.header }
func (a *answer) WriteHeader(int)     {}

func (a *answer) Write(p []byte) (int, error) {
	a.body = append(a.body, p...)
	return len(p), nil
}
