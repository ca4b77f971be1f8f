// SPDX-License-Identifier: Apache-2.0

package internettest

import (
	"io"
	"net"
	"net/http"
)

// ServeHTTP is the proxy: a tunnel to any host, and a relay to one that speaks no TLS.
func (n *Internet) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	s := n.find(req.Host)
	switch {
	case s == nil, req.Method != http.MethodConnect && s.TLS != nil:
		http.Error(w, "no such host", http.StatusBadGateway)
	case req.Method != http.MethodConnect:
		s.Config.Handler.ServeHTTP(w, req)
	default:
		tunnel(w, req, s.Listener.Addr().String())
	}
}

// tunnel connects the client with an address until one of the two hangs up.
func tunnel(w http.ResponseWriter, req *http.Request, address string) {
	var dialer net.Dialer
	server, err := dialer.DialContext(req.Context(), "tcp", address)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer server.Close()
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer client.Close()
	_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n") // a client that is gone shows when copying
	done := make(chan struct{}, 2)
	for _, way := range []struct{ to, from net.Conn }{{server, client}, {client, server}} {
		go func() {
			_, _ = io.Copy(way.to, way.from)
			done <- struct{}{}
		}()
	}
	<-done
}
