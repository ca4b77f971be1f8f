// SPDX-License-Identifier: Apache-2.0

//go:build linux

package action_test

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// hostileTexts are sources and targets that want to be heard: by a terminal, a log, a summary, or the runner.
func hostileTexts() []hostility {
	const (
		get  = "^GET .*/manifests/amd64$"
		harm = "\x1b[2J\x1b]0;x\x07\u009b31m\r\n::error title=x::pwned\n##[error]pwned\n::add-mask::a\n\u202epwned\u2028|`<script>\x00\x7f\x85"
	)
	quoted, err := json.Marshal(harm)
	if err != nil {
		panic(err) // strings always marshal
	}
	refusal := `{"errors":[{"code":"DENIED","message":` + string(quoted) + `,"detail":{"a":` + string(quoted) + `}}]}`
	config := func(os string) map[string]string {
		raw := `{"os":` + os + `,"architecture":"amd64","os.version":` + string(quoted) + `,"variant":` + string(quoted) + `}`
		image := strings.ReplaceAll(imageOf(""), entryOf(string(types.OCIConfigJSON), noConfig), entryOf(string(types.OCIConfigJSON), raw))
		return map[string]string{"amd64": image, digestOf(image): image, digestOf(raw): raw}
	}
	entry := imageOf("")
	listed := indexOf(entryOf(ociManifest, entry, `,"platform":{"os":`+string(quoted)+`,"architecture":"amd64"}`))
	annotated := strings.Replace(indexOf(entryOf(ociManifest, entry, `,"annotations":{`+string(quoted)+`:`+string(quoted)+`}`)), "{", `{"annotations":{`+string(quoted)+`:`+string(quoted)+`},`, 1)
	return []hostility{
		{name: "error", want: "DENIED", hint: "registry_auth", source: instead(get, reply(http.StatusForbidden, refusal))},
		{name: "error that is no JSON", want: "418", source: instead(get, reply(http.StatusTeapot, harm))},
		{name: "error of 1 MiB", want: "418", source: instead(get, reply(http.StatusTeapot, strings.Repeat(harm, 1<<14)))},
		{name: "error without end", want: "418", source: instead(get, func(w http.ResponseWriter, req *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			endless("", "", harm)(w, req)
		})},
		{name: "a thousand errors", want: "multiple errors", source: instead(get, reply(http.StatusTeapot, `{"errors":[`+strings.Repeat(`{"code":"A"},`, 1000)+`{"code":"A"}]}`))},
		{name: "code of an error", want: "listing the tags", target: instead("^GET .*/tags/list", reply(http.StatusForbidden, `{"errors":[{"code":`+string(quoted)+`}]}`))},
		{name: "error of a token service", want: "signing in", source: instead("^GET /token", reply(http.StatusForbidden, refusal))},
		{name: "error of an upload", want: "DENIED", written: true, target: instead("^PUT .*/blobs/uploads/", reply(http.StatusForbidden, refusal))},
		{name: "error of a tag", want: "DENIED", written: true, target: instead("^PUT .*/manifests/1.2.3", reply(http.StatusForbidden, refusal))},
		{name: "realm", want: "signing in", source: instead("^GET /v2/$", reply(http.StatusUnauthorized, "", `Www-Authenticate: Bearer realm="https://\u009b::error::x/%1b%0a::error::"`))},
		{name: "path of a redirect", want: "429", args: short, source: instead("^GET ", func(w http.ResponseWriter, req *http.Request) {
			if strings.HasSuffix(req.URL.Path, "/amd64") {
				http.Redirect(w, req, "/v2/%1b[2J%0a::error::pwned%c2%9b", http.StatusFound)
				return
			}
			if strings.Contains(req.URL.Path, "pwned") {
				reply(http.StatusTooManyRequests, harm, "Retry-After: 1")(w, req)
				return
			}
			w.WriteHeader(http.StatusOK)
		})},
		{name: "platform of a config", want: "platform", source: stores(config(string(quoted)))},
		{name: "version of a config's system", want: "platform", source: stores(config(`"linux"`))},
		{name: "platform of an index", want: "the name says", source: stores(map[string]string{"amd64": listed, digestOf(entry): entry, digestOf(noConfig): noConfig})},
		{name: "annotations", published: true, source: stores(map[string]string{"amd64": annotated, digestOf(annotated): annotated, digestOf(entry): entry, digestOf(noConfig): noConfig})},
		{name: "media type", want: "neither an image nor an index", source: instead(get, reply(http.StatusOK, imageOf(""), "Content-Type: application/x; a=\u009b[2J::error::"))},
		{name: "media type of a manifest", want: "media type", source: instead(get, reply(http.StatusOK, strings.Replace(indexOf(), `"`+ociIndex+`"`, string(quoted), 1), "Content-Type: "+ociIndex))},
	}
}
