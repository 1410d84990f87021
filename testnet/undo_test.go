//go:build unix

package testnet

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"toychain/peer"
	"toychain/rpc"
	"toychain/testnet/topology"
)

// slow is a link with a fault.
var slow = topology.Link{A: "n1", B: "n2", Faults: peer.Link{Delay: 100}}

// halfWay are the changes that several nodes have to follow, and the call that one of them refuses.
var halfWay = []struct {
	verb, refused string
	before, do    func(*testing.T, *Testnet) error
}{
	{"partition", "setpartition", nil, func(t *testing.T, tn *Testnet) error {
		return tn.Partition(bounded(t), [][]string{{"n1"}, {"n2", "n3"}})
	}},
	{"partition", "setpartition", func(t *testing.T, tn *Testnet) error { // another one
		return tn.Partition(bounded(t), [][]string{{"n1", "n2"}, {"n3"}})
	}, func(t *testing.T, tn *Testnet) error {
		return tn.Partition(bounded(t), [][]string{{"n1"}, {"n2", "n3"}})
	}},
	{"heal", "setpartition", func(t *testing.T, tn *Testnet) error {
		return tn.Partition(bounded(t), [][]string{{"n1"}, {"n2", "n3"}})
	}, func(t *testing.T, tn *Testnet) error { return tn.Heal(bounded(t)) }},
	{"connect", "setpartition", nil, func(t *testing.T, tn *Testnet) error {
		return tn.Connect(bounded(t), []topology.Pair{{"n1", "n2"}, {"n2", "n3"}})
	}},
	{"link", "setlink", nil, func(t *testing.T, tn *Testnet) error { return tn.Link(bounded(t), slow) }},
	{"link", "setlink", func(t *testing.T, tn *Testnet) error { return tn.Link(bounded(t), slow) },
		func(t *testing.T, tn *Testnet) error { return tn.Link(bounded(t), topology.Link{A: "n2", B: "n1"}) }},
	{"hashrate", "setmining", nil, func(t *testing.T, tn *Testnet) error { return tn.Hashrate(bounded(t), tn.Names(), 500) }},
	{"hashrate", "setmining", func(t *testing.T, tn *Testnet) error { return tn.Hashrate(bounded(t), []string{"n1"}, 200) },
		func(t *testing.T, tn *Testnet) error { return tn.Hashrate(bounded(t), tn.Names(), -1) }},
	{"clock", "setclock", nil, func(t *testing.T, tn *Testnet) error { return tn.Clock(bounded(t), "n2", time.Hour) }},
}

// planOf returns the plan in the state on disk.
func planOf(t *testing.T, tn *Testnet) string {
	t.Helper()
	s, err := loadState(tn.Dir())
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]any{"groups": s.Groups, "pairs": s.Pairs, "links": s.Links, "clocks": s.Clocks, "rates": s.Rates})
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("null", "-", "[]", "-", "{}", "-").Replace(string(b))
}

// madeOf returns what the nodes do: their blocklists, links and miners.
func madeOf(t *testing.T, tn *Testnet) (out string) {
	t.Helper()
	for _, name := range tn.Names() {
		c, err := tn.Client(name)
		if err != nil {
			t.Fatal(err)
		}
		info, err := rpc.GetNetworkInfo.Call(bounded(t), c, rpc.None{})
		if err != nil {
			t.Fatal(err)
		}
		peers, err := rpc.GetPeerInfo.Call(bounded(t), c, rpc.None{})
		if err != nil {
			t.Fatal(err)
		}
		links := map[string]string{}
		for _, p := range peers {
			links[p.PeerID] = p.Link.String()
		}
		m := miningOf(t, tn, name)
		out += fmt.Sprintln(name, info.Partition, links, m.Mining, m.Mining && m.HashrateCap > 0)
	}
	return out
}

// lastAction returns the last line of the journal.
func lastAction(t *testing.T, tn *Testnet) (verb, failed string, undone bool) {
	t.Helper()
	all, err := tn.Actions()
	if err != nil {
		t.Fatal(err)
	}
	a := all[len(all)-1]
	return a.Verb, a.Error, a.Undone
}

