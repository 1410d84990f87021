package p2p

import (
	"fmt"
	"log/slog"

	"github.com/libp2p/go-libp2p/core/protocol"
	ma "github.com/multiformats/go-multiaddr"
)

// Config holds the settings of a Net. Only Digest is required.
type Config struct {
	// Listen holds the multiaddrs to listen on; none means
	// /ip4/127.0.0.1/tcp/0: this machine only, a port of the system's choice.
	Listen []string
	// KeyFile holds the node's key (mode 0600; created if missing). "" makes a key
	// for this run only.
	KeyFile string
	// Key is the node's key as a key file holds it. If set, KeyFile is not used. It is
	// for nodes whose key comes with their settings.
	Key string
	// PeersFile keeps the addresses of good peers across restarts. "" keeps none.
	PeersFile string
	// Seeds are peers to dial, and to dial again whenever they are gone: multiaddrs
	// that end in /p2p/ and the peer's ID.
	Seeds []string
	// MDNS looks for peers on the local network.
	MDNS bool
	// Alone restricts the node to its Seeds: it accepts no connections and requests no
	// addresses. It is for programs that watch or test a network and take no part in it.
	Alone bool
	// Tell, if set, returns the addresses that this node tells others, complete with
	// /p2p/. It is for programs that test how a node reacts to false ones.
	Tell func() []ma.Multiaddr
	// Digest is the digest of the network's parameters, 8 hex digits. It is part of
	// every protocol's name, so nodes with different rules find no common protocol and
	// disconnect.
	Digest string
	// Agent is the name of our software as peers see it.
	Agent string
	// Log receives what a user may want to know; nil discards it.
	Log *slog.Logger
	// MaxIn is the most inbound peers; 0 means DefaultMaxIn.
	MaxIn int

	maxOut int // 0 means MaxOut; tests of a few nodes need less
}

// checked fills in defaults and rejects impossible settings.
func (c Config) checked() (Config, error) {
	if len(c.Digest) != 8 {
		return c, fmt.Errorf("p2p: digest %q: want 8 hex digits", c.Digest)
	}
	for _, d := range c.Digest {
		if (d < '0' || d > '9') && (d < 'a' || d > 'f') {
			return c, fmt.Errorf("p2p: digest %q: want 8 hex digits, in lower case", c.Digest)
		}
	}
	if c.MaxIn < 0 {
		return c, fmt.Errorf("p2p: at most %d peers makes no sense", c.MaxIn)
	}
	if c.MaxIn == 0 {
		c.MaxIn = DefaultMaxIn
	}
	if c.maxOut == 0 {
		c.maxOut = MaxOut
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// protocols are the names under which nodes of one network find each other.
type protocols struct {
	blocks, txs string // topics
	sync        protocol.ID
}

// family begins the name of every network's sync protocol.
const family = "/toychain/"

func protocolsOf(digest string) protocols {
	base := family + digest
	return protocols{blocks: base + "/blocks/1", txs: base + "/txs/1", sync: protocol.ID(base + "/sync/1")}
}
