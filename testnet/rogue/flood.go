package rogue

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/peer"
)

// Kind is what a flood is of.
type Kind string

const (
	// OrphanBlocks: blocks with proof of work whose parents do not exist, 250 KB each, with
	// the outputs that take the most memory for their bytes.
	OrphanBlocks Kind = "orphan-blocks"
	// OrphanTxs: transactions that spend coins that do not exist, 90 KB each.
	OrphanTxs Kind = "orphan-txs"
	// Headers: a claim of the most work possible, and for it a chain of the cheapest headers
	// that the rules allow.
	Headers Kind = "headers"
	// SideBlocks: valid blocks on top of genesis, 250 KB each.
	SideBlocks Kind = "side-blocks"
	// InvalidBlocks: blocks on the tip with wrong merkle roots.
	InvalidBlocks Kind = "invalid-blocks"
	// InvalidTxs: transactions with a negative output.
	InvalidTxs Kind = "invalid-txs"
	// GarbageGossip: random bytes in place of blocks.
	GarbageGossip Kind = "garbage-gossip"
	// Garbage: random bytes on streams of the sync protocol.
	Garbage Kind = "garbage"
	// Claims: statuses with the most work possible, and no header to prove it.
	Claims Kind = "claims"
	// Requests: requests for all headers and the last blocks.
	Requests Kind = "requests"
	// HalfOpen: TCP connections without a byte, held until StopFloods.
	HalfOpen Kind = "half-open"
	// Streams: streams with the beginning of a request, held until StopFloods.
	Streams Kind = "streams"
	// HalfSent: streams of gossip with a message of 1 MB of which a byte is missing, held
	// until StopFloods.
	HalfSent Kind = "half-sent"
	// SlowReaders: streams that request blocks and read nothing, held until StopFloods.
	SlowReaders Kind = "slow-readers"
)

// Kinds lists all of them.
var Kinds = []Kind{OrphanBlocks, OrphanTxs, Headers, SideBlocks, InvalidBlocks, InvalidTxs, GarbageGossip, Garbage,
	Claims, Requests, HalfOpen, Streams, HalfSent, SlowReaders}

// Flooded is the result of a flood.
type Flooded struct {
	Sent  int // messages
	Bytes int64
}

// pace is the number of messages after which a flood waits for an answer of every node: what
// the nodes' queues drop is no flood.
const pace = 16

// errHungUp ends a flood when no node is connected any more.
var errHungUp = errors.New("every node has disconnected")

// Flood sends n messages of a kind to every node that it is connected to, as fast as they
// receive them. It ends early, without an error, when all nodes have disconnected.
func (p *Peer) Flood(ctx context.Context, kind Kind, n int) (f Flooded, err error) {
	switch kind {
	case Headers:
		err = p.floodHeaders(ctx, &f, n)
	case HalfOpen:
		err = p.floodHalfOpen(ctx, &f, n)
	case Streams, HalfSent, SlowReaders, Garbage:
		err = p.floodStreams(ctx, kind, &f, n)
	default:
		err = p.floodGossip(ctx, kind, &f, n)
	}
	if err != nil && !errors.Is(err, errHungUp) {
		return f, fmt.Errorf("flood of %s, after %d of %d: %w", kind, f.Sent, n, err)
	}
	return f, nil
}

// floodGossip publishes n messages, or statuses.
func (p *Peer) floodGossip(ctx context.Context, kind Kind, f *Flooded, n int) error {
	for i := range n {
		if i%pace == 0 {
			if err := p.sync(ctx); err != nil {
				return err
			}
		}
		raw, err := p.sendOne(ctx, kind)
		if err != nil {
			return err
		}
		f.Sent++
		f.Bytes += int64(len(raw))
	}
	return p.sync(ctx)
}