// TestUndone: a change that one node refuses is undone: the state, the nodes and the journal are as
// before, and the same command works later.
func TestUndone(t *testing.T) {
	for i, row := range halfWay {
		t.Run(fmt.Sprint(row.verb, i), func(t *testing.T) {
			tn := up(t, 3)
			if row.before != nil {
				if err := row.before(t, tn); err != nil {
					t.Fatal(err)
				}
			}
			plan, made := planOf(t, tn), madeOf(t, tn)
			file := filepath.Join(tn.node("n2").Datadir, "refuse once")
			if err := os.WriteFile(file, []byte(row.refused), 0o600); err != nil {
				t.Fatal(err)
			}
			err := row.do(t, tn)
			if err == nil || !strings.HasPrefix(err.Error(), row.verb+": nothing is changed, repeat the command: ") || !strings.Contains(err.Error(), "not today") {
				t.Fatalf("refused: %v", err)
			}
			if got := planOf(t, tn); got != plan {
				t.Errorf("the state says %s, and was %s", got, plan)
			}
			if got := madeOf(t, tn); got != made {
				t.Errorf("the nodes are\n%sand were\n%s", got, made)
			}
			if verb, failed, undone := lastAction(t, tn); verb != row.verb || failed == "" || !undone {
				t.Errorf("the journal says %s, %q, undone %v", verb, failed, undone)
			}
			if err := row.do(t, tn); err != nil {
				t.Errorf("the second time: %v", err)
			}
			if got := planOf(t, tn); got == plan {
				t.Errorf("the second time the state is still %s", got)
			}
		})
	}
}

// TestIncomplete: what can neither be made nor undone is reported as incomplete, in the error, in the
// state and by not being undone in the journal, until it is repeated.
func TestIncomplete(t *testing.T) {
	tn := up(t, 3)
	file := filepath.Join(tn.node("n2").Datadir, "refuse")
	if err := os.WriteFile(file, []byte("setpartition"), 0o600); err != nil {
		t.Fatal(err)
	}
	cut := [][]string{{"n1"}, {"n2", "n3"}}
	err := tn.Partition(bounded(t), cut)
	if err == nil || !strings.HasPrefix(err.Error(), "partition: incomplete, repeat the command: ") || !strings.Contains(err.Error(), "it cannot be undone") {
		t.Fatalf("refused: %v", err)
	}
	other, err := Open(tn.Dir())
	if err != nil || other.Incomplete() != "partition n1 n2,n3" || fmt.Sprint(other.state.Groups) != fmt.Sprint(cut) {
		t.Errorf("incomplete %q, groups %v, %v", other.Incomplete(), other.state.Groups, err)
	}
	if verb, failed, undone := lastAction(t, tn); verb != "partition" || failed == "" || undone {
		t.Errorf("the journal says %s, %q, undone %v", verb, failed, undone)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := other.Partition(bounded(t), cut); err != nil || other.Incomplete() != "" {
		t.Errorf("repeated: %v, incomplete %q", err, other.Incomplete())
	}
	wantPeers(t, other, "n1: n2:n3 n3:n2")

	err = other.replan(bounded(t), "heal", nil, func() { // here the program may be killed
		if s, err := loadState(tn.Dir()); err != nil || s.Incomplete != "heal" || fmt.Sprint(s.Groups) != fmt.Sprint(cut) {
			t.Errorf("in the middle: incomplete %q, groups %v, %v", s.Incomplete, s.Groups, err)
		}
		other.state.Groups = nil
	})
	if err != nil || other.Incomplete() != "" {
		t.Errorf("then: %v, incomplete %q", err, other.Incomplete())
	}
}

// TestFailedUp: an Up that fails leaves the state of the earlier testnet, for the next Up.
func TestFailedUp(t *testing.T) {
	tn := up(t, 3)
	if err := tn.Hashrate(bounded(t), []string{"n1"}, 500); err != nil {
		t.Fatal(err)
	}
	if err := tn.Down(bounded(t), false); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(tn.node("n2").Datadir, "broken")
	if err := os.WriteFile(broken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Up(bounded(t), Config{Dir: tn.Dir(), Nodes: 2, Network: "toy", Detach: true}); err == nil || !strings.Contains(err.Error(), "the database is damaged") {
		t.Fatalf("with a damaged database: %v", err)
	}
	cfg, err := Earlier(tn.Dir())
	if err != nil || strings.Join(cfg.Names, " ") != "n1 n2 n3" || cfg.Rates["n1"] != 500 {
		t.Errorf("%v, rates %v, %v", cfg.Names, cfg.Rates, err)
	}
	if err := os.Remove(broken); err != nil {
		t.Fatal(err)
	}
	cfg.Detach = true
	again, err := Up(bounded(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if m := miningOf(t, again, "n1"); !m.Mining {
		t.Error("n1 does not mine any more")
	}
}
