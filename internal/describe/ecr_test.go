// SPDX-License-Identifier: Apache-2.0

package describe_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/describe"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/secret"
)

const (
	ecrImage = "public.ecr.aws/acme/team/app"
	ecrHost  = "api.ecr-public.us-east-1.amazonaws.com"
	ecrKey   = "wJalrXUtnFEMI"
)

// amazon is the API of Amazon ECR Public. It sets pages as a whole, and checks
// signatures.
type amazon struct {
	t       *testing.T
	catalog map[string]any // nil: there is none
	session string
}

func (a *amazon) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	refuse := func(status int, code, message string) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		io.WriteString(w, `{"__type":"`+code+`","message":"`+message+`"}`)
	}
	body, _ := io.ReadAll(req.Body)
	if !a.signed(req, body) {
		refuse(400, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided.")
		return
	}
	var in struct {
		RepositoryName string         `json:"repositoryName"`
		CatalogData    map[string]any `json:"catalogData"`
	}
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&in); err != nil || req.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
		a.t.Errorf("body %s of type %q: %v", body, req.Header.Get("Content-Type"), err)
	}
	operation, ok := strings.CutPrefix(req.Header.Get("X-Amz-Target"), "SpencerFrontendService.")
	switch {
	case !ok || req.Method != http.MethodPost || req.URL.Path != "/":
		refuse(400, "UnknownOperationException", "")
		return
	case in.RepositoryName != "team/app":
		refuse(400, "RepositoryNotFoundException", "The repository with name '"+in.RepositoryName+"' does not exist in the registry")
		return
	case operation == "GetRepositoryCatalogData" && a.catalog == nil:
		refuse(400, "RepositoryCatalogDataNotFoundException", "The repository catalog data doesn't exist")
		return
	case operation == "PutRepositoryCatalogData":
		if about, _ := in.CatalogData["aboutText"].(string); len(about) > 10240 {
			refuse(400, "InvalidParameterException", "aboutText")
			return
		}
		delete(in.CatalogData, "marketplaceCertified")
		a.catalog = in.CatalogData
	}
	out, err := json.Marshal(map[string]any{"catalogData": a.catalog})
	if err != nil {
		a.t.Error(err)
	}
	answer(w, 200, string(out))
}

// signed calculates the signature of a request as its documentation says.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func (a *amazon) signed(req *http.Request, body []byte) bool {
	auth, ok := strings.CutPrefix(req.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=")
	credential, rest, _ := strings.Cut(auth, ", SignedHeaders=")
	names, signature, _ := strings.Cut(rest, ", Signature=")
	date := req.Header.Get("X-Amz-Date")
	at, err := time.Parse("20060102T150405Z", date)
	if !ok || err != nil || time.Since(at).Abs() > 15*time.Minute || req.Header.Get("X-Amz-Security-Token") != a.session {
		return false
	}
	scope := at.Format("20060102") + "/us-east-1/ecr-public/aws4_request"
	if credential != "AKIDEXAMPLE/"+scope {
		return false
	}
	var headers strings.Builder
	for name := range strings.SplitSeq(names, ";") {
		value := req.Header.Get(name)
		switch name {
		case "host":
			value = req.Host
		case "content-length":
			value = req.Header.Get("Content-Length")
			if value == "" {
				value = jsonNumber(len(body))
			}
		}
		headers.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	canonical := strings.Join([]string{req.Method, req.URL.EscapedPath(), "", headers.String(), names, hash(body)}, "\n")
	key := []byte("AWS4" + ecrKey)
	for part := range strings.SplitSeq(scope, "/") {
		key = sign(key, part)
	}
	return hex.EncodeToString(sign(key, strings.Join([]string{"AWS4-HMAC-SHA256", date, scope, hash([]byte(canonical))}, "\n"))) == signature
}

func sign(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	io.WriteString(mac, text)
	return mac.Sum(nil)
}

func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func jsonNumber(n int) string {
	raw, _ := json.Marshal(n)
	return string(raw)
}

func newAmazon(t *testing.T) (*world, *amazon, *registrytest.Recorder) {
	t.Helper()
	w := newWorld(t)
	a := &amazon{t: t}
	w.input.AWS = describe.AWS{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: secret.New(ecrKey)}
	w.at[ecrKey] = nil // it signs, and goes nowhere
	w.give("public.ecr.aws", "AWS", "hunter2")
	return w, a, w.serve(ecrHost, a)
}

// puts are the pages that were set.
func puts(w *world) int {
	n := 0
	for _, req := range w.sent {
		if strings.HasSuffix(req.Header.Get("X-Amz-Target"), ".PutRepositoryCatalogData") {
			n++
		}
	}
	return n
}

func TestECRPublic(t *testing.T) {
	t.Parallel()
	for name, session := range map[string]string{"with a key": "", "with a session": "session-token"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, a, _ := newAmazon(t)
				a.session = session
				w.input.AWS.SessionToken = secret.New(session)
				w.must(ecrImage, true)
				want := map[string]any{"aboutText": shown, "description": short}
				if diff := cmp.Diff(want, a.catalog); diff != "" {
					t.Errorf("page (-want +got):\n%s", diff)
				}
				w.must(ecrImage, false)
				if got := puts(w); got != 1 {
					t.Errorf("%d writes, want one", got)
				}
				if len(w.notices) > 0 {
					t.Errorf("notices = %q, want none", w.notices)
				}
			})
		})
	}
}