// sync sends every node a request and waits for the answers.
func (p *Peer) sync(ctx context.Context) error {
	nodes := p.nodes()
	for _, id := range nodes {
		if _, err := p.net.RequestPool(ctx, id); err != nil && ctx.Err() != nil {
			return err
		}
	}
	if len(nodes) == 0 {
		return errHungUp
	}
	return nil
}

// nodes returns the connected nodes.
func (p *Peer) nodes() []peer.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.peers))
}

// sendOne makes one message of a kind and sends it to all nodes.
func (p *Peer) sendOne(ctx context.Context, kind Kind) ([]byte, error) {
	switch kind {
	case Claims:
		return make([]byte, 69), p.claimOnce(ctx)
	case Requests:
		return nil, p.request(ctx)
	case OrphanTxs, InvalidTxs:
		return p.publishTx(ctx, kind)
	case GarbageGossip:
		raw := make([]byte, 1000)
		rand.Read(raw)
		return raw, p.net.PublishBlock(ctx, raw)
	}
	b, err := p.floodBlock(ctx, kind)
	if err != nil {
		return nil, err
	}
	raw := b.Bytes()
	return raw, p.net.PublishBlock(ctx, raw)
}

// claimOnce sends a false status, and waits a moment for a request for headers.
func (p *Peer) claimOnce(ctx context.Context) error {
	p.mu.Lock()
	before := p.asked
	p.mu.Unlock()
	p.pretend(nil)
	short, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if p.until(short, func() bool { return p.asked != before || len(p.peers) == 0 }) != nil {
		return ctx.Err()
	}
	if p.Connected() == 0 {
		return errHungUp
	}
	return nil
}

// request requests every node's first headers and last blocks, and discards the answers.
func (p *Peer) request(ctx context.Context) error {
	last := p.lastBlocks()
	for _, id := range p.nodes() {
		_, err := p.net.RequestHeaders(ctx, id, nil, block.Hash{})
		err = errors.Join(err, p.net.RequestBlocks(ctx, id, last, func([]byte) error { return nil }))
		if err != nil && ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// lastBlocks returns the hashes of the last blocks, as many as fit a request.
func (p *Peer) lastBlocks() (ids []block.Hash) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for h := p.tree.Tip().Height; h >= 0 && len(ids) < peer.MaxBlocksAsked; h-- {
		hash, _ := p.tree.At(h)
		ids = append(ids, hash)
	}
	return ids
}

func (p *Peer) floodBlock(ctx context.Context, kind Kind) (*block.Block, error) {
	switch kind {
	case OrphanBlocks:
		return p.forge.OrphanBlock(ctx)
	case SideBlocks:
		return p.forge.SideBlock(ctx)
	case InvalidBlocks:
		// A rule that is checked for every block. The tip may have changed when it arrives,
		// and the coinbase of a side branch is not checked.
		return p.invalid(ctx, consensus.BadMerkleRoot)
	}
	return nil, fmt.Errorf("no flood of %q: want one of %v", kind, Kinds)
}

// publishTx makes a transaction of a kind and sends it to all nodes.
func (p *Peer) publishTx(ctx context.Context, kind Kind) ([]byte, error) {
	tx, err := p.forge.OrphanTx()
	if kind == InvalidTxs {
		tx, err = p.forge.InvalidTx()
	}
	if err != nil {
		return nil, err
	}
	raw := tx.Bytes()
	return raw, p.net.PublishTx(ctx, raw)
}

// floodHeaders makes n headers, claims the most work possible, and returns when every node has
// requested the last of them or has disconnected.
func (p *Peer) floodHeaders(ctx context.Context, f *Flooded, n int) error {
	headers, err := p.forge.Headers(ctx, n)
	if err != nil {
		return err
	}
	p.pretend(headers)
	f.Sent, f.Bytes = n, int64(n*block.HeaderSize)
	for range n/peer.MaxHeaders + 2 {
		if err := p.sync(ctx); err != nil {
			return err
		}
	}
	return nil
}
