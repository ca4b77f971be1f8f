// SPDX-License-Identifier: Apache-2.0

package registrytest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/polytag/polytag/internal/registrytest"
)

const host = "registry.example"

// opts lets ggcr's client speak to r without a network, trying nothing twice.
func opts(t *testing.T, r http.Handler, more ...remote.Option) []remote.Option {
	t.Helper()
	return append([]remote.Option{
		remote.WithContext(t.Context()),
		remote.WithTransport(registrytest.Net{host: r}),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}),
	}, more...)
}

func ref(t *testing.T, s string) name.Reference {
	t.Helper()
	got, err := name.ParseReference(host + "/" + s)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// answer is what came back, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

func do(t *testing.T, rt http.RoundTripper, method, target, body string, header ...string) answer {
	t.Helper()
	if !strings.Contains(target, "://") {
		target = "https://" + host + target
	}
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: reading the body: %v", method, target, err)
	}
	return answer{res.StatusCode, res.Header, string(b)}
}

// code returns the code of an error as the specification lays it out.
func code(t *testing.T, body string) string {
	t.Helper()
	var parsed struct {
		Errors []struct {
			Code string `json:"code"`
		} `json:"errors"`
	}
	if err := json.Unmarshal([]byte(body), &parsed); err != nil || len(parsed.Errors) != 1 {
		t.Fatalf("error body %q: %v, want one error", body, err)
	}
	return parsed.Errors[0].Code
}

func TestClientRoundTrip(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	o := opts(t, r)
	img := registrytest.Image(t, "seed", "linux/arm/v6")
	idx := mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), mutate.IndexAddendum{Add: img})
	if err := remote.WriteIndex(ref(t, "acme/app:1.2").(name.Tag), idx, o...); err != nil {
		t.Fatal(err)
	}
	got, err := remote.Index(ref(t, "acme/app:1.2"), o...)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(got); err != nil {
		t.Error(err)
	}
	want, err := idx.Digest()
	if err != nil {
		t.Fatal(err)
	}
	head, err := remote.Head(ref(t, "acme/app:1.2"), o...)
	if err != nil {
		t.Fatal(err)
	}
	if head.Digest != want || head.MediaType != types.OCIImageIndex {
		t.Errorf("Head = %v %v, want %v %v", head.Digest, head.MediaType, want, types.OCIImageIndex)
	}
	tags, err := remote.List(ref(t, "acme/app").Context(), o...)
	if err != nil || !slices.Equal(tags, []string{"1.2"}) {
		t.Errorf("List = %v, %v, want [1.2]", tags, err)
	}
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	wantWrites := []string{"PUT acme/app@" + digest.String(), "PUT acme/app:1.2"}
	if diff := cmp.Diff(wantWrites, r.Writes()); diff != "" {
		t.Errorf("Writes (-want +got):\n%s", diff)
	}
}

func TestMount(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	r.PushImage(t, "acme/src:x", "linux/amd64")
	img, err := remote.Image(ref(t, "acme/src:x"), opts(t, r)...)
	if err != nil {
		t.Fatal(err)
	}
	r.ResetRequests()
	if err := remote.Write(ref(t, "acme/dst:x"), img, opts(t, r)...); err != nil {
		t.Fatal(err)
	}
	mounted := slices.ContainsFunc(r.Requests(), func(q registrytest.Request) bool {
		return q.Method == http.MethodPost && q.Query.Get("from") == "acme/src" && q.Status == http.StatusCreated
	})
	if !mounted {
		t.Errorf("Requests = %v, want a mount", r.Requests())
	}
	if diff := cmp.Diff(r.Tags("acme/src"), r.Tags("acme/dst")); diff != "" {
		t.Errorf("Tags (-src +dst):\n%s", diff)
	}
}

