package node

import (
	"context"
	"slices"
	"sync"
	"time"

	"toychain/block"
	"toychain/engine"
	"toychain/p2p"
	"toychain/peer"
)

// births knows when blocks were born: those of this node, and those that came, as soon
// as the peer that brought one has said how old it is. So a node can tell by itself how
// long a block took from its birth to here. Peers say how long ago, never when: clocks
// that are wrong do not matter, and of the way between them half is taken off.
//
// It is the goroutine of Run's, and whoever serves peers, that use it, not the engine:
// nothing that is decided hangs on it. The zero births is not ready, see newBirths.
type births struct {
	wake chan struct{} // one is due

	mu   sync.Mutex
	at   map[block.Hash]time.Time // by the machine's clock; zero: it is due
	last []block.Hash             // the keys of at, the oldest first
	due  []arrival                // who brought them has not been asked, or could not tell yet
}

// arrival is a block that came from a peer.
type arrival struct {
	id   block.Hash
	from peer.ID
	at   time.Time // by the machine's clock: it was here with all below it, as testnet slo counts
	gate time.Time // when last before it this node's gate was changed
}

func newBirths() *births {
	return &births{wake: make(chan struct{}, 1), at: make(map[block.Hash]time.Time)}
}

// came notes a block. From nobody, it was born here.
func (b *births) came(a arrival) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.at[a.id]; known {
		return
	}
	born := a.at
	if a.from != "" {
		if len(b.due) == maxDue {
			return
		}
		born = time.Time{}
		b.want(a)
	}
	b.at[a.id] = born
	if b.last = append(b.last, a.id); len(b.last) > maxBirths {
		delete(b.at, b.last[0])
		b.last = slices.Delete(b.last, 0, 1)
	}
}

// want has a block's age asked for. The caller holds mu.
func (b *births) want(a arrival) {
	b.due = append(b.due, a)
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take returns what is due, by whom to ask.
func (b *births) take() map[peer.ID][]arrival {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make(map[peer.ID][]arrival)
	for _, a := range b.due {
		out[a.from] = append(out[a.from], a)
	}
	b.due = nil
	return out
}

// learn takes in how old a block was at a moment, and returns when it was born, or zero.
func (b *births) learn(a arrival, age time.Duration, when time.Time) (born time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, kept := b.at[a.id]; !kept {
		return time.Time{}
	}
	switch {
	case age == p2p.AgePending && when.Sub(a.at) < agePatience && len(b.due) < maxDue:
		b.want(a)
	case age < 0:
		delete(b.at, a.id)
		b.last = slices.DeleteFunc(b.last, func(id block.Hash) bool { return id == a.id })
	default:
		born = when.Add(-age)
		b.at[a.id] = born
	}
	return born
}

// ages is the answer to a peer that asks.
func (b *births) ages(ids []block.Hash) []time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]time.Duration, len(ids))
	for i, id := range ids {
		switch born, kept := b.at[id]; {
		case !kept:
			out[i] = p2p.AgeUnknown
		case born.IsZero():
			out[i] = p2p.AgePending
		default:
			out[i] = max(0, time.Since(born))
		}
	}
	return out
}

// dateBlocks asks for the ages of what comes, until ctx ends.
func (n *Node) dateBlocks(ctx context.Context) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		select {
		case <-n.births.wake:
		case <-ctx.Done():
			return
		}
		pause.Reset(ageEvery)
		var group sync.WaitGroup
		for peer, all := range n.births.take() {
			group.Go(func() {
				for some := range slices.Chunk(all, p2p.MaxAges) {
					n.date(ctx, peer, some)
				}
			})
		}
		group.Wait()
	}
}

// date asks the peer that brought some blocks how old they are, or another one the next
// time if that fails, and tells how long each took to come. One that was born before this
// node was started, or while it could talk to others than now, did not come as fast as it
// could, and is not told of.
func (n *Node) date(ctx context.Context, peer peer.ID, some []arrival) {
	ids := make([]block.Hash, len(some))
	for i, a := range some {
		ids[i] = a.id
	}
	ctx, cancel := context.WithTimeout(ctx, ageTimeout)
	defer cancel()
	asked := time.Now()
	ages, err := n.net.RequestAges(ctx, peer, ids)
	when := asked.Add(time.Since(asked) / 2)
	for i, a := range some {
		age := p2p.AgeUnknown
		if err == nil {
			age = ages[i]
		} else if a.from = n.another(peer); a.from != "" {
			age = p2p.AgePending
		}
		born := n.births.learn(a, age, when)
		if born.IsZero() || born.Before(n.started) || born.Before(a.gate) {
			continue
		}
		n.subscribers.emit(engine.Event{Kind: engine.BlockDated, Time: n.Now(), Block: &engine.BlockEvent{Hash: a.id}, Peer: peer, Duration: max(0, a.at.Sub(born))})
	}
}

// another returns some other peer, or "".
func (n *Node) another(peer peer.ID) peer.ID {
	for _, p := range n.net.Peers() {
		if p.Joined && p.ID != peer {
			return p.ID
		}
	}
	return ""
}
