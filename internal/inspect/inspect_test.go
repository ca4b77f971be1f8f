// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/inspect"
	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/release"
)

const fixtures = "../../testdata/fixtures/"

// serve starts a registry; read inspects a reference in its repository acme/app.
func serve(t *testing.T, kind registrytest.Referrers) (reg *registrytest.Registry, read func(identifier string) (inspect.Inspection, error)) {
	t.Helper()
	reg = registrytest.New(registrytest.Options{Referrers: kind})
	server := httptest.NewServer(reg)
	t.Cleanup(server.Close)
	client := registry.New(registry.Options{Transport: http.DefaultTransport})
	repo := strings.TrimPrefix(server.URL, "http://") + "/acme/app"
	return reg, func(identifier string) (inspect.Inspection, error) {
		ref, err := name.ParseReference(repo + identifier)
		if err != nil {
			t.Fatal(err)
		}
		return inspect.Read(t.Context(), inspect.Source{Name: ref.String(), Origin: client.Repository(ref.Context()), Ref: ref.Identifier()})
	}
}

func hash(t *testing.T, s string) v1.Hash {
	t.Helper()
	h, err := v1.NewHash("sha256:" + s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestFixtures inspects what the real BuildKit pushed.
func TestFixtures(t *testing.T) {
	t.Parallel()
	provenance := []string{"https://slsa.dev/provenance/v1"}
	for _, test := range []struct {
		layout, tag string
		want        inspect.Inspection
	}{
		{"multi", "test-build-11c53", inspect.Inspection{
			Digest: hash(t, "c716d54708e1d363e177adcaee81d5994666562fc750d2c7c28a4796d7d3bfd8"), MediaType: types.OCIImageIndex, Size: 1607,
			Images: []inspect.Image{
				{
					Platform: "linux/amd64", Digest: hash(t, "e8ebf756cb9528676061ed06c6e9944172261d5f0854a94d6f8551a72c6971a9"),
					Size: 561, Layers: 1, LayersSize: 125, Attestations: []inspect.Attestation{
						{Digest: hash(t, "1e0f1c9b5d590a2af72536eb72590266b80ed179cb5324cc6b7228fe216034cb"), Kinds: provenance},
					},
				},
				{
					Platform: "linux/arm64", Digest: hash(t, "b877ec6496705b13ea878420dcf8ddc72ef1f97f45660c8da0f55ca7e90237c7"),
					Size: 561, Layers: 1, LayersSize: 125, Attestations: []inspect.Attestation{
						{Digest: hash(t, "5bf9d9f614298d3aae6b5f84363124fab291b5dec2504419a61b51a765ddbe82"), Kinds: provenance},
					},
				},
			},
		}},
		{"attested", "12be34-linux-arm-v7", inspect.Inspection{
			Digest: hash(t, "ae2fdff694e1c5012c0cda3c5007e297ff551635df663fbbf1009e7142fdcdde"), MediaType: types.OCIImageIndex, Size: 878,
			Images: []inspect.Image{{
				Platform: "linux/arm/v7", Digest: hash(t, "c3a381ae18583ff3cce0c04e9d2b85b0a4b675967e79234984e68fcbd1abb8e0"),
				Size: 561, Layers: 1, LayersSize: 126, Attestations: []inspect.Attestation{
					{Digest: hash(t, "0baa367b2f93fad6febd2aa33200df165fc3f4b026d671bb9cadf4c6e2cd6b5b"), Kinds: provenance},
				},
			}},
		}},
		{"docker", "12be34-linux-arm-v6", inspect.Inspection{
			Digest: hash(t, "a3369fcdf41306fff79753093c605d178447da3b32e8f19b571e9a02f24fc66b"), MediaType: types.DockerManifestSchema2, Size: 498,
			Images: []inspect.Image{{
				Platform: "linux/arm/v6", Digest: hash(t, "a3369fcdf41306fff79753093c605d178447da3b32e8f19b571e9a02f24fc66b"),
				Size: 498, Layers: 1, LayersSize: 126,
			}},
		}},
		{"windows", "nano-10.0.14393.2068", inspect.Inspection{
			Digest: hash(t, "c9472b7b62e7f960bd53e27d2c0acc8713cc28a3ff44fcbcfa0a9a4386b23feb"), MediaType: types.DockerManifestSchema2, Size: 498,
			Images: []inspect.Image{{
				Platform: "windows/amd64:10.0.14393.2068", Digest: hash(t, "c9472b7b62e7f960bd53e27d2c0acc8713cc28a3ff44fcbcfa0a9a4386b23feb"),
				Size: 498, Layers: 1, LayersSize: 128,
			}},
		}},
	} {
		t.Run(test.layout, func(t *testing.T) {
			t.Parallel()
			reg, read := serve(t, registrytest.ReferrersAPI)
			reg.PushLayout(t, fixtures+test.layout, "acme/app")
			got, err := read(":" + test.tag)
			if err != nil {
				t.Fatal(err)
			}
			raw, _, _ := reg.Manifest("acme/app", test.tag)
			test.want.Raw = raw
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreFields(inspect.Inspection{}, "Reference"), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("Read() (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRequests checks that an index costs a request for each manifest, one for the tags, and one for the referrers of the index and of
// each of its images: no config is read where the index says the platform, no tag of cosign's is looked up that is not there but for those
// of the index, and nothing is asked for twice.
func TestRequests(t *testing.T) {
	t.Parallel()
	for kind, want := range map[registrytest.Referrers]struct{ manifests, referrers int }{
		registrytest.ReferrersAPI:  {5 + 3, 3},
		registrytest.ReferrersNone: {5 + 4, 1}, // at least: that there is no API is found out by all at once
	} {
		reg, read := serve(t, kind)
		reg.PushLayout(t, fixtures+"multi", "acme/app")
		if _, err := read(":test-build-11c53"); err != nil {
			t.Fatal(err)
		}
		var manifests, lists, referrers int
		seen := map[string]bool{}
		for _, q := range reg.Requests() {
			switch {
			case seen[q.Path]:
				t.Errorf("Read() sent %s twice", q)
			case q.Method == http.MethodGet && strings.Contains(q.Path, "/manifests/"):
				manifests++
			case q.Method == http.MethodGet && strings.Contains(q.Path, "/referrers/"):
				referrers++
			case q.Method == http.MethodGet && strings.HasSuffix(q.Path, "/tags/list"):
				lists++
			case q.Path != "/v2/":
				t.Errorf("Read() sent %s", q)
			}
			seen[q.Path] = true
		}
		if manifests != want.manifests || lists != 1 || referrers < want.referrers || referrers > 3 {
			t.Errorf("Read() read %d manifests, %d lists of tags and %d of referrers, want %d, 1 and %d to 3", manifests, lists, referrers, want.manifests, want.referrers)
		}
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	reg, read := serve(t, registrytest.ReferrersAPI)
	digest := reg.PushImage(t, "acme/app:1.2.3", "linux/riscv64")
	got, err := read("@" + digest.String())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(got.Reference, "/acme/app@"+digest.String()) || got.Digest != digest || len(got.Images) != 1 || got.Images[0].Platform != "linux/riscv64" {
		t.Errorf("Read() = %+v, want the image %s", got, digest)
	}
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	_, read := serve(t, registrytest.ReferrersAPI)
	if got, err := read(":1.2.3"); !errors.Is(err, release.ErrNotFound) || got.Raw != nil {
		t.Errorf("Read() = %+v, %v, want %v", got, err, release.ErrNotFound)
	}
}
