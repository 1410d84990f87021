package votes

import "fmt"

// history shows what follows from signatures that cost nothing.
func (t *table) history() {
	t.bothSides()
	for _, keep := range []int{0, maxUndone} {
		share, fooled := t.rewrite(keep)
		note := "of the blocks since the sale of the keys; the forged history was signed in no time"
		theory := 1.
		if keep > 0 {
			note, theory = fmt.Sprintf("if a node refuses to undo more than %d blocks", keep), 0
		}
		t.counted("part undone by old keys", byStake, 7, share, theory, note)
		if keep > 0 {
			t.counted("newcomer misled by them", byStake, 7, fooled, 1, "for good, though old nodes refuse: it must ask one that it trusts")
		}
	}
}

// bothSides has a liar sign on both sides of a cut, and counts the honest nodes that punish it.
func (t *table) bothSides() {
	const liar = machines
	w := t.twoFaced(byStake, machines, idsOf(liar), idsOf(3, 4), nil)
	w.heal()
	t.run(w, byStake, during)
	t.end(w)
	punish := 0
	for _, m := range w.members {
		if m.id != liar && m.punished.has(liar) {
			punish++
		}
	}
	t.counted("nodes that punish a double signer", byStake, machines, float64(punish), machines-1, "a signature in one slot on each side of a cut")
}

// maxUndone is how many blocks a careful node lets go.
const maxUndone = 20

// rewrite has the founders of a chain sell their coins, and the buyer of their worthless keys sign
// another history, in which they sold nothing. It returns how much of an old node's chain is undone,
// and whether a newcomer that hears the forged history first has that one.
func (t *table) rewrite(keep int) (share, fooled float64) {
	const forger, old, absent, newcomer, nodes, slots = 1, 4, 6, 7, 7, 200
	third := 1. / 3
	rules := &lottery{seed: t.seed(), slot: slotTime, sellAt: 50,
		shares: []float64{third, third, third, 0, 0, 0, 0}, sold: []float64{0, 0, 0, third, third, third, 0}}
	w := newWorld(rules.seed, nodes, func(id int) Node { return newStake(id, rules, keep) })
	w.crash(absent, newcomer) // a real history has gaps
	t.sleep(w, slotTime*slots+slotTime/2)
	w.crash(forger)
	var forged []stakeBlock
	tip := genesis
	for slot := 1; slot <= slots; slot++ {
		for id := 1; id <= 3; id++ {
			if rules.may(id, slot, tip) {
				tip = tip.child(slot, id, 0, false)
				forged = append(forged, *tip)
			}
		}
	}
	node := w.members[old-1]
	sold := 0 // blocks since the sale
	for _, b := range node.node.(*stake).blocks {
		if b.sold {
			sold++
		}
	}
	w.put(event{to: node, in: Receive{forger, stakeBlocks{forged}}}, 0)
	w.members[newcomer-1].up = true // it is connected to no old node yet
	w.put(event{to: w.members[newcomer-1], in: Receive{forger, stakeBlocks{forged}}}, 0)
	t.sleep(w, 1)
	if keep > 0 {
		w.restart(newcomer)
		t.sleep(w, 5*slotTime)
	}
	t.end(w)
	if w.members[newcomer-1].decided[len(forged)] == tip.id {
		fooled = 1
	}
	return float64(node.undone) / float64(sold), fooled
}
