package engine

import (
	"time"

	"toychain/chain"
)

// A block would travel one hop at a time through full validation, if every node checked all of its
// signatures before it passed the block on. So a block that comes by gossip is passed on in the middle
// of its validation, once all is checked that needs no coins:
//
//	driver   Check                  PublishBlock, or gossip's Accept     Decide
//	engine   work, target, times,   ────────────────────────────────►    coins, scripts, signatures;
//	         body, lock times       to the next node, which begins       the tip moves
//
// Who forges such a block pays for it with proof of work at the tip's full target, and no node that
// passes it on is penalized: what only Decide can find is Unblamed (BIP 152: a peer must not be
// penalized for a block whose header is valid and whose transactions are not).

// Check makes the checks of a block that need no coins, and reports whether it is to be passed on
// now: if it builds on our tip, it came by gossip, we are not catching up, and it is the first at
// its height, so that there is at most one forged block for each true one (Core: NewPoWValidBlock
// and m_highest_fast_announce). Decide must follow, with the input that Check returns: it contains
// the results, so that nothing is checked twice. For a block that is not to be passed on now,
// Decide's Result says whether it is later. The driver may leave Check out.
func (e *Engine) Check(now time.Time, in BlockReceived) (checked BlockReceived, pass bool) {
	tip := e.tree.Tip()
	height := tip.Height + 1
	if in.Peer == "" || in.Requested || in.Block.Header.Prev != tip.Hash || height <= e.early || e.syncing(now) {
		return in, false
	}
	var err error
	if in.checked, err = e.tree.CheckBlock(in.Block, now); err != nil {
		return in, false
	}
	e.early = height
	return in, true
}

// checks returns what was checked of a block so far.
func (in *BlockReceived) checks() chain.Checked {
	if in.checked.Block == nil {
		return chain.Checked{Block: in.Block}
	}
	return in.checked
}
