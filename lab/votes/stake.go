package votes

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// stake is a node of a longest chain that is drawn from coins instead of hashes: time has slots, and
// a lottery with public numbers says who may sign a block in each. The rest is as with work: the
// longest chain counts, and of equally long ones the one that was seen first.
//
// A hash costs the same on each branch; a signature costs nothing on any. Three things follow, each
// shown by an experiment: a node can sign on both sides of a cut (and be punished, because both
// signatures bear its name); a lottery that each parent holds anew can be played on all parents at
// once; and old keys can write the whole history again, in no time.
type stake struct {
	id    int
	rules *lottery
	keep  int // blocks below the tip that no other chain may undo; 0: all may go

	blocks  map[string]*stakeBlock
	tip     *stakeBlock
	signers map[[2]int]string // who signed what in a slot
	guilty  ids               // who signed two blocks in one
}

// stakeBlock is a block, with what follows from it and its ancestors.
type stakeBlock struct {
	Slot   int
	Parent string
	By     int
	Guilty ids  // whom it punishes: it holds their two signatures
	Sell   bool // the stake is sold: see lottery.sold

	id       string
	height   int
	punished ids
	sold     bool
}

// lottery is who may sign when.
type lottery struct {
	seed    uint64
	slot    time.Duration
	shares  []float64 // of the stake, by node; together 1
	sold    []float64 // the same after the sale; nil: there is none
	sellAt  int       // the slot from which on an honest block records the sale
	parent  bool      // a lottery for each parent, instead of one for each slot
	chances float64   // with a lottery for each parent: wins a slot, of all stake together
}

type (
	stakeBlocks struct{ Blocks []stakeBlock } // a new one; or an answer to a wish, with its ancestors
	wish        struct{ ID string }
)

// Kind tells a new block from a chain that was asked for.
func (m stakeBlocks) Kind() string {
	if len(m.Blocks) == 1 {
		return "block"
	}
	return "chain"
}

func (m stakeBlocks) String() string {
	last := m.Blocks[len(m.Blocks)-1]
	return fmt.Sprintf("{slot %d by %d on %.8s}", last.Slot, last.By, last.Parent)
}

var genesis = &stakeBlock{id: "genesis"}

func newStake(id int, rules *lottery, keep int) *stake {
	return &stake{id: id, rules: rules, keep: keep, blocks: map[string]*stakeBlock{genesis.id: genesis}, tip: genesis, signers: map[[2]int]string{}}
}

// draw returns a number from 0 to 1 that depends on all arguments, and that all nodes know.
func (l *lottery) draw(parts ...any) float64 {
	h := sha256.Sum256(fmt.Append(nil, append([]any{l.seed, " "}, parts...)...))
	return float64(binary.LittleEndian.Uint64(h[:8])>>11) / (1 << 53)
}

// may reports whether a node may sign a block in a slot on a parent.
func (l *lottery) may(id, slot int, parent *stakeBlock) bool {
	shares := l.shares
	if parent.sold {
		shares = l.sold
	}
	if slot <= parent.Slot || id > len(shares) || parent.punished.has(id) {
		return false
	}
	if l.parent {
		return l.draw("parent", slot, id, parent.id) < l.chances*shares[id-1]
	}
	at := l.draw("slot", slot)
	for i, s := range shares {
		if at -= s; at < 0 {
			return i == id-1
		}
	}
	return id == len(shares) // by rounding
}

// child returns a block on a parent.
func (b *stakeBlock) child(slot, by int, guilty ids, sell bool) *stakeBlock {
	c := &stakeBlock{Slot: slot, Parent: b.id, By: by, Guilty: guilty, Sell: sell}
	c.settle(b)
	return c
}

// settle computes what follows from the parent.
func (b *stakeBlock) settle(parent *stakeBlock) {
	b.height, b.punished, b.sold = parent.height+1, parent.punished|b.Guilty, parent.sold || b.Sell
	sum := sha256.Sum256(fmt.Append(nil, b.Slot, b.Parent, b.By, b.Guilty, b.Sell))
	b.id = fmt.Sprintf("%x", sum[:8])
}

