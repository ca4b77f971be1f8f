// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// conceal takes out of a text what a request was authorised with: a registry,
// or a proxy before it, may quote that in its answer.
func conceal(text string, login Login, req *http.Request) string {
	config := login.config
	secrets := []string{config.Password, config.IdentityToken, config.RegistryToken}
	if config.Username != "" && config.Password != "" {
		secrets = append(secrets, config.Username+":"+config.Password)
	}
	if req != nil {
		_, sent, _ := strings.Cut(req.Header.Get("Authorization"), " ")
		secrets = append(secrets, sent)
	}
	var forms []string
	for _, s := range secrets {
		if s != "" {
			forms = append(forms, s, base64.StdEncoding.EncodeToString([]byte(s)), url.QueryEscape(s))
		}
	}
	// The longest first: one may be part of another.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	for _, form := range forms {
		text = strings.ReplaceAll(text, form, "***")
	}
	return text
}