func TestChunkedUpload(t *testing.T) {
	t.Parallel()
	net := registrytest.Net{host: registrytest.New(registrytest.Options{})}
	const digest = "sha256:b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9" // of "hello world"
	begin := func() string {
		res := do(t, net, "POST", "/v2/acme/app/blobs/uploads/", "")
		return res.header.Get("Location")
	}
	at := begin()
	if res := do(t, net, "PATCH", at, "hello ", "Content-Range", "0-5"); res.status != 202 || res.header.Get("Range") != "0-5" {
		t.Errorf("first chunk = %d %v, want 202 and Range 0-5", res.status, res.header)
	}
	if res := do(t, net, "PATCH", at, "hello ", "Content-Range", "0-5"); res.status != 416 {
		t.Errorf("same chunk again = %d %s, want 416", res.status, res.body)
	}
	if res := do(t, net, "PUT", at+"?digest="+digest, "world"); res.status != 201 {
		t.Errorf("last chunk = %d %s, want 201", res.status, res.body)
	}
	if res := do(t, net, "GET", "/v2/acme/app/blobs/"+digest, "", "Range", "bytes=6-"); res.status != 206 || res.body != "world" {
		t.Errorf("GET of a range = %d %q, want 206 world", res.status, res.body)
	}
	if res := do(t, net, "HEAD", "/v2/acme/other/blobs/"+digest, ""); res.status != 404 {
		t.Errorf("HEAD in another repository = %d, want 404", res.status)
	}
	if res := do(t, net, "PUT", begin()+"?digest="+digest, "wrong"); res.status != 400 || code(t, res.body) != "DIGEST_INVALID" {
		t.Errorf("wrong content = %d %s, want 400 DIGEST_INVALID", res.status, res.body)
	}
	if res := do(t, net, "PUT", at+"?digest="+digest, ""); res.status != 404 || code(t, res.body) != "BLOB_UPLOAD_UNKNOWN" {
		t.Errorf("a finished upload = %d %s, want 404 BLOB_UPLOAD_UNKNOWN", res.status, res.body)
	}
	if res := do(t, net, "POST", "/v2/acme/app/blobs/uploads/?digest="+digest, "hello world"); res.status != 201 {
		t.Errorf("upload in one = %d %s, want 201", res.status, res.body)
	}
}

func TestRefusedManifests(t *testing.T) {
	t.Parallel()
	const (
		index = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`
		none  = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
	)
	tests := []struct {
		name, method, path, mediaType, body string

		status int
		code   string
	}{
		{"tag", "PUT", "manifests/-x", string(types.OCIImageIndex), index, 400, "TAG_INVALID"},
		{"digest", "PUT", "manifests/" + none, string(types.OCIImageIndex), index, 400, "DIGEST_INVALID"},
		{"no JSON", "PUT", "manifests/x", string(types.OCIImageIndex), "<html>", 400, "MANIFEST_INVALID"},
		{"other type", "PUT", "manifests/x", string(types.DockerManifestList), index, 400, "MANIFEST_INVALID"},
		{"no type", "PUT", "manifests/x", "", index, 400, "MANIFEST_INVALID"},
		{
			"missing child", "PUT", "manifests/x", string(types.OCIImageIndex),
			`{"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"` + none + `"}]}`, 400, "MANIFEST_BLOB_UNKNOWN",
		},
		{
			"missing config", "PUT", "manifests/x", string(types.OCIManifestSchema1),
			`{"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"` + none + `"}}`, 400, "MANIFEST_BLOB_UNKNOWN",
		},
		{"unknown tag", "GET", "manifests/x", "", "", 404, "MANIFEST_UNKNOWN"},
		{"unknown to delete", "DELETE", "manifests/x", "", "", 404, "MANIFEST_UNKNOWN"},
		{"unknown repository", "GET", "tags/list", "", "", 404, "NAME_UNKNOWN"},
		{"page size", "GET", "tags/list?n=-1", "", "", 400, "PAGINATION_NUMBER_INVALID"},
		{"blob delete", "DELETE", "blobs/" + none, "", "", 405, "UNSUPPORTED"},
		{"post", "POST", "manifests/x", "", "", 405, "UNSUPPORTED"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := registrytest.New(registrytest.Options{})
			res := do(t, registrytest.Net{host: r}, tt.method, "/v2/acme/app/"+tt.path, tt.body, "Content-Type", tt.mediaType)
			if res.status != tt.status || code(t, res.body) != tt.code {
				t.Errorf("%s %s = %d %s, want %d %s", tt.method, tt.path, res.status, res.body, tt.status, tt.code)
			}
			if got := r.Writes(); len(got) > 0 {
				t.Errorf("Writes = %v, want none", got)
			}
		})
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	const tag, manifest = "tag", "manifest"
	tests := []struct {
		options registrytest.Delete
		what    string

		status int
		code   string
		left   []string // of the tags a, b on one manifest, after "a" or its manifest is deleted
	}{
		{registrytest.DeleteAll, tag, 202, "", []string{"b"}},
		{registrytest.DeleteAll, manifest, 202, "", []string{}},
		{registrytest.DeleteManifests, tag, 400, "DIGEST_INVALID", []string{"a", "b"}},
		{registrytest.DeleteManifests, manifest, 202, "", []string{}},
		{registrytest.DeleteNothing, tag, 405, "UNSUPPORTED", []string{"a", "b"}},
		{registrytest.DeleteNothing, manifest, 405, "UNSUPPORTED", []string{"a", "b"}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.options, tt.what), func(t *testing.T) {
			t.Parallel()
			r := registrytest.New(registrytest.Options{Delete: tt.options})
			digest := r.PushImage(t, "acme/app:a", "linux/amd64")
			r.Tag(t, "acme/app", digest, "b")
			target := map[string]string{tag: "a", manifest: digest.String()}[tt.what]
			res := do(t, registrytest.Net{host: r}, "DELETE", "/v2/acme/app/manifests/"+target, "")
			if res.status != tt.status || tt.code != "" && code(t, res.body) != tt.code {
				t.Errorf("DELETE = %d %s, want %d %s", res.status, res.body, tt.status, tt.code)
			}
			left, err := remote.List(ref(t, "acme/app").Context(), opts(t, r)...)
			if err != nil || !slices.Equal(left, tt.left) {
				t.Errorf("List = %v, %v, want %v", left, err, tt.left)
			}
			_, _, there := r.Manifest("acme/app", digest.String())
			if want := tt.what == tag || tt.status != 202; there != want {
				t.Errorf("the manifest is there: %v, want %v", there, want)
			}
		})
	}
}

