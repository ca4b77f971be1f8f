// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/release"
)

// Dummy is a manifest that nobody needs. Where a registry cannot delete a tag,
// the tag is moved to a dummy, and the dummy deleted. It can be made by
// [NewDummy] alone, and is the only thing that a [Client] deletes by its digest.
type Dummy struct{ manifest release.Manifest }

// NewDummy makes a dummy whose bytes, and so its digest, nobody else has. The
// note says in it what it is for.
func NewDummy(note string) (Dummy, error) {
	blobs, err := dummyBlobs()
	if err != nil {
		return Dummy{}, err
	}
	raw, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2,
		MediaType:     types.OCIManifestSchema1,
		Config:        blobs[0].descriptor,
		Layers:        []v1.Descriptor{blobs[1].descriptor},
		Annotations:   map[string]string{release.DummyAnnotation: note, "dev.polytag.nonce": rand.Text()},
	})
	if err != nil {
		return Dummy{}, fmt.Errorf("encoding a dummy: %w", err)
	}
	digest, _, err := v1.SHA256(bytes.NewReader(raw))
	if err != nil {
		return Dummy{}, fmt.Errorf("hashing a dummy: %w", err)
	}
	return Dummy{manifest: release.Manifest{Raw: raw, MediaType: types.OCIManifestSchema1, Digest: digest}}, nil
}

// Manifest is the dummy as it is pushed.
func (d Dummy) Manifest() release.Manifest { return d.manifest }

// PushDummyBlobs uploads what all dummies consist of, which a registry wants
// before the first of them.
func (c *Client) PushDummyBlobs(ctx context.Context, repo name.Repository) error {
	blobs, err := dummyBlobs()
	if err != nil {
		return err
	}
	r := c.open(repo)
	for _, b := range blobs {
		ok, err := r.Has(ctx, b.descriptor.Digest)
		if err == nil && !ok {
			err = r.Upload(ctx, b.descriptor, bytes.NewReader(b.content))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// DeleteDummy deletes a dummy by its digest, and with it every tag on it.
func (c *Client) DeleteDummy(ctx context.Context, repo name.Repository, d Dummy) error {
	r := c.open(repo)
	options, err := r.options(ctx)
	if err != nil {
		return err
	}
	return r.classify(ctx, remote.Delete(repo.Digest(d.manifest.Digest.String()), options...))
}

// dummyBlob is a part of every dummy.
type dummyBlob struct {
	content    []byte
	descriptor v1.Descriptor
}

// dummyBlobs are a config and a layer, an empty archive: some registries take no
// image without any.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#image-manifest-property-descriptions
func dummyBlobs() ([2]dummyBlob, error) {
	layer, err := newDummyBlob(make([]byte, 1024), types.OCIUncompressedLayer)
	if err != nil {
		return [2]dummyBlob{}, err
	}
	text := fmt.Sprintf(`{"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers","diff_ids":[%q]}}`, layer.descriptor.Digest)
	config, err := newDummyBlob([]byte(text), types.OCIConfigJSON)
	return [2]dummyBlob{config, layer}, err
}

func newDummyBlob(content []byte, mediaType types.MediaType) (dummyBlob, error) {
	digest, size, err := v1.SHA256(bytes.NewReader(content))
	if err != nil {
		return dummyBlob{}, fmt.Errorf("hashing a part of a dummy: %w", err)
	}
	return dummyBlob{content: content, descriptor: v1.Descriptor{MediaType: mediaType, Size: size, Digest: digest}}, nil
}

// Authorized returns a round tripper that is signed in to the repository's
// registry for the given actions, for APIs beside the specification's that take
// the same token, and the credentials that it signed in with.
func (c *Client) Authorized(ctx context.Context, repo name.Repository, actions string) (http.RoundTripper, Login, error) {
	login, err := c.options.Keychain.Find(ctx, repo)
	if err != nil {
		return nil, login, fmt.Errorf("finding credentials for %s: %w", repo, err)
	}
	rt, err := transport.NewWithContext(ctx, repo.Registry, login.authenticator(), c.options.Transport, []string{repo.Scope(actions)})
	if err != nil {
		return nil, login, fmt.Errorf("signing in to %s: %w", repo.RegistryStr(), classify(err, login))
	}
	return rt, login, nil
}
