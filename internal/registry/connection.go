// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"fmt"
	"net/http"
)

// connection is a way to a registry that is signed in once, for everybody who
// waits for it.
type connection struct {
	// signing is held by the goroutine that signs in. It guards the rest.
	signing chan struct{}
	rt      http.RoundTripper
	err     error
}

func newConnection() *connection { return &connection{signing: make(chan struct{}, 1)} }

// open signs in unless that was done. A failure is remembered, so that wrong
// credentials are tried a single time; a cancellation is not.
func (c *connection) open(ctx context.Context, signIn func(context.Context) (http.RoundTripper, error)) (http.RoundTripper, error) {
	select {
	case c.signing <- struct{}{}:
		defer func() { <-c.signing }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to sign in: %w", context.Cause(ctx))
	}
	if c.err == nil && c.rt == nil {
		rt, err := signIn(ctx)
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
		c.rt, c.err = rt, err
	}
	return c.rt, c.err
}

// close makes err the end of the connection.
func (c *connection) close(err error) {
	c.signing <- struct{}{}
	defer func() { <-c.signing }()
	c.rt, c.err = nil, err
}
