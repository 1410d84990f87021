package rogue

import (
	"crypto/rand"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/libp2p/go-libp2p/core/crypto"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// Target is a machine that an attacker wants nodes to flood with connections: it counts them.
type Target struct {
	listener net.Listener
	dials    atomic.Int64
}

// Listen returns a new target, until Close.
func Listen() (*Target, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("rogue: %w", err)
	}
	t := &Target{listener: l}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.dials.Add(1)
			c.Close()
		}
	}()
	return t, nil
}

// Dials returns how many connections there were.
func (t *Target) Dials() int { return int(t.dials.Load()) }

// Close ends it.
func (t *Target) Close() error { return t.listener.Close() }

// Strangers returns addresses of n peers that do not exist, all at the target.
func (t *Target) Strangers(n int) (out []ma.Multiaddr, err error) {
	for range n {
		_, key, err := crypto.GenerateEd25519Key(rand.Reader)
		if err != nil {
			return nil, err
		}
		id, err := corepeer.IDFromPublicKey(key)
		if err != nil {
			return nil, err
		}
		out = append(out, ma.StringCast(fmt.Sprintf("/ip4/127.0.0.1/tcp/%d/p2p/%s", t.listener.Addr().(*net.TCPAddr).Port, id)))
	}
	return out, nil
}

// Misplaced returns n false addresses of a peer, where no program listens.
func Misplaced(id string, n int) (out []ma.Multiaddr) {
	for i := range n {
		out = append(out, ma.StringCast(fmt.Sprintf("/ip4/127.0.0.1/tcp/%d/p2p/%s", 1+i, id)))
	}
	return out
}
