package p2p

import (
	"errors"
	"fmt"
	"math"
	"syscall"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/event"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/sec"
	basichost "github.com/libp2p/go-libp2p/p2p/host/basic"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/libp2p/go-libp2p/p2p/host/peerstore/pstoremem"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/x/rate"
	ma "github.com/multiformats/go-multiaddr"
)

// openHost builds a libp2p host by hand, from the bottom up, and listens.
//
// libp2p.New would do it in a line, but it also links QUIC, WebRTC, WebTransport and a
// dependency injector, which no toychain node uses: 9 MB of binary and 7 MB of memory for
// each node. Written out, it shows what a host is made of. There is no relay, no hole
// punching, no NAT port mapping, no metrics registry.
func openHost(cfg Config, key crypto.PrivKey, g *gater, sync protocol.ID, shaped *shapedTransport) (*basichost.BasicHost, *swarm.Swarm, error) {
	listen, err := parseListen(cfg.Listen)
	if err != nil {
		return nil, nil, err
	}
	bus := eventbus.NewBus()
	sw, err := openSwarm(cfg, key, g, bus, sync)
	if err != nil {
		return nil, nil, err
	}
	if err := addTCP(sw, key, g, shaped); err != nil {
		return nil, nil, errors.Join(err, sw.Close())
	}
	// The host: protocols by name, identify (keys, protocols and listen addresses of a
	// peer) and ping.
	h, err := basichost.NewHost(sw, &basichost.HostOpts{EventBus: bus, EnablePing: true,
		UserAgent: printable(cfg.Agent), ProtocolVersion: processName()})
	if err != nil {
		return nil, nil, errors.Join(err, sw.Close())
	}
	h.Start()
	for _, a := range listen {
		if err := sw.AddListenAddr(a); err != nil {
			h.Close()
			return nil, nil, listenError(a, err)
		}
	}
	return h, sw, nil
}

// openSwarm creates the swarm, which holds all connections and dials new ones, with a
// peerstore (keys and addresses, in memory) and limits on what a peer may use.
func openSwarm(cfg Config, key crypto.PrivKey, g *gater, bus event.Bus, sync protocol.ID) (*swarm.Swarm, error) {
	id, err := corepeer.IDFromPrivateKey(key)
	if err != nil {
		return nil, err
	}
	known, err := pstoremem.NewPeerstore()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(known.AddPrivKey(id, key), known.AddPubKey(id, key.GetPublic())); err != nil {
		return nil, errors.Join(err, known.Close())
	}
	limits, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(hostLimits(cfg.MaxIn+MaxOut, sync)),
		rcmgr.WithMetricsDisabled(), rcmgr.WithConnRateLimiters(&rate.Limiter{}),
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: math.MaxInt}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 128, ConnCount: math.MaxInt}}))
	if err != nil {
		return nil, errors.Join(err, known.Close())
	}
	sw, err := swarm.NewSwarm(id, known, bus, swarm.WithConnectionGater(g), swarm.WithResourceManager(limits),
		swarm.WithDialTimeout(dialTimeout), swarm.WithDialTimeoutLocal(dialTimeout))
	if err != nil {
		return nil, errors.Join(err, limits.Close(), known.Close())
	}
	return sw, nil
}

// addTCP adds TCP to the swarm. A raw connection is upgraded: noise encrypts it and proves
// the peer's ID, yamux makes many streams of it.
func addTCP(sw *swarm.Swarm, key crypto.PrivKey, g *gater, shaped *shapedTransport) error {
	muxers := []upgrader.StreamMuxer{{ID: yamux.ID, Muxer: smallYamux()}}
	secure, err := noise.New(noise.ID, key, muxers)
	if err != nil {
		return err
	}
	limits := sw.ResourceManager()
	// A peer that connects and sends nothing holds a slot: not for libp2p's 15 seconds.
	up, err := upgrader.New([]sec.SecureTransport{secure}, muxers, nil, limits, g, upgrader.WithAcceptTimeout(dialTimeout))
	if err != nil {
		return err
	}
	// Port reuse would let two nodes listen on one port without an error.
	raw, err := tcp.NewTCPTransport(up, limits, nil, tcp.DisableReuseport(), tcp.WithConnectionTimeout(dialTimeout))
	if err != nil {
		return err
	}
	shaped.Transport = raw
	return sw.AddTransport(shaped)
}

