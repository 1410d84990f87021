package votes

import "time"

// twin is a lying node: two honest ones under one name. Each of the two sees a part of the others
// and takes part in the protocol with them, so that the name votes twice, and for two values.
// Liars know each other: the first halves of all of them work together, and so do the second.
type twin struct {
	halves [2]Node
	second ids // the nodes that see the second half; the rest see the first one
	liars  ids // the nodes that are twins
}

// sided is a message between two liars.
type sided struct {
	half int
	Msg  Message
}

// toHalf is an input for one half alone.
type toHalf struct {
	half int
	in   Input
}

// Step is the node. The timers of the two halves have even and odd numbers.
func (t *twin) Step(now time.Duration, in Input) []Effect {
	switch in := in.(type) {
	case Receive:
		if s, ok := in.Msg.(sided); ok {
			return t.step(now, s.half, Receive{in.From, s.Msg})
		}
		return t.step(now, t.faces(in.From), in)
	case Fired:
		return t.step(now, in.Timer%2, Fired{in.Timer / 2})
	case toHalf:
		return t.step(now, in.half, in.in)
	case Propose:
		return nil // each half is told what its own side is told
	}
	return append(t.step(now, 0, in), t.step(now, 1, in)...)
}

// faces returns the half that a node sees.
func (t *twin) faces(id int) int {
	if t.second.has(id) {
		return 1
	}
	return 0
}

// step gives an input to one half. What a liar decides counts for nothing.
func (t *twin) step(now time.Duration, half int, in Input) (out []Effect) {
	for _, f := range t.halves[half].Step(now, in) {
		switch f := f.(type) {
		case Send:
			if t.liars.has(f.To) {
				out = append(out, Send{f.To, sided{half, f.Msg}})
			} else if t.faces(f.To) == half {
				out = append(out, f)
			}
		case After:
			out = append(out, After{2*f.Timer + half, f.Low, f.High})
		case Rarely:
			out = append(out, Rarely{2*f.Timer + half, f.Mean})
		case Stop:
			out = append(out, Stop{2*f.Timer + half})
		case Fail:
			out = append(out, f)
		}
	}
	return out
}
