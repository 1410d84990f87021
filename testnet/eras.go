package testnet

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"toychain/testnet/slo"
)

// eras reads out of the journal who could talk to whom since the testnet came up, and
// when. What is undone counts as undone only once the command was through.
func eras(actions []Action) (from time.Time, out []slo.Era, heals []slo.Heal) {
	var groups [][]string
	var shape shape
	away := map[string]bool{}
	for _, a := range actions {
		done := a.Begun().Add(time.Duration(a.TookMS) * time.Millisecond)
		begins := done
		switch a.Verb {
		case "up":
			from, out, heals, groups, shape = done, nil, nil, nil, shapeOf(a.Args)
			clear(away)
		case "partition":
			if n := len(heals); n > 0 && heals[n-1].Over.IsZero() {
				heals[n-1].Over = a.Begun()
			}
			groups = nil
			for _, g := range a.Args {
				groups = append(groups, strings.Split(g, ","))
			}
			begins = a.Begun()
		case "heal":
			if groups != nil { // or there was nothing to heal
				heals = append(heals, slo.Heal{At: a.Begun()})
			}
			groups = nil
		case "connect":
			shape.pairs = nil
			for _, p := range a.Args {
				if one, other, ok := strings.Cut(p, "-"); ok {
					shape.pairs = append(shape.pairs, [2]string{one, other})
				}
			}
			// Old lines are cut from the beginning on, new ones stand at the end.
			out = append(out, slo.Era{From: a.Begun(), Groups: shape.parts(groups), Away: maps.Clone(away)})
		case "kill", "pause":
			begins = a.Begun()
			for _, name := range a.Args {
				away[name] = true
			}
		case "restart", "start":
			for _, name := range a.Args {
				away[name] = true
			}
			out = append(out, slo.Era{From: a.Begun(), Groups: shape.parts(groups), Away: maps.Clone(away)})
			fallthrough
		case "resume":
			for _, name := range a.Args {
				if a.Error == "" {
					delete(away, name)
				}
			}
		default:
			continue // it neither cuts nor heals nor takes anybody away
		}
		out = append(out, slo.Era{From: begins, Groups: shape.parts(groups), Away: maps.Clone(away)})
	}
	return from, out, heals
}

// shape is which nodes there are, and who is connected with whom, if that was said.
type shape struct {
	nodes []string
	pairs [][2]string
}

// shapeOf reads how many nodes came up.
func shapeOf(args []string) (s shape) {
	if len(args) == 1 {
		n, _ := strconv.Atoi(args[0])
		for i := range min(n, MaxNodes) {
			s.nodes = append(s.nodes, nodeName(i))
		}
	}
	return s
}

// parts returns who can reach whom, over any number of others: within the groups of a
// partition, or of all nodes if there is none, over the pairs. Nil: everybody.
func (s *shape) parts(groups [][]string) (out [][]string) {
	if s.pairs == nil || s.nodes == nil {
		return groups
	}
	if groups == nil {
		groups = [][]string{s.nodes}
	}
	for _, g := range groups {
		left := slices.Clone(g)
		for len(left) > 0 {
			part := left[:1:1]
			left = left[1:]
			for i := 0; i < len(part); i++ {
				for _, p := range s.pairs {
					for _, end := range [][2]string{{p[0], p[1]}, {p[1], p[0]}} {
						if at := slices.Index(left, end[1]); end[0] == part[i] && at >= 0 {
							part, left = append(part, end[1]), slices.Delete(left, at, at+1)
						}
					}
				}
			}
			out = append(out, part)
		}
	}
	if len(out) == 1 {
		return nil
	}
	return out
}
