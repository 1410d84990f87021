package p2p

import (
	"fmt"
	"log/slog"

	"github.com/libp2p/go-libp2p/core/protocol"
)

// Config is what a Net needs to know. Only Digest must be set.
type Config struct {
	// Listen is where to listen, as multiaddrs; none means
	// /ip4/127.0.0.1/tcp/0: this machine only, a port of the system's choice.
	Listen []string
	// KeyFile holds the node's key (mode 0600; made when it is missing). "" makes
	// a key for this run only.
	KeyFile string
	// Key is the node's key as a key file has it; unless it is "", there is no
	// KeyFile. It is for nodes whose key comes with their settings.
	Key string
	// PeersFile keeps the addresses of good peers over a restart. "" keeps none.
	PeersFile string
	// Seeds are peers to call, and to call again for ever: multiaddrs that end
	// in /p2p/ and the peer's ID.
	Seeds []string
	// MDNS looks for peers on the local network.
	MDNS bool
	// Alone talks to the Seeds only: it takes no calls and asks nobody for more
	// peers. For a program that watches or tests a network and is no part of it.
	Alone bool
	// Digest is the digest of the network's parameters, 8 hex digits. It is part
	// of every protocol's name, so nodes of different rules do not understand
	// each other and part.
	Digest string
	// Agent is the name of our software, as peers see it.
	Agent string
	// Log takes what a user may want to know; nil means silence.
	Log *slog.Logger
	// MaxPeers is the most connections, in and out; 0 means DefaultMaxPeers.
	MaxPeers int
}

// checked fills in defaults and refuses what cannot be.
func (c Config) checked() (Config, error) {
	if len(c.Digest) != 8 {
		return c, fmt.Errorf("p2p: digest %q: want 8 hex digits", c.Digest)
	}
	for _, d := range c.Digest {
		if (d < '0' || d > '9') && (d < 'a' || d > 'f') {
			return c, fmt.Errorf("p2p: digest %q: want 8 hex digits, in lower case", c.Digest)
		}
	}
	if c.MaxPeers < 0 {
		return c, fmt.Errorf("p2p: at most %d peers makes no sense", c.MaxPeers)
	}
	if c.MaxPeers == 0 {
		c.MaxPeers = DefaultMaxPeers
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// protocols are the names under which one network's nodes find each other.
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
