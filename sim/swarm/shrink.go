package swarm

import (
	"context"
	"slices"
)

// Shrink returns the smallest plan that it finds which violates the same property: it leaves out
// ever smaller parts of the actions, for as long as anything can go (Zeller's delta debugging). It
// plays at most so many plans.
func Shrink(ctx context.Context, p *Plan, v *Violation, plays int) (*Plan, *Violation) {
	best, found := *p, v
	try := func(smaller Plan) bool {
		if plays--; plays < 0 || ctx.Err() != nil {
			return false
		}
		out, err := Play(ctx, &smaller, nil)
		if err != nil || out.Violation == nil || out.Violation.Property != v.Property {
			return false
		}
		best, found = smaller, out.Violation
		return true
	}
	late := best
	late.Actions = slices.DeleteFunc(slices.Clone(p.Actions), func(a Action) bool { return a.At > v.At })
	try(late)
	for size := max(len(best.Actions)/2, 1); plays > 0; size /= 2 {
		for at := 0; at < len(best.Actions) && plays > 0; {
			smaller := best
			smaller.Actions = slices.Delete(slices.Clone(best.Actions), at, min(at+size, len(best.Actions)))
			if !try(smaller) {
				at += size
			}
		}
		if size == 1 {
			break
		}
	}
	quiet := best
	quiet.Calm = nil
	try(quiet)
	for _, change := range []func(*Plan){func(p *Plan) { p.Twin = nil }, func(p *Plan) { p.Config.Loss = 0 }, func(p *Plan) { p.Config.Bandwidth = 0 }} {
		smaller := best
		change(&smaller)
		try(smaller)
	}
	return &best, found
}
