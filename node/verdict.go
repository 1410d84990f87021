package node

import (
	"errors"

	"toychain/chain"
	"toychain/consensus"
	"toychain/mempool"
	"toychain/p2p"
)

// Class is one of the four things that an error about a block or a transaction
// can mean.
type Class int

const (
	// Fine: there is no error.
	Fine Class = iota
	// Broken: a rule is broken, for ever, and whoever sent it should have known.
	Broken
	// NotNow: we know it already, its parent is missing, it comes too early, the
	// pool does not want it: nobody is to blame.
	NotNow
	// Trouble: our own, with the disk. The node stops.
	Trouble
)

// Classify is the one place where an error about a block or a header becomes a
// verdict; for a transaction alone see ClassifyTx.
func Classify(err error) Class {
	switch {
	case err == nil:
		return Fine
	case errors.Is(err, chain.ErrKnown), errors.Is(err, consensus.ErrNoParent), errors.Is(err, chain.ErrUnknown),
		errors.Is(err, chain.ErrNoBody), errors.Is(err, chain.ErrGenesis), errors.Is(err, ErrTooFar):
		return NotNow
	}
	if errors.Is(err, errHollow) {
		return Broken
	}
	switch consensus.RuleOf(err) {
	case "":
		return Trouble
	case consensus.TimeTooNew:
		return NotNow // our clock may be the wrong one
	case consensus.BadPrevBlk, consensus.DuplicateInvalid:
		return NotNow // it was judged before, perhaps by our user alone; who brought it first was blamed then
	}
	return Broken
}

// ClassifyTx is Classify for a transaction outside of a block: whether its coins
// are there, mature and unlocked depends on the tip, and the sender may have
// another one.
func ClassifyTx(err error) Class {
	switch {
	case mempool.Condemns(err):
		return Broken
	case mempool.Reason(err) != "":
		return NotNow
	}
	return Classify(err)
}

// Verdict returns what gossip is to do with a message of this class.
func (c Class) Verdict() p2p.Verdict {
	switch c {
	case Fine:
		return p2p.Accept
	case Broken:
		return p2p.Reject
	}
	return p2p.Ignore
}
