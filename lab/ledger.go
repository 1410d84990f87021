package lab

import "fmt"

// ledger takes down which blocks a strategy that withholds blocks shows to the others. All methods
// do nothing for nil.
type ledger struct {
	ev             *Events
	base           string // where the two branches part
	theirs, others []string
	shown          int // of theirs
	count          int
}

func newLedger(ev *Events) *ledger {
	if ev == nil {
		return nil
	}
	return &ledger{ev: ev, base: genesis}
}

func last(base string, blocks []string) string {
	if len(blocks) == 0 {
		return base
	}
	return blocks[len(blocks)-1]
}

// act takes down an action.
func (l *ledger) act(a action, b branches) {
	if l == nil || l.ev.full() {
		return
	}
	switch a {
	case adopt:
		l.base = last(l.base, l.others)
		l.theirs, l.others, l.shown = nil, nil, 0
	case override:
		l.show(b.others + 1)
		l.settle(b.others + 1)
		l.others = nil
	case match:
		l.show(b.others)
	}
}

// show sends the attacker's blocks up to the n-th.
func (l *ledger) show(n int) {
	for ; l.shown < n; l.shown++ {
		l.ev.sent("attacker", "miners", l.theirs[l.shown], 0)
	}
}

// settle makes the n-th block of the attacker's the one that the branches part at.
func (l *ledger) settle(n int) {
	l.base = l.theirs[n-1]
	l.theirs, l.shown = l.theirs[n:], 0
}

// found takes down a block, found in the state after the action.
func (l *ledger) found(b branches, attacker, onTheirs bool) {
	if l == nil || l.ev.full() {
		return
	}
	l.ev.pass(1)
	l.count++
	name := fmt.Sprintf("b%d", l.count)
	if attacker {
		l.ev.found("attacker", name, last(l.base, l.theirs))
		l.theirs = append(l.theirs, name)
		return
	}
	if b.fork == active && onTheirs {
		l.ev.found("miners", name, l.theirs[b.others-1])
		l.settle(b.others)
		l.others = []string{name}
	} else {
		l.ev.found("miners", name, last(l.base, l.others))
		l.others = append(l.others, name)
	}
	l.ev.sent("miners", "attacker", name, 0)
}