// slotTimer is the only timer: a slot begins.
const slotTimer = 0

// Step is the node.
func (s *stake) Step(now time.Duration, in Input) (out []Effect) {
	switch in := in.(type) {
	case Start:
		return []Effect{s.nextSlot(now)}
	case Linked:
		if in.Up && s.tip != genesis {
			return []Effect{Send{in.Peer, stakeBlocks{[]stakeBlock{*s.tip}}}}
		}
	case Fired:
		return append(s.sign(int(now/s.rules.slot)), s.nextSlot(now))
	case Receive:
		switch m := in.Msg.(type) {
		case stakeBlocks:
			return s.receive(int(now/s.rules.slot), in.From, m.Blocks)
		case wish:
			if b := s.blocks[m.ID]; b != nil {
				return []Effect{Send{in.From, stakeBlocks{s.chain(b)}}}
			}
		}
	}
	return out
}

// nextSlot waits for the next slot.
func (s *stake) nextSlot(now time.Duration) Effect {
	d := s.rules.slot - now%s.rules.slot
	return After{slotTimer, d, d}
}

// chain returns a block and its ancestors without the genesis block, the oldest first.
func (s *stake) chain(b *stakeBlock) (out []stakeBlock) {
	for ; b != genesis; b = s.blocks[b.Parent] {
		out = append(out, *b)
	}
	slices.Reverse(out)
	return out
}

// sign makes a block on the tip, if the lottery allows it.
func (s *stake) sign(slot int) []Effect {
	if !s.rules.may(s.id, slot, s.tip) {
		return nil
	}
	sell := s.rules.sold != nil && !s.tip.sold && slot >= s.rules.sellAt
	b := s.tip.child(slot, s.id, s.guilty&^s.tip.punished, sell)
	s.blocks[b.id] = b
	s.signers[[2]int{b.Slot, b.By}] = b.id
	out := s.moveTo(b)
	return append(out, s.toAll(stakeBlocks{[]stakeBlock{*b}})...)
}

// toAll sends to all other nodes, whether they have stake or not.
func (s *stake) toAll(m Message) []Effect { return toOthers(s.id, len(s.rules.shares), m) }

// receive checks blocks, the oldest first, and takes the longest chain. One whose parent is unknown
// is asked for, with its ancestors.
func (s *stake) receive(slot, from int, blocks []stakeBlock) (out []Effect) {
	for i := range blocks {
		b := blocks[i]
		parent, known := s.blocks[b.Parent]
		if !known {
			return append(out, Send{from, wish{b.id}})
		}
		if s.blocks[b.id] != nil || b.Slot > slot || !s.rules.may(b.By, b.Slot, parent) {
			continue
		}
		b.settle(parent)
		s.blocks[b.id] = &b
		s.judge(&b)
		if b.height > s.tip.height {
			out = append(out, s.moveTo(&b)...)
		}
	}
	return out
}

// judge looks for a second signature in the same slot. Where each parent has a lottery, two may both
// be honest.
func (s *stake) judge(b *stakeBlock) {
	at := [2]int{b.Slot, b.By}
	switch first, signed := s.signers[at]; {
	case !signed:
		s.signers[at] = b.id
	case first != b.id && !s.rules.parent:
		s.guilty = s.guilty.with(b.By)
	}
}

// moveTo makes a block the tip, unless it undoes what may not be undone.
func (s *stake) moveTo(b *stakeBlock) []Effect {
	old, new := s.tip, b
	var undo, decide []Effect
	for old != new {
		if old.height >= new.height {
			undo = append(undo, Undo{old.height, old.id})
			old = s.blocks[old.Parent]
		} else {
			decide = append(decide, Decide{new.height, new.id})
			new = s.blocks[new.Parent]
		}
	}
	if s.keep > 0 && len(undo) > s.keep {
		return nil
	}
	slices.Reverse(decide)
	punished := b.punished &^ s.tip.punished
	s.tip = b
	out := append(undo, decide...)
	for id := 1; id < 64; id++ {
		if punished.has(id) {
			out = append(out, Punish{id})
		}
	}
	return out
}
