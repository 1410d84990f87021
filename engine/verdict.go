package engine

import (
	"errors"

	"toychain/chain"
	"toychain/consensus"
	"toychain/mempool"
	"toychain/peer"
)

// Class is one of the four things that an error about a block or a transaction
// can mean.
type Class int

const (
	// Fine: there is no error.
	OK Class = iota
	// Broken: a rule is broken, for ever, and whoever sent it should have known.
	Invalid
	// NotNow: we know it already, its parent is missing, it comes too early, the
	// pool does not want it: nobody is to blame.
	NotNow
	// Trouble: our own, with the disk. The node stops.
	Internal
)

// Classify is the one place where an error about a block or a header becomes a
// verdict; for a transaction alone see ClassifyTx.
func Classify(err error) Class {
	switch {
	case err == nil:
		return OK
	case errors.Is(err, chain.ErrKnown), errors.Is(err, consensus.ErrNoParent), errors.Is(err, chain.ErrUnknown),
		errors.Is(err, chain.ErrNoBody), errors.Is(err, chain.ErrGenesis), errors.Is(err, ErrTooFar):
		return NotNow
	}
	if errors.Is(err, errHollow) {
		return Invalid
	}
	switch consensus.RuleOf(err) {
	case "":
		return Internal
	case consensus.TimeTooNew:
		return NotNow // our clock may be the wrong one
	case consensus.BadPrevBlk, consensus.DuplicateInvalid:
		return NotNow // it was judged before, perhaps by our user alone; who brought it first was blamed then
	}
	return Invalid
}

// ClassifyTx is Classify for a transaction outside of a block: whether its coins
// are there, mature and unlocked depends on the tip, and the sender may have
// another one.
func ClassifyTx(err error) Class {
	switch {
	case mempool.Condemns(err):
		return Invalid
	case mempool.Reason(err) != "":
		return NotNow
	}
	return Classify(err)
}

// Verdict returns what gossip is to do with a message of this class.
func (c Class) Verdict() peer.Verdict {
	switch c {
	case OK:
		return peer.Accept
	case Invalid:
		return peer.Reject
	}
	return peer.Ignore
}
