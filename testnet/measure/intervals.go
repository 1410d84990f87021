package measure

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"toychain/testnet/history"
	"toychain/testnet/slo"
	"toychain/testnet/topology"
)

// eras reads out of the journal who could talk to whom since the testnet came up, and
// when. What is undone counts as undone only once the command was through.
func eras(actions []history.Action) (from time.Time, out []slo.Era, heals []slo.Heal) {
	var net topology.Network
	away := map[string]bool{}
	for _, a := range actions {
		done := a.Done()
		begins := done
		switch a.Verb {
		case "up":
			from, out, heals, net = done, nil, nil, topology.Network{Nodes: namesOf(a.Args)}
			clear(away)
		case "partition":
			if n := len(heals); n > 0 && heals[n-1].Over.IsZero() {
				heals[n-1].Over = a.Begun()
			}
			net.Groups = nil
			for _, g := range a.Args {
				net.Groups = append(net.Groups, strings.Split(g, ","))
			}
			begins = a.Begun()
		case "heal":
			if net.Groups != nil { // or there was nothing to heal
				heals = append(heals, slo.Heal{At: a.Begun()})
			}
			net.Groups = nil
		case "connect":
			net.Pairs = nil
			for _, p := range a.Args {
				if one, other, ok := strings.Cut(p, "-"); ok {
					net.Pairs = append(net.Pairs, topology.Pair{one, other})
				}
			}
			// Old lines are cut from the beginning on, new ones stand at the end.
			out = append(out, slo.Era{From: a.Begun(), Groups: parts(&net), Away: maps.Clone(away)})
		case "kill", "pause":
			begins = a.Begun()
			for _, name := range a.Args {
				away[name] = true
			}
		case "restart", "start":
			for _, name := range a.Args {
				away[name] = true
			}
			out = append(out, slo.Era{From: a.Begun(), Groups: parts(&net), Away: maps.Clone(away)})
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
		out = append(out, slo.Era{From: begins, Groups: parts(&net), Away: maps.Clone(away)})
	}
	return from, out, heals
}

// namesOf returns the nodes that came up: the argument of up is how many.
func namesOf(args []string) []string {
	if len(args) != 1 {
		return nil
	}
	n, _ := strconv.Atoi(args[0])
	return topology.Names(min(max(n, 0), topology.MaxNodes))
}

// parts returns which nodes can reach each other, directly or through others; nil: all.
func parts(net *topology.Network) [][]string {
	if net.Pairs == nil || net.Nodes == nil {
		return net.Groups
	}
	out := topology.Parts(net.Nodes, net.Planned())
	if len(out) == 1 {
		return nil
	}
	return out
}
