// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/release"
)

// referrer makes an artifact with a subject, and its descriptor. Its blobs are put into the registry.
func referrer(tb testing.TB, r *registrytest.Registry, subject v1.Descriptor, kind string) (release.Manifest, v1.Descriptor) {
	tb.Helper()
	config, layer := put(tb, r, path, []byte("{}")), put(tb, r, path, []byte(kind))
	config.MediaType = "application/vnd.oci.empty.v1+json"
	raw, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: kind,
		Config: config, Layers: []v1.Descriptor{layer}, Subject: &subject, Annotations: map[string]string{"kind": kind},
	})
	if err != nil {
		tb.Fatal(err)
	}
	desc := describe(raw)
	desc.MediaType, desc.ArtifactType, desc.Annotations = types.OCIManifestSchema1, kind, map[string]string{"kind": kind}
	return release.Manifest{Raw: raw, MediaType: types.OCIManifestSchema1, Digest: desc.Digest}, desc
}

func kinds() []registrytest.Referrers {
	return []registrytest.Referrers{registrytest.ReferrersNone, registrytest.ReferrersAPI, registrytest.ReferrersQuiet}
}

func TestReferrers(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		r := registrytest.New(registrytest.Options{Referrers: kind, PageSize: 2})
		subject := describe([]byte("subject"))
		repo := open(t, image, r, nil)
		if got, err := repo.Referrers(t.Context(), subject.Digest, nil); err != nil || len(got) != 0 {
			t.Errorf("kind %d: Referrers of nothing = %v, %v, want none", kind, got, err)
		}
		want := map[v1.Hash]v1.Descriptor{}
		for i := range 5 {
			m, entry := referrer(t, r, subject, fmt.Sprintf("example/%d", i))
			for range 2 {
				if err := repo.PutReferrer(t.Context(), m, entry); err != nil {
					t.Errorf("kind %d: PutReferrer: %v", kind, err)
				}
			}
			want[entry.Digest] = entry
		}
		listed, err := repo.Referrers(t.Context(), subject.Digest, nil)
		if err != nil {
			t.Errorf("kind %d: Referrers: %v", kind, err)
		}
		got := map[v1.Hash]v1.Descriptor{}
		for _, d := range listed {
			got[d.Digest] = d
		}
		if diff := cmp.Diff(want, got); diff != "" || len(listed) != len(want) {
			t.Errorf("kind %d: %d referrers, want %d (-want +got):\n%s", kind, len(listed), len(want), diff)
		}
		tag := "sha256-" + subject.Digest.Hex
		if _, _, ok := r.Manifest(path, tag); ok != (kind == registrytest.ReferrersNone) {
			t.Errorf("kind %d: there is a fallback tag: %t", kind, ok)
		}
	}
}

// TestPutReferrerRequests proves that nothing is asked for twice.
func TestPutReferrerRequests(t *testing.T) {
	t.Parallel()
	want := map[registrytest.Referrers][]string{
		registrytest.ReferrersNone:  {"GET referrers", "GET tag", "PUT tag"},
		registrytest.ReferrersAPI:   nil,
		registrytest.ReferrersQuiet: {"GET referrers"},
	}
	for _, kind := range kinds() {
		r := registrytest.New(registrytest.Options{Referrers: kind})
		subject := describe([]byte("subject"))
		m, entry := referrer(t, r, subject, "example/one")
		repo := open(t, image, r, nil)
		if err := repo.PutReferrer(t.Context(), m, entry); err != nil {
			t.Errorf("kind %d: PutReferrer: %v", kind, err)
		}
		if err := repo.Put(t.Context(), "1", m); err != nil {
			t.Errorf("kind %d: Put: %v", kind, err)
		}
		names := map[string]string{
			"PUT /v2/acme/app/manifests/" + m.Digest.String():                       "",
			"PUT /v2/acme/app/manifests/1":                                          "",
			"GET /v2/":                                                              "",
			"GET /v2/acme/app/referrers/" + subject.Digest.String():                 "GET referrers",
			"GET /v2/acme/app/manifests/sha256-" + subject.Digest.Hex:               "GET tag",
			http.MethodPut + " /v2/acme/app/manifests/sha256-" + subject.Digest.Hex: "PUT tag",
		}
		var got []string
		for _, q := range r.Requests() {
			switch name, ok := names[q.String()]; {
			case !ok:
				got = append(got, q.String())
			case name != "":
				got = append(got, name)
			}
		}
		if diff := cmp.Diff(want[kind], got); diff != "" {
			t.Errorf("kind %d: beside the manifests (-want +got):\n%s", kind, diff)
		}
	}
}

// TestPutSubject puts a manifest with a subject as part of an index, as BuildKit's attestations are: nothing else is written.
func TestPutSubject(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		r := registrytest.New(registrytest.Options{Referrers: kind})
		repo := open(t, image, r, nil)
		m, _ := referrer(t, r, describe([]byte("subject")), "example/one")
		if err := repo.Put(t.Context(), m.Digest.String(), m); err != nil {
			t.Errorf("kind %d: Put: %v", kind, err)
		}
		if got := r.Tags(path); len(got) != 0 || len(r.Writes()) != 1 {
			t.Errorf("kind %d: the tags are %v after %q, want none after one write", kind, got, r.Writes())
		}
	}
}
