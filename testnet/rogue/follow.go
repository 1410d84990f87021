package rogue

import (
	"context"
	"errors"
	"slices"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/peer"
	"toychain/pow"
)

// look makes follow check for a peer with more work.
func (p *Peer) look() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// follow synchronises with peers that have more work, until ctx ends.
func (p *Peer) follow(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(500 * time.Millisecond):
		case <-p.wake:
		}
		for id, more := p.ahead(); more && ctx.Err() == nil; id, more = p.ahead() {
			if p.catchUp(ctx, id) != nil {
				break
			}
		}
	}
}

// less reports whether s has more work than our tip. The caller holds mu.
func (p *Peer) less(s peer.Status) bool { return pow.WorkFromBytes(s.Work).Cmp(p.tree.Tip().Work) > 0 }

// ahead returns a peer with more work.
func (p *Peer) ahead() (peer.ID, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, s := range p.peers {
		if p.less(s) {
			return id, true
		}
	}
	return "", false
}

// catchUp requests a peer's headers and then their blocks, some at a time.
func (p *Peer) catchUp(ctx context.Context, id peer.ID) error {
	p.mu.Lock()
	locator := p.tree.Locator()
	p.mu.Unlock()
	headers, err := p.net.RequestHeaders(ctx, id, locator, block.Hash{})
	if err != nil {
		return err
	}
	if len(headers) == 0 {
		return errors.New("it has no new blocks")
	}
	for some := range slices.Chunk(headers, peer.MaxBlocksAsked) {
		var ids []block.Hash
		for _, h := range some {
			ids = append(ids, h.Hash())
		}
		err := p.net.RequestBlocks(ctx, id, ids, func(raw []byte) error {
			b, err := block.Parse(raw)
			if err == nil {
				err = p.take(b)
			}
			if errors.Is(err, chain.ErrKnown) {
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// take adds a block to the tree, and announces it if it is the tip now.
func (p *Peer) take(b *block.Block) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	change, err := p.tree.AddBlock(b, time.Now())
	if err != nil {
		return err
	}
	if err := errors.Join(p.tree.Flush(), p.tree.Sync()); err != nil {
		return err
	}
	if change.Moved() {
		p.notify()
		p.net.Announce(p.status())
	}
	return nil
}

// status returns the status to send. The caller holds mu.
func (p *Peer) status() peer.Status {
	if p.claim != nil {
		return *p.claim
	}
	tip := p.tree.Tip()
	return peer.Status{Tip: tip.Hash, Height: tip.Height, Work: tip.Work.Bytes(), Agent: "/rogue:0/"}
}
