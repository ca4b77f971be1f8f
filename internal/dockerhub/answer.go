// SPDX-License-Identifier: Apache-2.0

package dockerhub

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/polytag/polytag/internal/secret"
)

const (
	// maxAnswer is far above a page of 100 tags with a dozen platforms each, which has some 600 kB.
	maxAnswer = 8 << 20
	// maxRefusal is as much as is read of an answer that is not a success.
	maxRefusal = 64 << 10
	// maxRedirects is how many redirects of a GET are followed.
	maxRedirects = 5
)

// answer is what came back, read to its end.
type answer struct {
	route       string // method, host and path of the request
	status      int
	contentType string
	location    string // without a query
	body        []byte
}

// newHTTPClient returns a client that follows redirects of a GET to the same host alone. A redirect makes a GET of most other requests,
// which would then succeed without having done anything, and another host has no business with our credentials.
func newHTTPClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport: transport,
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			first := via[0]
			if first.Method != http.MethodGet || req.URL.Scheme != first.URL.Scheme || req.URL.Host != first.URL.Host || len(via) > maxRedirects {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
}

// roundTrip sends a request and reads the answer.
func roundTrip(client *http.Client, req *http.Request) (answer, error) {
	a := answer{route: req.Method + " " + req.URL.Host + req.URL.Path}
	resp, err := client.Do(req)
	if err != nil {
		if wrapped, ok := err.(*url.Error); ok { //nolint:errorlint // only the outermost is the client's, and its URL has the query
			err = wrapped.Err
		}
		return answer{}, err // the transport has named the request
	}
	defer resp.Body.Close()
	a.status = resp.StatusCode
	a.contentType, _, _ = mime.ParseMediaType(resp.Header.Get("Content-Type")) // whatever cannot be parsed is not JSON
	if to, err := resp.Location(); err == nil {
		a.location = to.Scheme + "://" + to.Host + to.Path
	}
	limit := int64(maxRefusal)
	if a.ok() {
		limit = maxAnswer
	}
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, limit)); err != nil && a.ok() {
		return answer{}, fmt.Errorf("%s: reading the answer: %w", a.route, err)
	}
	return a, nil
}

// ok reports whether it is a success.
func (a answer) ok() bool { return a.status/100 == 2 }

// decode reads a success, which has to be JSON.
func (a answer) decode(into any) error {
	if err := json.Unmarshal(a.body, into); err != nil {
		return fmt.Errorf("%s: parsing the answer (%d, %d bytes of %q): %w", a.route, a.status, len(a.body), a.contentType, err)
	}
	return nil
}

// token reads the token out of a success.
func (a answer) token() (secret.String, error) {
	var got struct {
		Access string `json:"access_token"`
		Old    string `json:"token"`
	}
	err := json.Unmarshal(a.body, &got)
	switch {
	case err != nil || got.Access+got.Old == "":
		return secret.String{}, a.noToken()
	case got.Access == "":
		return secret.New(got.Old), nil
	}
	return secret.New(got.Access), nil
}

// noToken is the error of an answer that should have had a token. It does not quote what is there.
func (a answer) noToken() error {
	return fmt.Errorf("%s: parsing the answer (%d, %d bytes of %q): it has no token", a.route, a.status, len(a.body), a.contentType)
}

// refusal makes an error of an answer that is no success, in which none of the secrets shows.
func (a answer) refusal(secrets ...secret.String) *Error {
	e := &Error{Status: a.status, Route: a.route, page: a.contentType == "text/html"}
	switch {
	case a.status/100 == 3 && a.location != "":
		e.Message = "it redirects to " + a.location + ", which is not followed"
	case e.page:
		e.Message = "the answer is a page of HTML, as a proxy sends"
	default:
		e.Message = parseMessage(a.body, secrets...)
	}
	return e
}
