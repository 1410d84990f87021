package rogue

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/peer"
)

// Kind is what a flood is of.
type Kind string

const (
	// OrphanBlocks: blocks with proof of work whose parents do not exist, 250 KB each
	// and made of what takes the most memory for its bytes.
	OrphanBlocks Kind = "orphan-blocks"
	// OrphanTxs: payments of coins that do not exist, 90 KB each.
	OrphanTxs Kind = "orphan-txs"
	// Headers: the most work in the world is claimed, and what is shown for it is a
	// chain of the cheapest headers that the rules allow.
	Headers Kind = "headers"
	// SideBlocks: blocks that keep every rule, on top of genesis.
	SideBlocks Kind = "side-blocks"
	// InvalidBlocks: blocks on the tip whose headers name other transactions.
	InvalidBlocks Kind = "invalid-blocks"
	// InvalidTxs: payments that create money.
	InvalidTxs Kind = "invalid-txs"
	// GarbageGossip: random bytes where blocks belong.
	GarbageGossip Kind = "garbage-gossip"
	// Garbage: random bytes on streams of the sync protocol.
	Garbage Kind = "garbage"
	// Claims: one status after the other with the most work in the world, and no
	// header to show for it.
	Claims Kind = "claims"
	// Requests: questions for all headers and the last blocks, one after the other.
	Requests Kind = "requests"
	// HalfOpen: TCP connections that say nothing. They are held until Calm.
	HalfOpen Kind = "half-open"
	// Streams: streams that begin a request and never end it. Held until Calm.
	Streams Kind = "streams"
	// SlowReaders: streams that ask for blocks and read nothing. Held until Calm.
	SlowReaders Kind = "slow-readers"
)

// Kinds lists all of them.
var Kinds = []Kind{OrphanBlocks, OrphanTxs, Headers, SideBlocks, InvalidBlocks, InvalidTxs, GarbageGossip, Garbage,
	Claims, Requests, HalfOpen, Streams, SlowReaders}

// Flooded is what became of a flood.
type Flooded struct {
	Kind   Kind
	Sent   int   // how many of what was wanted
	Bytes  int64 // of what was sent
	HungUp bool  // nobody listened any more, so it ended early
}

// pace is after how many messages a flood waits until every node has answered a
// question: what the nodes' own queues lose is no flood.
const pace = 16

// dust is the least that an output must hold to be passed on.
const dust = 546

// errHungUp: nobody is left to be flooded.
var errHungUp = errors.New("every node has hung up")

// Flood sends n of a kind to every node that it is connected to, as fast as they take
// it. It ends early, without an error, when all of them have hung up.
func (p *Peer) Flood(ctx context.Context, kind Kind, n int) (Flooded, error) {
	f := Flooded{Kind: kind}
	var err error
	switch kind {
	case Headers:
		err = p.floodHeaders(ctx, &f, n)
	case HalfOpen:
		err = p.floodHalfOpen(ctx, &f, n)
	case Streams, SlowReaders, Garbage:
		err = p.floodStreams(ctx, &f, n)
	default:
		err = p.floodGossip(ctx, &f, n)
	}
	if errors.Is(err, errHungUp) {
		f.HungUp, err = true, nil
	}
	if err != nil {
		return f, fmt.Errorf("flood of %s, after %d of %d: %w", kind, f.Sent, n, err)
	}
	return f, nil
}

// floodGossip publishes n messages, or statuses.
func (p *Peer) floodGossip(ctx context.Context, f *Flooded, n int) error {
	for i := range n {
		if i%pace == 0 {
			if err := p.breathe(ctx); err != nil {
				return err
			}
		}
		raw, err := p.sendOne(ctx, f.Kind)
		if err != nil {
			return err
		}
		f.Sent++
		f.Bytes += int64(len(raw))
	}
	return p.breathe(ctx)
}

// breathe asks every node something and waits for the answers.
func (p *Peer) breathe(ctx context.Context) error {
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

// nodes returns who is connected.
func (p *Peer) nodes() (out []peer.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id := range p.peers {
		out = append(out, id)
	}
	return out
}

// sendOne makes one of a kind and gives it to everybody.
func (p *Peer) sendOne(ctx context.Context, kind Kind) ([]byte, error) {
	switch kind {
	case Claims:
		return make([]byte, 69), p.claimOnce(ctx)
	case Requests:
		return nil, p.ask(ctx)
	case OrphanTxs, InvalidTxs:
		raw := p.floodTx(kind).Bytes()
		return raw, p.net.PublishTx(ctx, raw)
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

// claimOnce claims, and waits until somebody has asked for headers, as far as anybody
// still does.
func (p *Peer) claimOnce(ctx context.Context) error {
	p.mu.Lock()
	before := p.asked
	p.mu.Unlock()
	p.Boast()
	short, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if p.until(short, func() bool { return p.asked != before || len(p.peers) == 0 }) != nil {
		return ctx.Err()
	}
	if p.Welcome() == 0 {
		return errHungUp
	}
	return nil
}

// ask asks every node for its first headers and its last blocks, and throws the answers
// away.
func (p *Peer) ask(ctx context.Context) error {
	p.mu.Lock()
	var last []block.Hash
	for h := p.tree.Tip().Height; h > 0 && len(last) < peer.MaxBlocksAsked; h-- {
		hash, _ := p.tree.At(h)
		last = append(last, hash)
	}
	p.mu.Unlock()
	for _, id := range p.nodes() {
		_, err := p.net.RequestHeaders(ctx, id, nil, block.Hash{})
		err = errors.Join(err, p.net.RequestBlocks(ctx, id, last, func([]byte) error { return nil }))
		if err != nil && ctx.Err() != nil {
			return err
		}
	}
	return nil
}

func (p *Peer) floodBlock(ctx context.Context, kind Kind) (*block.Block, error) {
	switch kind {
	case OrphanBlocks:
		s := consensus.Genesis(p.cfg.Params)
		b := p.draft(&s)
		rand.Read(b.Header.Prev[:])
		stuff(b.Txs[0], 250_000, nil)
		return b, seal(ctx, b)
	case SideBlocks:
		s := consensus.Genesis(p.cfg.Params)
		b := p.draft(&s)
		return b, seal(ctx, b)
	case InvalidBlocks:
		// It is judged wherever the block stands. The tip may be another one when it
		// comes, and what the coinbase of a side branch takes is nobody's matter.
		return p.invalid(ctx, consensus.BadMerkleRoot)
	}
	return nil, fmt.Errorf("no flood of %q: those known are %v", kind, Kinds)
}

func (p *Peer) floodTx(kind Kind) *block.Tx {
	var coin block.Outpoint
	rand.Read(coin.TxID[:])
	tx := spend(coin, block.Coin)
	if kind == InvalidTxs {
		tx.Outputs[0].Value = -1
		return tx
	}
	for range 90_000 / (8 + 1 + len(nobody)) {
		tx.Outputs = append(tx.Outputs, block.Output{Value: dust, Script: nobody})
	}
	return tx
}

// floodHeaders makes n headers first, then claims the most work there can be, and
// returns when every node has asked for the last of them, or will hear no more.
func (p *Peer) floodHeaders(ctx context.Context, f *Flooded, n int) error {
	headers, err := p.cheapHeaders(ctx, n)
	if err != nil {
		return err
	}
	p.pretend(headers)
	f.Sent, f.Bytes = n, int64(n*block.HeaderSize)
	for range n/peer.MaxHeaders + 2 {
		if err := p.breathe(ctx); err != nil {
			return err
		}
	}
	return nil
}
