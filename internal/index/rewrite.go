// SPDX-License-Identifier: Apache-2.0

package index

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Rewrite makes an index that is promoted what the options ask for. If it is that already, the result has the very bytes of
// raw, which it then shares. Otherwise the change is the least that does it: entries keep their order, and fields that polytag
// does not know stay. Indexes that are nested in it are not looked into.
//
// It is an error if raw is no index of at most [MaxSize] bytes, if the result lists no image, and if it cannot have the format
// or the annotations asked for.
func Rewrite(raw []byte, o Options) (Index, error) {
	x, err := rewrite(raw, o)
	if err != nil {
		return Index{}, fmt.Errorf("rewriting index: %w", err)
	}
	return x, nil
}

func rewrite(raw []byte, o Options) (Index, error) {
	d, err := parseDocument(raw)
	if err != nil {
		return Index{}, err
	}
	stripped := o.StripAttestations && d.strip()
	converted, errFormat := d.convert(o.Format)
	annotated, errAnnotate := d.annotate(o.Annotations)
	if err := errors.Join(errFormat, errAnnotate); err != nil {
		return Index{}, err
	}
	if stripped || converted || annotated {
		if raw, err = d.marshal(); err != nil {
			return Index{}, err
		}
	}
	x, err := seal(raw)
	if err != nil {
		return Index{}, err
	}
	if len(x.Children)+len(x.Nested) == 0 {
		return Index{}, errors.New("it lists no image")
	}
	return x, nil
}

// strip removes the attestations. Like convert and annotate, it reports whether there was anything to do.
func (d *document) strip() bool {
	before := len(d.entries)
	d.entries = slices.DeleteFunc(d.entries, func(e entry) bool { return isAttestation(e.desc) })
	return len(d.entries) < before
}

func (d *document) convert(to Format) (bool, error) {
	switch {
	case to == OCI && d.mediaType != types.OCIImageIndex:
		d.mediaType = types.OCIImageIndex
		return true, nil
	case to == Docker && d.mediaType != types.DockerManifestList:
		d.mediaType = types.DockerManifestList
		return true, d.dropAnnotations()
	default:
		return false, nil
	}
}

// dropAnnotations drops those of the entries, as [New] does, but not those of the index, which somebody has asked for.
func (d *document) dropAnnotations() error {
	descriptors := make([]v1.Descriptor, len(d.entries))
	for i, e := range d.entries {
		descriptors[i] = e.desc
	}
	errs := dockerFaults(descriptors)
	if len(d.annotations) > 0 {
		errs = append(errs, errors.New("format: a Docker manifest list cannot hold the annotations that the index has: set format to auto or oci"))
	}
	for i, e := range d.entries {
		if e.desc.Annotations != nil {
			raw, err := without(e.raw, "annotations")
			d.entries[i].raw, errs = raw, append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (d *document) annotate(want map[string]string) (bool, error) {
	all := make(map[string]string)
	maps.Copy(all, d.annotations)
	maps.Copy(all, want)
	if maps.Equal(all, d.annotations) {
		return false, nil
	}
	if d.mediaType == types.DockerManifestList {
		return false, errAnnotations
	}
	d.annotations = all
	return true, nil
}

func (d *document) marshal() ([]byte, error) {
	manifests := make([]json.RawMessage, len(d.entries))
	for i, e := range d.entries {
		manifests[i] = e.raw
	}
	fields := map[string]any{}
	for name, raw := range d.fields {
		fields[name] = raw
	}
	fields["mediaType"], fields["manifests"] = d.mediaType, manifests
	if len(d.annotations) > 0 {
		fields["annotations"] = d.annotations
	}
	return encode(fields)
}

func without(raw json.RawMessage, field string) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("reading JSON: %w", err)
	}
	delete(fields, field)
	return encode(fields)
}
