package swarm

import (
	"time"

	"toychain/peer"
)

// episode draws a fault, and when it ends.
func (d *drawer) episode() {
	interval := d.Config.Interval
	from := d.between(0, d.length-interval)
	most := 20 * interval
	if d.Config.Params.Window > 0 {
		most *= 3 // some windows on each side of a partition
	}
	to := min(from+d.between(interval/2, most), d.length)
	node := d.rng.IntN(d.Config.Nodes)
	switch d.rng.IntN(8) {
	case 0, 1, 2:
		d.partition(from, to)
	case 3, 4:
		d.crash(from, to, node)
	case 5:
		d.act(Action{At: from, Do: Pause, Node: node})
		d.act(Action{At: min(to, from+6*interval), Do: Resume, Node: node})
	case 6:
		d.clocks(from, to)
	default:
		d.clog(from, to)
	}
}

func (d *drawer) act(a Action) { d.Actions = append(d.Actions, a) }

// partition draws who is cut off: one node, a half, one direction only, or two halves with a
// bridge between them.
func (d *drawer) partition(from, to time.Duration) {
	a := Action{At: from, Do: Cut, Node: -1}
	switch d.rng.IntN(3) {
	case 0:
		a.Nodes = d.some(1)
	default:
		a.Nodes = d.some(d.Config.Nodes / 2)
	}
	switch d.rng.IntN(5) {
	case 0:
		a.Do = Hush
	case 1:
		a.Do, a.Node = Hush, d.rng.IntN(d.Config.Nodes)
	case 2:
		a.Do = OneWay
	}
	d.act(a)
	if d.chance(.2) || d.Config.Params.Window > 0 && d.chance(.5) { // the clocks of one side are wrong, too
		offset := d.between(-90*time.Second, 90*time.Second)
		for _, n := range a.Nodes {
			d.act(Action{At: from, Do: SetClock, Node: n, Clock: offset})
			d.act(Action{At: to, Do: SetClock, Node: n})
		}
	}
	if d.chance(.3) { // the power fails in the reorganisation that follows
		node := d.rng.IntN(d.Config.Nodes)
		d.act(Action{At: to, Do: CutPower, Node: node, Draw: d.rng.Uint64()})
		d.act(Action{At: to + d.between(0, 5*d.Config.Interval), Do: Restart, Node: node})
	}
	d.act(Action{At: to, Do: Heal})
}

// crash draws one crash or shutdown, or several in a row: the next one comes while the node catches up.
func (d *drawer) crash(from, to time.Duration, node int) {
	for range 1 + d.rng.IntN(3) {
		a := Action{At: from, Do: Kill, Node: node, Draw: d.rng.Uint64()}
		if d.chance(.6) {
			a.Do = CutPower
		} else if a.Draw%3 == 0 {
			a.Do = Shut
		}
		d.act(a)
		d.act(Action{At: to, Do: Restart, Node: node})
		from = to + d.between(0, d.Config.Interval/2)
		to = from + d.between(0, d.Config.Interval)
	}
}

// clocks draws a wrong clock: seldom by hours, for then blocks have to wait for their time.
func (d *drawer) clocks(from, to time.Duration) {
	most := 5 * time.Minute
	if d.chance(.1) {
		most = 2 * time.Hour
	}
	node := d.rng.IntN(d.Config.Nodes)
	d.act(Action{At: from, Do: SetClock, Node: node, Clock: d.between(-most, most)})
	if d.chance(.7) {
		d.act(Action{At: to, Do: SetClock, Node: node})
	}
}

// clog draws links that lose, delay or carry little.
func (d *drawer) clog(from, to time.Duration) {
	for range 1 + d.rng.IntN(4) {
		a, b := d.rng.IntN(d.Config.Nodes), d.rng.IntN(d.Config.Nodes)
		if a == b {
			continue
		}
		link := peer.Link{Delay: peer.Millis(d.rng.IntN(3000)), Jitter: peer.Millis(d.rng.IntN(500))}
		switch d.rng.IntN(3) {
		case 0:
			link.Loss = .3 + .7*d.rng.Float64()
		case 1:
			link.Bandwidth = 200 + d.rng.Int64N(2000)
		}
		d.act(Action{At: from, Do: SetLink, Node: a, To: b, Link: link})
		d.act(Action{At: to, Do: SetLink, Node: a, To: b})
	}
}
