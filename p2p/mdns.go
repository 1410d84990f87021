package p2p

import (
	"context"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/discovery/mdns"
)

// runMDNS announces this node on the local network and listens for others with the same
// parameters, until ctx ends. If mDNS does not work here, it logs a warning.
func (n *Net) runMDNS(ctx context.Context) {
	s := mdns.NewMdnsService(n.host, "_toychain-"+n.cfg.Digest+"._udp", mdnsFound(func(info corepeer.AddrInfo) {
		n.hear(local, []corepeer.AddrInfo{info})
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
