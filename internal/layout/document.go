// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/index"
)

// maxValues bounds the values of a JSON text, each of which takes many times its bytes in memory. An index that registries take has
// fewer.
const maxValues = 200_000

// document is what a manifest or an index says of itself.
type document struct {
	mediaType    types.MediaType
	artifactType string
	subject      v1.Hash         // zero if there is none
	manifests    []v1.Descriptor // of an index
	annotations  map[string]string
}

// parseDocument reads a manifest or an index. Unlike a registry, a layout has no header that says which of them it is: the
// document does, else the entry that lists it, else its fields.
func parseDocument(raw []byte, listed types.MediaType) (document, error) {
	if err := checkValues(raw); err != nil {
		return document{}, err
	}
	var fields map[string]json.RawMessage // whose names, unlike those of a struct, have one spelling
	if err := json.Unmarshal(raw, &fields); err != nil {
		return document{}, fmt.Errorf("it is no manifest: %w", err)
	}
	var (
		d       document
		subject v1.Descriptor
		config  struct {
			MediaType string `json:"mediaType"`
		}
	)
	for name, to := range map[string]any{
		"mediaType": &d.mediaType, "artifactType": &d.artifactType, "annotations": &d.annotations,
		"manifests": &d.manifests, "subject": &subject, "config": &config,
	} {
		if value, ok := fields[name]; ok {
			if err := json.Unmarshal(value, to); err != nil {
				return document{}, fmt.Errorf("reading %s: %w", name, err)
			}
		}
	}
	d.subject, d.artifactType = subject.Digest, cmp.Or(d.artifactType, config.MediaType)
	return d, d.classify(fields, listed)
}

// classify finds the media type, and refuses a document that is one thing or another, depending on who reads it:
// https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh
func (d *document) classify(fields map[string]json.RawMessage, listed types.MediaType) error {
	_, manifests := fields["manifests"]
	_, config := fields["config"]
	_, layers := fields["layers"]
	written, guess := d.mediaType, types.MediaType("")
	switch {
	case manifests && (config || layers):
		return errors.New("it has the fields of an image and of an index")
	case manifests:
		guess = types.OCIImageIndex
	case config || layers:
		guess = types.OCIManifestSchema1
	}
	switch d.mediaType = cmp.Or(written, listed, guess); {
	case d.mediaType == "":
		return errors.New("it is neither an image nor an index")
	case written != "" && listed != "" && written != listed:
		return fmt.Errorf("its media type is %s, where it is listed it is %s", written, listed)
	case index.IsIndex(d.mediaType) != manifests, index.IsImage(d.mediaType) && !config:
		return fmt.Errorf("its media type is %s, but it lacks the fields of one", d.mediaType)
	}
	return nil
}

func checkValues(raw []byte) error {
	if bytes.Count(raw, []byte(",")) > maxValues {
		return fmt.Errorf("it has more than %d values", maxValues)
	}
	return nil
}
