package engine

import (
	"errors"
	"time"
)

// ErrSideBudget: a block of a side branch that we did not request, when there were many lately.
var ErrSideBudget = errors.New("too many bytes of unrequested side blocks within a minute")

// sideBudget counts bytes of side blocks, which are forgotten in the course of a minute. The zero
// budget is full.
type sideBudget struct {
	used  int
	since time.Time // when used was right
}

// left returns how many bytes are left of most in a minute.
func (b *sideBudget) left(most int, now time.Time) int {
	gone := max(0, now.Sub(b.since).Minutes()) * float64(most)
	b.used, b.since = max(0, b.used-int(min(gone, float64(most)))), now
	return most - b.used
}

// overSideBudget reports whether a block that we did not request, and that has no more work than
// our tip, is too much, from its peer or from all together: each stays on the disk for ever. One
// that is refused is not lost: when its branch has the most work, it is requested. Its sender is
// not penalized, but p2p charges it for each that is refused, with its bytes and the time of judging
// it, and ignores the peer in the end, then disconnects it.
func (e *Engine) overSideBudget(in BlockReceived) bool {
	tip := e.tree.Tip()
	if in.Requested || in.Peer == "" || in.Block.Header.Prev == tip.Hash {
		return false
	}
	s, err := e.tree.After(&in.Block.Header)
	if err != nil || s.Work.Cmp(tip.Work) > 0 || e.tree.IsAncestor(s.Hash, tip.Hash) {
		return false
	}
	size, ofPeer := in.Block.Size(), &sideBudget{}
	if p := e.peers[in.Peer]; p != nil {
		ofPeer = &p.side
	}
	if size > e.side.left(maxSideBytes, e.now) || size > ofPeer.left(maxPeerSideBytes, e.now) {
		return true
	}
	e.side.used += size
	ofPeer.used += size
	return false
}
