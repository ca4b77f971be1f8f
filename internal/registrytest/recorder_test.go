// SPDX-License-Identifier: Apache-2.0

package registrytest_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/registrytest"
)

// ways are the two ways to a registry: through sockets, where every request has a connection of its own, and without.
var ways = map[string]func(t *testing.T, r *registrytest.Registry) (rt http.RoundTripper, base string){
	"sockets": func(t *testing.T, r *registrytest.Registry) (http.RoundTripper, string) {
		t.Helper()
		server := httptest.NewServer(r)
		t.Cleanup(server.Close)
		return &http.Transport{DisableKeepAlives: true}, server.URL
	},
	"net": func(t *testing.T, r *registrytest.Registry) (http.RoundTripper, string) {
		t.Helper()
		return registrytest.Net{host: r}, "http://" + host
	},
}

func TestRequests(t *testing.T) {
	t.Parallel()
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := registrytest.New(registrytest.Options{})
			rt, base := way(t, r)
			digest := r.PushImage(t, "acme/app:x", "linux/amd64").String()
			body, mediaType, ok := r.Manifest("acme/app", "x")
			if !ok {
				t.Fatal("the image is not there")
			}
			do(t, rt, "GET", base+"/v2/", "")
			do(t, rt, "GET", base+"/v2/acme/app/tags/list?n=5", "")
			do(t, rt, "HEAD", base+"/v2/acme/app/manifests/none", "")
			do(t, rt, "PUT", base+"/v2/acme/app/manifests/1.2", string(body), "Content-Type", string(mediaType))
			do(t, rt, "PUT", base+"/v2/acme/app/manifests/"+digest, string(body), "Content-Type", string(mediaType))
			do(t, rt, "PUT", base+"/v2/acme/app/manifests/bad", "")
			do(t, rt, "DELETE", base+"/v2/acme/app/manifests/1.2", "")
			do(t, rt, "GET", base+"/elsewhere", "")

			type row struct {
				Line, Repo, Reference string
				N                     string
				Status                int
			}
			var got []row
			for _, q := range r.Requests() {
				got = append(got, row{q.String(), q.Repo, q.Reference, q.Query.Get("n"), q.Status})
				if q.At.IsZero() {
					t.Errorf("%v: no time", q)
				}
			}
			want := []row{
				{"GET /v2/", "", "", "", 200},
				{"GET /v2/acme/app/tags/list", "acme/app", "", "5", 200},
				{"HEAD /v2/acme/app/manifests/none", "acme/app", "none", "", 404},
				{"PUT /v2/acme/app/manifests/1.2", "acme/app", "1.2", "", 201},
				{"PUT /v2/acme/app/manifests/" + digest, "acme/app", digest, "", 201},
				{"PUT /v2/acme/app/manifests/bad", "acme/app", "bad", "", 400},
				{"DELETE /v2/acme/app/manifests/1.2", "acme/app", "1.2", "", 202},
				{"GET /elsewhere", "", "", "", 404},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Requests (-want +got):\n%s", diff)
			}
			wantWrites := []string{"PUT acme/app:1.2", "PUT acme/app@" + digest, "DELETE acme/app:1.2"}
			if diff := cmp.Diff(wantWrites, r.Writes()); diff != "" {
				t.Errorf("Writes (-want +got):\n%s", diff)
			}
			r.ResetRequests()
			if len(r.Requests()) != 0 || len(r.Writes()) != 0 {
				t.Errorf("after ResetRequests: %v, %v, want none", r.Requests(), r.Writes())
			}
		})
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	type seen struct {
		status       int // 0: the connection broke before there was one
		body, header string
		broken       bool
	}
	tests := []struct {
		name, method string
		fault        registrytest.Fault

		want    seen
		applied bool
		status  int // as recorded
	}{
		{"reset", "PUT", registrytest.Fault{Reset: true}, seen{}, false, 0},
		{"reset after", "PUT", registrytest.Fault{Reset: true, Applied: true}, seen{}, true, 201},
		{"answer lost", "PUT", registrytest.Fault{Applied: true}, seen{}, true, 201},
		{"truncated, no body", "PUT", registrytest.Fault{Truncate: true}, seen{}, true, 201},
		{"truncated", "GET", registrytest.Fault{Truncate: true}, seen{200, `{"schemaVersion":2`, "application/vnd.oci.image.manifest.v1+json", true}, false, 200},
		{
			"status", "PUT",
			registrytest.Fault{Status: 503},
			seen{503, `{"errors":[{"code":"UNKNOWN","message":"Service Unavailable"}]}`, "application/json", false},
			false, 503,
		},
		{
			"status after", "PUT",
			registrytest.Fault{Status: 502, Applied: true, Body: "{}"},
			seen{502, "{}", "application/json", false},
			true, 201,
		},
		{
			"code", "GET",
			registrytest.Fault{Status: 429},
			seen{429, `{"errors":[{"code":"TOOMANYREQUESTS","message":"Too Many Requests"}]}`, "application/json", false},
			false, 429,
		},
		{
			"header", "GET",
			registrytest.Fault{Status: 200, Body: "plain", Header: http.Header{"Content-Type": {"text/plain"}}},
			seen{200, "plain", "text/plain", false},
			false, 200,
		},
		{
			"html", "GET",
			registrytest.Fault{Status: 200, HTML: true},
			seen{200, "<!DOCTYPE html>", "text/html; charset=utf-8", false},
			false, 200,
		},
		{"delay alone", "PUT", registrytest.Fault{Delay: time.Nanosecond}, seen{201, "", "", false}, true, 201},
	}
	for _, tt := range tests {
		for name, way := range ways {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				r := registrytest.New(registrytest.Options{})
				rt, base := way(t, r)
				r.PushImage(t, "acme/app:x", "linux/amd64")
				content, mediaType, _ := r.Manifest("acme/app", "x")
				r.Inject(tt.fault)
				req, err := http.NewRequestWithContext(t.Context(), tt.method, base+"/v2/acme/app/manifests/x", bytes.NewReader(content))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Content-Type", string(mediaType))
				var got seen
				if res, err := rt.RoundTrip(req); err == nil {
					body, err := io.ReadAll(res.Body)
					res.Body.Close()
					got = seen{res.StatusCode, string(body), res.Header.Get("Content-Type"), errors.Is(err, io.ErrUnexpectedEOF)}
				}
				if !strings.HasPrefix(got.body, tt.want.body) {
					t.Errorf("body = %q, want %q...", got.body, tt.want.body)
				}
				got.body = tt.want.body
				if got != tt.want {
					t.Errorf("answer = %+v, want %+v", got, tt.want)
				}
				if got := len(r.Writes()) == 1; got != tt.applied {
					t.Errorf("Writes = %v, want one: %v", r.Writes(), tt.applied)
				}
				if got := r.Requests()[0].Status; got != tt.status {
					t.Errorf("Status = %d, want %d", got, tt.status)
				}
			})
		}
	}
}

