package votes

import (
	"fmt"
	"math/bits"
	"strings"
	"time"
)

// Node takes part in one of the protocols. Step takes one input and returns what is to be done; the
// time is that since the start of the world. Nodes are numbered from 1.
type Node interface {
	Step(now time.Duration, in Input) []Effect
}

// Message is what nodes send to each other. Its type, or its method Kind, is its name in counts,
// and its text, by fmt.Sprint, is what the log holds of it.
type Message any

// kindOf returns the name of a message.
func kindOf(m Message) string {
	if k, ok := m.(interface{ Kind() string }); ok {
		return k.Kind()
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", m), "votes.")
}

// Input is something that happens to a node: one of the types below.
type Input any

type (
	// Start: the node runs, for the first time or after a crash. It goes on from what its
	// protocol keeps on disk.
	Start struct{}
	// Receive: a message arrived. From is true: no node can use another's name.
	Receive struct {
		From int
		Msg  Message
	}
	// Fired: the time of a timer is over.
	Fired struct{ Timer int }
	// Propose: a client wants a value decided. Slot is the decision that it is for; protocols
	// that choose it themselves ignore it.
	Propose struct {
		Slot  int
		Value string
	}
	// Linked: the connection to a node is there, or gone.
	Linked struct {
		Peer int
		Up   bool
	}
)

// Effect is something that a node wants done: one of the types below.
type Effect any

type (
	// Send: send a message to another node.
	Send struct {
		To  int
		Msg Message
	}
	// After: fire a timer after a time that the world draws uniformly from Low to High. A timer
	// of the same number that has not fired yet is replaced.
	After struct {
		Timer     int
		Low, High time.Duration
	}
	// Rarely: the same with a time that is drawn exponentially, which forgets how long it has been
	// waited for: mining.
	Rarely struct {
		Timer int
		Mean  time.Duration
	}
	// Stop: do not fire this timer.
	Stop struct{ Timer int }
	// Decide: the node takes a value as decided: by votes for good, by work until an Undo.
	Decide struct {
		Slot  int
		Value string
	}
	// Undo: what was decided is decided no more.
	Undo struct {
		Slot  int
		Value string
	}
	// Drop: what the node had accepted and never decided was overwritten by others.
	Drop struct{ Value string }
	// Punish: a node has signed two things of which it may sign one, and loses its vote.
	Punish struct{ Node int }
	// Fail: the node is broken, by a bug of ours.
	Fail struct{ Err error }
)

// toOthers returns the sending of a message to all of n nodes but one.
func toOthers(id, n int, m Message) (out []Effect) {
	for to := 1; to <= n; to++ {
		if to != id {
			out = append(out, Send{to, m})
		}
	}
	return out
}

// ids is a set of nodes.
type ids uint64

func (s ids) with(id int) ids { return s | 1<<id }
func (s ids) has(id int) bool { return s&(1<<id) != 0 }
func (s ids) len() int        { return bits.OnesCount64(uint64(s)) }

// idsOf returns the set of these nodes.
func idsOf(list ...int) (s ids) {
	for _, id := range list {
		s = s.with(id)
	}
	return s
}

// upTo returns the nodes from one number to another, both included.
func upTo(from, to int) (out []int) {
	for id := from; id <= to; id++ {
		out = append(out, id)
	}
	return out
}