func TestDeletedChildLeavesIndex(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	img := registrytest.Image(t, "seed", "linux/amd64")
	r.Push(t, "acme/app:1", mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: img}))
	child := r.Push(t, "acme/app:tmp", img)
	o := opts(t, r)
	if err := remote.Delete(ref(t, "acme/app:tmp"), o...); err != nil {
		t.Fatal(err)
	}
	if _, err := remote.Head(ref(t, "acme/app@"+child.String()), o...); err != nil {
		t.Errorf("after its tag was deleted: %v, want the child to be there", err)
	}
	if err := remote.Delete(ref(t, "acme/app@"+child.String()), o...); err != nil {
		t.Fatal(err)
	}
	if _, err := remote.Head(ref(t, "acme/app:1"), o...); err != nil {
		t.Errorf("after its child was deleted: %v, want the index to be there", err)
	}
}

func TestImmutableTags(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{ImmutableTags: func(repo, tag string) bool { return repo == "acme/app" && tag != "latest" }})
	first, second := registrytest.Image(t, "first", "linux/amd64"), registrytest.Image(t, "second", "linux/amd64")
	o := opts(t, r)
	conflict := func(err error) bool {
		terr, ok := errors.AsType[*transport.Error](err)
		return ok && terr.StatusCode == http.StatusConflict && terr.Errors[0].Code == "TAG_IMMUTABLE"
	}
	for _, tag := range []string{"1.2.3", "latest"} {
		if err := remote.Write(ref(t, "acme/app:"+tag), first, o...); err != nil {
			t.Errorf("first write of %s: %v", tag, err)
		}
	}
	if err := remote.Tag(ref(t, "acme/app:1.2.3").(name.Tag), first, o...); err != nil {
		t.Errorf("same digest again: %v", err)
	}
	if err := remote.Write(ref(t, "acme/app:1.2.3"), second, o...); !conflict(err) {
		t.Errorf("another digest: %v, want 409 TAG_IMMUTABLE", err)
	}
	if err := remote.Delete(ref(t, "acme/app:1.2.3"), o...); !conflict(err) {
		t.Errorf("delete: %v, want 409 TAG_IMMUTABLE", err)
	}
	if err := remote.Write(ref(t, "acme/app:latest"), second, o...); err != nil {
		t.Errorf("a tag that may move: %v", err)
	}
}

func TestNoDigestHeader(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{NoDigestHeader: true})
	digest := r.PushImage(t, "acme/app:x", "linux/amd64")
	net := registrytest.Net{host: r}
	for _, tt := range []struct{ method, ref, want string }{
		{"GET", "x", ""},
		{"HEAD", "x", ""},
		{"GET", digest.String(), digest.String()},
		{"HEAD", digest.String(), digest.String()},
	} {
		res := do(t, net, tt.method, "/v2/acme/app/manifests/"+tt.ref, "")
		if got := res.header.Get("Docker-Content-Digest"); res.status != 200 || got != tt.want {
			t.Errorf("%s %s = %d with digest %q, want 200 with %q", tt.method, tt.ref, res.status, got, tt.want)
		}
	}
	if _, err := remote.Get(ref(t, "acme/app:x"), opts(t, r)...); err != nil {
		t.Errorf("Get = %v, want a client to hash for itself", err)
	}
}

func TestTagPages(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{PageSize: 1000})
	digest := r.PushImage(t, "acme/app", "linux/amd64")
	want := make([]string, 20_000)
	for i := range want {
		want[i] = fmt.Sprintf("0.%05d.0", i)
	}
	r.Tag(t, "acme/app", digest, want...)
	got, err := remote.List(ref(t, "acme/app").Context(), opts(t, r, remote.WithPageSize(5000))...)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
	if n := len(r.Requests()); n != 21 { // a ping and 20 pages
		t.Errorf("%d requests, want 21", n)
	}
}

