// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/registry"
)

const (
	// maxAnswer is far above a page of GitHub's, of 100 versions with their tags.
	maxAnswer = 8 << 20
	// maxRefusal is as much as is read of an answer that is not a success.
	maxRefusal = 64 << 10
)

// API is the JSON API of a host. Cookies are not kept, so that nothing asks for
// a CSRF token.
type API struct {
	// Transport carries the requests. Required.
	Transport http.RoundTripper
	// Base is what is called: https://api.github.com. Empty: Registry.
	Base string
	// Registry is the host that is called if there is no Base: over HTTPS, and,
	// for one that was named for it or is on loopback, else over plain HTTP.
	Registry name.Registry
	// Login is sent as Basic. Zero: nothing is sent.
	Login registry.Credential
	// Bearer sends the password of Login as a token, without the user name.
	Bearer bool
	// Header is sent with every request.
	Header http.Header
}

// Call sends a request, with in as JSON if it is not nil, and reads the answer
// into out if it is not nil. The header of the answer is returned beside an
// [*Error] too. An answer other than 2xx is one, and so is a page of HTML, which
// no such API sends. Redirects are not followed: they would make a GET of a PUT,
// and take the credential elsewhere.
func (a API) Call(ctx context.Context, method, path string, in, out any) (http.Header, error) {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return nil, fmt.Errorf("encoding a request: %w", err)
		}
	}
	var failures []error
	for _, base := range a.bases() {
		header, raw, err := a.send(ctx, method, base+path, body)
		if err == nil && out != nil {
			if err := json.Unmarshal(raw, out); err != nil {
				return header, fmt.Errorf("%s %s: parsing the answer: %w", method, base+path, err)
			}
		}
		if _, answered := errors.AsType[*Error](err); err == nil || answered || ctx.Err() != nil {
			return header, err
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

// bases are the addresses to try.
func (a API) bases() []string {
	if a.Base != "" {
		return []string{a.Base}
	}
	out := []string{"https://" + a.Registry.RegistryStr()}
	if a.Registry.Scheme() == "http" {
		out = append(out, "http://"+a.Registry.RegistryStr())
	}
	return out
}

// send makes one round trip and returns the body of a success.
func (a API) send(ctx context.Context, method, url string, body []byte) (http.Header, []byte, error) {
	req, err := a.request(ctx, method, url, body)
	if err != nil {
		return nil, nil, err
	}
	// The transport, and not a client: that would follow redirects.
	resp, err := a.Transport.RoundTrip(req)
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // the program's transport says method and URL
	}
	defer resp.Body.Close()
	ok := resp.StatusCode/100 == 2
	mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")) // what cannot be parsed is not HTML
	if !ok || mediaType == "text/html" {
		e := refusal(req, resp, mediaType)
		if password := a.Login.Password; !password.IsEmpty() {
			e.Message = strings.ReplaceAll(e.Message, password.Reveal(), password.String())
		}
		return resp.Header, nil, e
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return resp.Header, nil, fmt.Errorf("%s %s: reading the answer: %w", method, url, err)
	}
	return resp.Header, raw, nil
}

func (a API) request(ctx context.Context, method, url string, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	maps.Copy(req.Header, a.Header)
	if body != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	switch {
	case a.Login.Password.IsEmpty():
	case a.Bearer:
		req.Header.Set("Authorization", "Bearer "+a.Login.Password.Reveal())
	default:
		req.SetBasicAuth(a.Login.Username, a.Login.Password.Reveal())
	}
	return req, nil
}
