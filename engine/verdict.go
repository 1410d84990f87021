package engine

import (
	"errors"

	"toychain/chain"
	"toychain/consensus"
	"toychain/mempool"
	"toychain/peer"
)

// Class is one of the five things that an error about a block or a transaction can mean.
//
//	class       the sender       gossip     the node
//	OK                           Accept
//	Invalid     is penalized     Reject
//	Unblamed                     Ignore     marks the block as invalid; Check may have passed it on
//	NotNow                       Ignore     asks for what is missing
//	Internal                     Ignore     stops
//
// A sender is penalized only for what it must have known when it sent: bytes, the header's
// work, the body's match with its header, the checks that need no coins. Every node makes
// these before it passes a block on. Whether the coins are there is asked only when a block
// is connected, and a node passes blocks of side branches on without that: to penalize the
// sender would let an attacker have honest nodes ban each other, with one bad block that
// the one connects and the other only keeps (Core spares the senders of compact blocks and
// headers-first announcements for the same reason: MaybePunishNodeForBlock).
type Class int

const (
	// OK: there is no error.
	OK Class = iota
	// Invalid: a rule is broken, and always will be; the sender should have known.
	Invalid
	// Unblamed: a rule is broken, and the sender need not know.
	Unblamed
	// NotNow: we know it already, its parent is missing, it comes too early, the mempool
	// does not want it: no peer is to blame.
	NotNow
	// Internal: our own disk failed. The node stops.
	Internal
)

// Classify returns the class of an error about a block or a header. It is the one place
// where such an error becomes a verdict; for a transaction alone see [ClassifyTx].
func Classify(err error) Class {
	switch {
	case err == nil:
		return OK
	case errors.Is(err, chain.ErrKnown), errors.Is(err, consensus.ErrNoParent), errors.Is(err, chain.ErrUnknown),
		errors.Is(err, chain.ErrNoBody), errors.Is(err, chain.ErrGenesis), errors.Is(err, ErrTooFar), errors.Is(err, ErrSideBudget):
		return NotNow
	}
	switch {
	case errors.Is(err, errLowWork):
		return Invalid
	case errors.As(err, new(*chain.ConnectError)):
		return Unblamed
	}
	switch consensus.RuleOf(err) {
	case "":
		return Internal
	case consensus.TimeTooNew:
		return NotNow // our clock may be the wrong one
	case consensus.BadPrevBlk, consensus.DuplicateInvalid:
		return NotNow // validated before, perhaps refused by our user alone
	}
	return Invalid
}

// ClassifyTx is [Classify] for a transaction outside of a block. Whether its coins exist,
// are mature and unlocked depends on the tip, and the sender may have another one.
func ClassifyTx(err error) Class {
	switch {
	case mempool.Condemns(err):
		return Invalid
	case mempool.Reason(err) != "":
		return NotNow
	}
	return Classify(err)
}

// Verdict returns what gossip does with a message of this class.
func (c Class) Verdict() peer.Verdict {
	switch c {
	case OK:
		return peer.Accept
	case Invalid:
		return peer.Reject
	}
	return peer.Ignore
}