func parseListen(addrs []string) ([]ma.Multiaddr, error) {
	if len(addrs) == 0 {
		addrs = []string{"/ip4/127.0.0.1/tcp/0"}
	}
	var out []ma.Multiaddr
	for _, s := range addrs {
		a, err := ma.NewMultiaddr(s)
		if err != nil {
			return nil, fmt.Errorf("listen address %q: want one like /ip4/127.0.0.1/tcp/7000: %w", s, err)
		}
		if _, err := a.ValueForProtocol(ma.P_TCP); err != nil {
			return nil, fmt.Errorf("listen address %q: want a TCP one like /ip4/127.0.0.1/tcp/7000", s)
		}
		out = append(out, a)
	}
	return out, nil
}

func listenError(a ma.Multiaddr, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("cannot listen on %v: another program has that port: "+
			"stop it, or choose another port (0 lets the system choose)", a)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("cannot listen on %v: no permission: choose a port above 1023", a)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("cannot listen on %v: this machine has no such address: try /ip4/127.0.0.1 or /ip4/0.0.0.0", a)
	}
	return fmt.Errorf("cannot listen on %v: %w", a, err)
}

// smallYamux returns libp2p's yamux with a window of at most 1 MB a stream instead of 16,
// which is how much a peer can make us buffer.
func smallYamux() *yamux.Transport {
	muxer := *yamux.DefaultTransport
	muxer.MaxStreamWindowSize = 1 << 20
	return &muxer
}

// hostLimits returns the resource manager's limits. They are fixed, not a part of the
// machine's memory, because many nodes share one machine. libp2p's defaults allow 8
// connections from one address and few new ones a second: here all nodes have the same
// address, so the gater counts instead.
func hostLimits(peers int, sync protocol.ID) rcmgr.ConcreteLimitConfig {
	const window = 256 << 10 // what yamux reserves for a stream
	const strangers = 8      // connections whose peer is not known yet
	conns := rcmgr.LimitVal(connsOfPeer*peers + moreConns)
	streams := rcmgr.LimitVal((peers + strangers) * maxStreams)
	all := rcmgr.ResourceLimits{Conns: conns, ConnsInbound: conns, ConnsOutbound: conns,
		Streams: 2 * streams, StreamsInbound: streams, StreamsOutbound: streams,
		Memory: rcmgr.LimitVal64((peers + strangers) * maxStreams * 2 * window), FD: conns}
	one := rcmgr.ResourceLimits{Conns: connsOfPeer, ConnsInbound: connsOfPeer, ConnsOutbound: connsOfPeer,
		Streams: 2 * maxStreams, StreamsInbound: maxStreams, StreamsOutbound: maxStreams,
		Memory: 3 * maxStreams * window, FD: connsOfPeer}
	conn := rcmgr.ResourceLimits{Memory: 3 * maxStreams * window}
	return rcmgr.PartialLimitConfig{
		// A stream without a negotiated protocol counts as transient: with the same
		// limits one peer's half-open streams cannot use up all slots.
		System: all, Transient: all, AllowlistedSystem: all, AllowlistedTransient: all,
		PeerDefault: one, Conn: conn,
		ProtocolDefault: rcmgr.ResourceLimits{Streams: 2 * streams, StreamsInbound: streams, StreamsOutbound: streams,
			Memory: rcmgr.Unlimited64},
		ProtocolPeer: map[protocol.ID]rcmgr.ResourceLimits{
			sync: {Streams: 2 * maxSyncStreams, StreamsInbound: maxSyncStreams, StreamsOutbound: maxSyncStreams,
				Memory: rcmgr.Unlimited64},
		},
	}.Build(rcmgr.DefaultLimits.Scale(256<<20, 1024))
}
