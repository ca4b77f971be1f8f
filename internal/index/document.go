// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// MaxSize is the number of bytes that an index may have. Registries are expected to take manifests of this size, and many take
// no larger ones: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
const MaxSize = 4 << 20

// document is an index as JSON. It can be edited without losing fields that polytag does not know.
type document struct {
	fields map[string]json.RawMessage // of which those below are a copy

	mediaType   types.MediaType
	annotations map[string]string
	entries     []entry
}

type entry struct {
	raw  json.RawMessage
	desc v1.Descriptor
}

func parseDocument(raw []byte) (*document, error) {
	if len(raw) > MaxSize {
		return nil, fmt.Errorf("it has %d bytes, more than the %d that registries take", len(raw), MaxSize)
	}
	d := &document{}
	if err := json.Unmarshal(raw, &d.fields); err != nil {
		return nil, fmt.Errorf("reading JSON: %w", err)
	}
	var (
		schemaVersion int
		manifests     []json.RawMessage
	)
	if err := errors.Join(
		d.decode("schemaVersion", &schemaVersion),
		d.decode("mediaType", &d.mediaType),
		d.decode("annotations", &d.annotations),
		d.decode("manifests", &manifests),
	); err != nil {
		return nil, err
	}
	if d.mediaType == "" {
		d.mediaType = types.OCIImageIndex // which need not name itself
	}
	_, config := d.fields["config"]
	_, layers := d.fields["layers"]
	switch {
	case !IsIndex(d.mediaType):
		return nil, fmt.Errorf("media type %s is not that of an index", d.mediaType)
	case schemaVersion != 2:
		return nil, fmt.Errorf("schemaVersion is %d, not 2", schemaVersion)
	case manifests == nil:
		return nil, errors.New("it has no list of manifests")
	case config || layers:
		// CVE-2021-41190: such a document is an image or an index, depending on who reads it.
		return nil, errors.New("it has the fields of an image too")
	}
	if err := d.addEntries(manifests); err != nil {
		return nil, err
	}
	return d, nil
}

// decode leaves v alone if there is no such field.
func (d *document) decode(field string, v any) error {
	raw, ok := d.fields[field]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("reading %s: %w", field, err)
	}
	return nil
}

func (d *document) addEntries(manifests []json.RawMessage) error {
	var errs []error
	for i, raw := range manifests {
		e := entry{raw: raw}
		err := json.Unmarshal(raw, &e.desc)
		switch {
		case err != nil:
		case e.desc.MediaType == "":
			err = errors.New("mediaType is missing")
		case e.desc.Digest == v1.Hash{}:
			err = errors.New("digest is missing")
		case e.desc.Size < 0:
			err = fmt.Errorf("size is %d", e.desc.Size)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("reading entry %d: %w", i, err))
			continue
		}
		d.entries = append(d.entries, e)
	}
	return errors.Join(errs...)
}

// encode writes compact JSON whose strings are as they were: json.Marshal would escape the & of a URL.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