func TestFaultCounts(t *testing.T) {
	t.Parallel()
	page := registrytest.On("GET", `/tags/list$`)
	tests := []struct {
		name   string
		faults []registrytest.Fault
		want   []int // of six requests: base and list in turn
	}{
		{"all", []registrytest.Fault{{Status: 503}}, []int{503, 503, 503, 503, 503, 503}},
		{"once", []registrytest.Fault{{From: 2, Times: 1, Status: 503}}, []int{200, 503, 200, 404, 200, 404}},
		{"from", []registrytest.Fault{{From: 5, Status: 503}}, []int{200, 404, 200, 404, 503, 503}},
		{"matching", []registrytest.Fault{{Match: page, From: 2, Times: 1, Status: 503}}, []int{200, 404, 200, 503, 200, 404}},
		{"method", []registrytest.Fault{{Match: registrytest.On("PUT", ""), Status: 503}}, []int{200, 404, 200, 404, 200, 404}},
		{
			"first of two",
			[]registrytest.Fault{{Match: page, Times: 1, Status: 429}, {From: 1, Times: 4, Status: 503}},
			[]int{503, 429, 503, 503, 200, 404},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := registrytest.New(registrytest.Options{})
			r.Inject(tt.faults...)
			var got []int
			for i := range 6 {
				res := do(t, registrytest.Net{host: r}, "GET", []string{"/v2/", "/v2/acme/app/tags/list"}[i%2], "")
				got = append(got, res.status)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("statuses (-want +got):\n%s", diff)
			}
			r.Heal()
			if res := do(t, registrytest.Net{host: r}, "GET", "/v2/", ""); res.status != 200 {
				t.Errorf("after Heal: %d, want 200", res.status)
			}
		})
	}
}

func TestLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := registrytest.New(registrytest.Options{Latency: 50 * time.Millisecond})
		r.Inject(registrytest.Fault{From: 2, Times: 1, Delay: time.Second})
		start := time.Now()
		for _, want := range []time.Duration{50 * time.Millisecond, 1100 * time.Millisecond, 1150 * time.Millisecond} {
			do(t, registrytest.Net{host: r}, "GET", "/v2/", "")
			if got := time.Since(start); got != want {
				t.Errorf("answered after %v, want %v", got, want)
			}
		}
	})
}

func TestRecordAnyHandler(t *testing.T) {
	t.Parallel()
	r := registrytest.Record(http.NotFoundHandler())
	r.Inject(registrytest.Fault{From: 2, Status: 500})
	for _, want := range []int{404, 500} {
		if res := do(t, registrytest.Net{host: r}, "GET", "/v2/namespaces/acme", ""); res.status != want {
			t.Errorf("GET = %d, want %d", res.status, want)
		}
	}
	if got := len(r.Requests()); got != 2 {
		t.Errorf("%d requests, want 2", got)
	}
}