// TestECRPublicKeepsTheRest has a page with more on it than we know of.
func TestECRPublicKeepsTheRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, a, _ := newAmazon(t)
		a.catalog = map[string]any{
			"description": "old", "aboutText": "old", "usageText": "docker run", "logoUrl": "https://example.com/logo.png",
			"architectures": []any{"ARM 64", "x86-64"}, "operatingSystems": []any{"Linux"}, "marketplaceCertified": false,
		}
		w.input.Short = ""
		w.must(ecrImage, true)
		want := map[string]any{
			"description": "old", "aboutText": shown, "usageText": "docker run",
			"architectures": []any{"ARM 64", "x86-64"}, "operatingSystems": []any{"Linux"},
		}
		if diff := cmp.Diff(want, a.catalog); diff != "" {
			t.Errorf("page (-want +got):\n%s", diff)
		}
		if len(w.notices) != 1 || !strings.Contains(w.notices[0], "logo") {
			t.Errorf("notices = %q, want one about the logo", w.notices)
		}
	})
}

func TestECRPublicLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, a, _ := newAmazon(t)
		w.input.Markdown = []byte(strings.Repeat("A paragraph of some words.\n\n", 1000))
		w.must(ecrImage, true)
		if about, _ := a.catalog["aboutText"].(string); len(about) > 10_240 || len(about) < 9_000 {
			t.Errorf("the page has %d bytes", len(about))
		}
		if len(w.notices) != 1 {
			t.Errorf("notices = %q, want that it was cut", w.notices)
		}
	})
}

func TestECRPublicRefusals(t *testing.T) {
	t.Parallel()
	denied := func(code string) registrytest.Fault {
		return registrytest.Fault{Status: 400, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, Body: `{"__type":"` + code + `","Message":"no"}`}
	}
	for _, code := range []string{
		"AccessDeniedException", "com.amazon.coral.service#ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, _, api := newAmazon(t)
				api.Inject(denied(code))
				w.mustForbid(ecrImage, code, "no", "ecr-public:PutRepositoryCatalogData", `the login "AKIDEXAMPLE" came from AWS_ACCESS_KEY_ID`)
			})
		})
	}
	t.Run("to write alone", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w, a, api := newAmazon(t)
			fault := denied("AccessDeniedException")
			fault.From = 2
			api.Inject(fault)
			w.mustForbid(ecrImage, "PutRepositoryCatalogData: ")
			if a.catalog != nil {
				t.Errorf("page = %v", a.catalog)
			}
		})
	})
	t.Run("another key", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w, _, _ := newAmazon(t)
			w.input.AWS.SecretAccessKey = secret.New("another")
			w.mustForbid(ecrImage, "InvalidSignatureException")
		})
	})
	t.Run("no key", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w, _, _ := newAmazon(t)
			w.input.AWS = describe.AWS{}
			w.mustForbid(ecrImage, "credentials are missing", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
			if len(w.sent) > 0 {
				t.Errorf("%d requests, want none", len(w.sent))
			}
		})
	})
	t.Run("another account's registry", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w, _, _ := newAmazon(t)
			w.mustFail("public.ecr.aws/other/tool", "RepositoryNotFoundException", "does not exist in the registry")
		})
	})
	t.Run("no alias", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w, _, _ := newAmazon(t)
			w.mustFail("public.ecr.aws/app", "no alias")
		})
	})
	t.Run("throttled", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w, _, api := newAmazon(t)
			api.Inject(registrytest.Fault{Status: 503, Times: 1, Header: http.Header{"Retry-After": {"1"}}})
			w.must(ecrImage, true)
		})
	})
	t.Run("a page of HTML", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w, _, api := newAmazon(t)
			api.Inject(registrytest.Fault{Status: 200, HTML: true})
			w.mustFail(ecrImage, "a page of HTML")
		})
	})
}
