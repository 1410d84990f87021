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

// intervals returns which nodes could reach each other since the testnet came up, and its
// heals. A command that takes something away counts from its begin, one that gives it back
// from its end.
func intervals(actions []history.Action) (from time.Time, out []slo.Interval, heals []slo.Heal) {
	var net topology.Network
	away := map[string]bool{}
	add := func(at time.Time) {
		out = append(out, slo.Interval{From: at, Groups: parts(&net), Away: maps.Clone(away)})
	}
	for _, a := range actions {
		begun, done := a.Begun(), a.Done()
		before, healed := net, len(heals)
		node := strings.Join(a.Args, " ") // the argument of the verbs with one
		switch a.Verb {
		case "up":
			if a.Error != "" {
				break // the nodes were stopped again
			}
			names := a.Args
			if n, err := strconv.Atoi(node); err == nil { // how many came up, from n1 on
				names = topology.Names(min(max(n, 0), topology.MaxNodes))
			}
			from, out, heals, net = done, nil, nil, topology.Network{Nodes: names}
			clear(away)
			add(done)
		case "add":
			if a.Error == "" && len(net.Nodes) > 0 {
				net.Add(node)
			}
			add(done)
		case "partition":
			if n := len(heals); n > 0 && heals[n-1].Over.IsZero() {
				heals[n-1].Over = begun
			}
			net.Groups = nil
			for _, g := range a.Args {
				net.Groups = append(net.Groups, strings.Split(g, ","))
			}
			add(begun)
		case "heal":
			if net.Groups != nil { // else there was nothing to heal
				heals = append(heals, slo.Heal{At: begun})
			}
			net.Groups = nil
			add(done)
		case "connect":
			net.Pairs, _ = topology.Shape(net.Nodes, a.Args...) // none: a mesh
			add(begun)                                          // old connections are gone, new ones may not stand yet
			add(done)
		case "kill", "pause":
			away[node] = true
			add(begun)
		case "restart", "start":
			away[node] = true
			add(begun)
			fallthrough
		case "resume":
			if a.Error == "" {
				delete(away, node)
			}
			add(done)
		}
		if a.Undone { // between its begin and its end the new plan may have held
			net, heals = before, heals[:healed]
			add(done)
		}
	}
	return from, out, heals
}

// parts returns which nodes can reach each other, directly or through others; nil: all.
func parts(net *topology.Network) [][]string {
	if net.Pairs == nil {
		return net.Groups
	}
	out := topology.Parts(net.Nodes, net.Planned())
	if len(out) == 1 {
		return nil
	}
	return out
}
