package p2p

import (
	"context"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/discovery/mdns"
)

// runMDNS calls out on the local network, and listens for others of the same
// rules, until ctx ends. That it does not work here is a warning only.
func (n *Net) runMDNS(ctx context.Context) {
	s := mdns.NewMdnsService(n.host, "_toychain-"+n.cfg.Digest+"._udp", mdnsFound(func(info corepeer.AddrInfo) {
		n.found([]corepeer.AddrInfo{info})
	}))
	if err := s.Start(); err != nil {
		n.log.Warn("cannot look for peers on the local network", "err", err)
	}
	<-ctx.Done()
	s.Close()
}

// mdnsFound is called for each peer found.
type mdnsFound func(corepeer.AddrInfo)

func (f mdnsFound) HandlePeerFound(info corepeer.AddrInfo) { f(info) }