func TestTagQuery(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	r.Tag(t, "acme/app", r.PushImage(t, "acme/app", "linux/amd64"), "c", "a", "b")
	net := registrytest.Net{host: r}
	tests := []struct{ query, want, link string }{
		{"", `{"name":"acme/app","tags":["a","b","c"]}`, ""},
		{"?n=2", `{"name":"acme/app","tags":["a","b"]}`, `</v2/acme/app/tags/list?last=b&n=2>; rel="next"`},
		{"?n=2&last=b", `{"name":"acme/app","tags":["c"]}`, ""},
		{"?n=1&last=aa", `{"name":"acme/app","tags":["b"]}`, `</v2/acme/app/tags/list?last=b&n=1>; rel="next"`},
		{"?n=3", `{"name":"acme/app","tags":["a","b","c"]}`, ""},
		{"?n=0", `{"name":"acme/app","tags":[]}`, ""},
		{"?last=z", `{"name":"acme/app","tags":[]}`, ""},
	}
	for _, tt := range tests {
		res := do(t, net, "GET", "/v2/acme/app/tags/list"+tt.query, "")
		if res.body != tt.want || res.header.Get("Link") != tt.link {
			t.Errorf("tags/list%s = %s, Link %s, want %s, Link %s", tt.query, res.body, res.header.Get("Link"), tt.want, tt.link)
		}
	}
}

func TestPushLayout(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	r.PushLayout(t, "../../testdata/fixtures/attested", "acme/app")
	tags := r.Tags("acme/app")
	if len(tags) != 7 {
		t.Errorf("Tags = %v, want seven", tags)
	}
	for tag := range tags {
		got, err := remote.Index(ref(t, "acme/app:"+tag), opts(t, r)...)
		if err != nil {
			t.Errorf("%s: %v", tag, err)
			continue
		}
		if err := validate.Index(got); err != nil {
			t.Errorf("%s: %v", tag, err)
		}
	}
}

func TestImageIsDeterministic(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	got := r.PushImage(t, "acme/app:12be34-windows", "windows/amd64:10.0.17763.6054")
	// Changing this digest changes the golden files of every test that seeds images.
	want := v1.Hash{Algorithm: "sha256", Hex: "7ffde2253bac9a659fc2726ddf12019647cae79ad66ea62a51159be7337c94ec"}
	if got != want {
		t.Errorf("PushImage = %v, want %v", got, want)
	}
	if again := r.PushImage(t, "other/repo:12be34-windows", "windows/amd64:10.0.17763.6054"); again != got {
		t.Errorf("in another repository: %v, want %v", again, got)
	}
	img, err := remote.Image(ref(t, "acme/app:12be34-windows"), opts(t, r)...)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(img); err != nil {
		t.Error(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if got := config.Platform().String(); got != "windows/amd64:10.0.17763.6054" {
		t.Errorf("platform = %s, want windows/amd64:10.0.17763.6054", got)
	}
}

func FuzzServe(f *testing.F) {
	f.Add("GET", "/v2/", "", "")
	f.Add("PUT", "/v2/acme/app/manifests/1.2", "", `{"mediaType":"application/vnd.oci.image.index.v1+json"}`)
	f.Add("DELETE", "/v2/manifests/blobs/uploads/manifests/1.2", "", "")
	f.Add("POST", "/v2/acme/app/blobs/uploads/", "mount=sha256:0&from=acme/src", "")
	f.Add("PATCH", "/v2/acme/app/blobs/uploads/1", "", "x")
	f.Add("GET", "/v2/acme/app/tags/list", "n=1&last=%zz", "")
	f.Add("GET", "/v2//", "", "")
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		r := registrytest.New(registrytest.Options{})
		req := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(body)).WithContext(t.Context())
		req.Method, req.URL.Path, req.URL.RawQuery = method, path, query
		req.Header.Set("Content-Type", string(types.OCIImageIndex))
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		got := r.Requests()[0]
		if got.Status != w.Code || got.Status < 200 || got.Status >= 500 {
			t.Errorf("%s %s = %d, recorded as %d", method, path, w.Code, got.Status)
		}
		if got.Repo == "" {
			return
		}
		if _, err := name.NewRepository(host + "/" + got.Repo); err != nil && len(got.Repo) > 1 && len(got.Repo) < 255 {
			t.Errorf("%s: repository %q: %v", path, got.Repo, err)
		}
		for _, part := range []string{got.Repo, got.Reference} {
			if !strings.Contains(path, "/"+part) {
				t.Errorf("%s: %q is no part of it", path, part)
			}
		}
	})
}
