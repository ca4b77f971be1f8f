// SPDX-License-Identifier: Apache-2.0

package dockerhub

import "encoding/json"

// ParseMessage is the parser of the bodies of errors.
var ParseMessage = parseMessage

// ParsePage is the parser of a page of tags, with the path of the next one.
func ParsePage(body []byte) ([]Tag, string, error) {
	var p page
	if err := json.Unmarshal(body, &p); err != nil {
		return nil, "", err
	}
	next, err := p.after()
	return p.Tags, next, err
}
