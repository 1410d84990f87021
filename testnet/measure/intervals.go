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
	t := timeline{away: map[string]bool{}}
	for _, a := range actions {
		net, healed := t.net, len(t.heals)
		t.apply(a)
		if a.Undone { // between its begin and its end the new plan may have held
			t.net, t.heals = net, t.heals[:healed]
			t.add(a.Done())
		}
	}
	return t.from, t.out, t.heals
}

// timeline is a network, and what it was before.
type timeline struct {
	from  time.Time // when it came up
	net   topology.Network
	away  map[string]bool
	out   []slo.Interval
	heals []slo.Heal
}

// add begins an interval.
func (t *timeline) add(at time.Time) {
	t.out = append(t.out, slo.Interval{From: at, Groups: parts(&t.net), Away: maps.Clone(t.away)})
}

// up forgets what was before the testnet came up.
func (t *timeline) up(at time.Time, args []string) {
	if n, err := strconv.Atoi(strings.Join(args, " ")); err == nil { // how many came up, from n1 on
		args = topology.Names(min(max(n, 0), topology.MaxNodes))
	}
	*t = timeline{from: at, net: topology.Network{Nodes: args}, away: map[string]bool{}}
	t.add(at)
}

// apply follows one action.
func (t *timeline) apply(a history.Action) {
	node := strings.Join(a.Args, " ") // the argument of the verbs with one
	switch a.Verb {
	case "up":
		if a.Error == "" { // else the nodes were stopped again
			t.up(a.Done(), a.Args)
		}
	case "add":
		if a.Error == "" && len(t.net.Nodes) > 0 {
			t.net.Add(node)
		}
		t.add(a.Done())
	case "partition":
		if n := len(t.heals); n > 0 && t.heals[n-1].Over.IsZero() {
			t.heals[n-1].Over = a.Begun()
		}
		t.net.Groups = nil
		for _, g := range a.Args {
			t.net.Groups = append(t.net.Groups, strings.Split(g, ","))
		}
		t.add(a.Begun())
	case "heal":
		if t.net.Groups != nil { // else there was nothing to heal
			t.heals = append(t.heals, slo.Heal{At: a.Begun()})
		}
		t.net.Groups = nil
		t.add(a.Done())
	case "connect":
		t.net.Pairs, _ = topology.Shape(t.net.Nodes, a.Args...) // none: a mesh
		t.add(a.Begun())                                        // old connections are gone, new ones may not stand yet
		t.add(a.Done())
	case "kill", "pause":
		t.away[node] = true
		t.add(a.Begun())
	case "restart", "start":
		t.away[node] = true
		t.add(a.Begun())
		fallthrough
	case "resume":
		if a.Error == "" {
			delete(t.away, node)
		}
		t.add(a.Done())
	}
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
