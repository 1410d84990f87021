package engine

import (
	"slices"

	"toychain/block"
	"toychain/consensus"
	"toychain/peer"
)

// orphanBlock keeps a block whose parent is unknown, because gossip will not deliver it
// again, and asks its sender for the headers between. It returns an error for a block that
// is invalid on its own: such a block must not take up room. The oldest orphans make room
// for new ones.
func (e *Engine) orphanBlock(in BlockReceived, hash block.Hash) error {
	err := e.tree.CheckWork(&in.Block.Header)
	if err == nil {
		err = consensus.CheckBody(consensus.NewBlock(in.Block))
	}
	if err != nil {
		e.penalize(in.Peer, err)
		e.rejected(in, hash, err)
		return err
	}
	if p := e.peers[in.Peer]; p != nil && p.headersAsked.IsZero() {
		e.requestHeaders(p)
	}
	if slices.ContainsFunc(e.orphans, func(o orphan) bool { return o.hash == hash }) {
		return nil
	}
	o := orphan{hash: hash, prev: in.Block.Header.Prev, raw: in.Block.Bytes(), from: in.Peer, requested: in.Requested}
	for len(e.orphans) > 0 && (len(e.orphans) >= maxOrphanBlocks || e.orphanBytes+len(o.raw) > maxOrphanBytes) {
		e.dropOrphan(0)
	}
	e.orphans = append(e.orphans, o)
	e.orphanBytes += len(o.raw)
	return nil
}

// Orphans returns the blocks that wait for an unknown parent, by their hashes, with that parent.
func (e *Engine) Orphans() map[block.Hash]block.Hash {
	out := make(map[block.Hash]block.Hash, len(e.orphans))
	for _, o := range e.orphans {
		out[o.hash] = o.prev
	}
	return out
}

// OrphanBytes returns how many bytes the blocks without a known parent have, and may have.
func (e *Engine) OrphanBytes() (used, most int) { return e.orphanBytes, maxOrphanBytes }

// dropOrphan forgets orphan number i. The block is not lost: its header will come with those
// of its branch, and then its body is requested like any other.
func (e *Engine) dropOrphan(i int) {
	e.orphanBytes -= len(e.orphans[i].raw)
	e.orphans = slices.Delete(e.orphans, i, i+1)
}

// orphan is a block whose parent is unknown: its bytes, because parsed it would take several
// times as much memory.
type orphan struct {
	hash, prev block.Hash
	raw        []byte
	from       peer.ID
	requested  bool
}

// takeOrphans adds the orphans whose parents are known by now.
func (e *Engine) takeOrphans() error {
	for i := 0; i < len(e.orphans); i++ {
		o := e.orphans[i]
		if !e.tree.Has(o.prev) {
			continue
		}
		e.dropOrphan(i)
		b, err := block.Parse(o.raw)
		if err != nil {
			panic("an orphan cannot be parsed again: " + err.Error())
		}
		if err := e.addBlock(BlockReceived{Peer: o.from, Block: b, Requested: o.requested}, o.hash); Classify(err) == Internal {
			return err
		}
		i = -1 // its children may have been waiting too
	}
	return nil
}
