package rogue

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"

	"toychain/peer"

	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// The sync protocol's bytes, as p2p's wire.go has them: length 4 | kind 1 | payload.
const (
	getHeaders = 2 // stop 32 | locator, 32 each
	getBlocks  = 4 // ids, 32 each
)

func frame(kind byte, payload []byte) []byte {
	return append(append(binary.LittleEndian.AppendUint32(nil, uint32(len(payload))), kind), payload...)
}

// hold holds something open until StopFloods.
func (p *Peer) hold(release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = append(p.held, release)
}

// StopFloods closes what floods hold open.
func (p *Peer) StopFloods() {
	p.mu.Lock()
	held := p.held
	p.held = nil
	p.mu.Unlock()
	for _, release := range held {
		release()
	}
}

// dial opens a TCP connection to a node's address.
func (p *Peer) dial(ctx context.Context, addr string) (net.Conn, error) {
	a, err := ma.NewMultiaddr(addr)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", addr, err)
	}
	where, _ := ma.SplitLast(a) // without /p2p/
	return new(manet.Dialer).DialContext(ctx, where)
}

// floodHalfOpen opens n connections, spread over the nodes, and sends nothing.
func (p *Peer) floodHalfOpen(ctx context.Context, f *Flooded, n int) error {
	for i := range n {
		c, err := p.dial(ctx, p.cfg.Call[i%len(p.cfg.Call)])
		if err != nil {
			return err
		}
		p.hold(func() { c.Close() })
		f.Sent++
	}
	return nil
}

// floodStreams opens n streams to each node and writes the bytes of the kind. After one that a
// node refuses or resets, the next is tried.
func (p *Peer) floodStreams(ctx context.Context, kind Kind, f *Flooded, n int) error {
	for range n {
		nodes := p.nodes()
		if len(nodes) == 0 {
			return errHungUp
		}
		for _, id := range nodes {
			wrote, err := p.floodStream(ctx, kind, id)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err == nil {
				f.Sent++
				f.Bytes += int64(wrote)
			}
		}
	}
	if f.Sent == 0 {
		return errors.New("no stream was accepted")
	}
	return nil
}

func (p *Peer) floodStream(ctx context.Context, kind Kind, id peer.ID) (int, error) {
	s, err := p.net.Stream(ctx, id, kind == HalfSent)
	if err != nil {
		return 0, err
	}
	p.hold(func() { s.Reset() })
	switch kind {
	case Garbage:
		raw := make([]byte, 4096)
		rand.Read(raw)
		return s.Write(raw)
	case HalfSent: // the length of a message of 1 MB, and all of it but one byte
		raw := make([]byte, 1_000_000)
		return s.Write(append(binary.AppendUvarint(nil, uint64(len(raw)+1)), raw...))
	case Streams:
		return s.Write(frame(getHeaders, make([]byte, 32))[:20])
	}
	var ids []byte
	for _, id := range p.lastBlocks() {
		ids = append(ids, id[:]...)
	}
	return s.Write(frame(getBlocks, ids))
}
