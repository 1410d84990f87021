//go:build unix

package testnet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"toychain/peer"
	"toychain/rpc"
	"toychain/testnet/topology"
)

// wantLinks waits until the nodes hold these faults of their links, like "n1→n2 one-way".
func wantLinks(t *testing.T, tn *Testnet, want string) {
	t.Helper()
	ctx, got := bounded(t), ""
	if err := Poll(ctx, func() (bool, error) { got = linksOf(ctx, t, tn); return got == want, nil }); err != nil {
		t.Fatalf("links\n%s\nwant\n%s", got, want)
	}
}

func linksOf(ctx context.Context, t *testing.T, tn *Testnet) string {
	t.Helper()
	var out []string
	for _, name := range tn.awake() {
		c, err := tn.Client(name)
		if err != nil {
			t.Fatal(err)
		}
		peers, err := rpc.GetPeerInfo.Call(ctx, c, rpc.None{})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range peers {
			if p.Link != nil && *p.Link != (peer.Link{}) {
				out = append(out, fmt.Sprintf("%s→%s %v", name, tn.nameOf(p.PeerID), *p.Link))
			}
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// TestLink: both ends hold the faults, also after a restart; one-way is set at one end only.
func TestLink(t *testing.T) {
	tn := up(t, 3)
	if err := tn.Link(bounded(t), topology.Link{A: "n1", B: "n2", Faults: peer.Link{Delay: 20, Loss: 0.5}}); err != nil {
		t.Fatal(err)
	}
	want := "n1→n2 delay 20ms loss 50%\nn2→n1 delay 20ms loss 50%"
	wantLinks(t, tn, want)
	if err := tn.Restart(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	wantLinks(t, tn, want)
	// The other direction replaces it. Then n2 hears nothing, and Link does not wait until it joins n1.
	if err := tn.Link(bounded(t), topology.Link{A: "n2", B: "n1", Faults: peer.Link{OneWay: true}}); err != nil {
		t.Fatal(err)
	}
	wantLinks(t, tn, "n2→n1 one-way")
	if err := tn.Kill(bounded(t), "n3"); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(tn.Talking()), "[[n1] [n2]]"; got != want {
		t.Errorf("with n3 gone: %s, want %s", got, want)
	}
	if err := tn.Link(bounded(t), topology.Link{A: "n1", B: "n2", Cut: true}); err != nil {
		t.Fatal(err)
	}
	want = "n1→n2 one-way\nn2→n1 one-way"
	wantLinks(t, tn, want)
	if err := tn.Link(bounded(t), topology.Link{A: "n1", B: "n2"}); err != nil {
		t.Fatal(err)
	}
	wantPeers(t, tn, "n1:n2 n2:n1 n3:")
	if len(tn.Links()) != 0 {
		t.Errorf("perfect again: %v", tn.Links())
	}
	for _, pair := range [][2]string{{"n1", "n1"}, {"n1", "n9"}} {
		if err := tn.Link(bounded(t), topology.Link{A: pair[0], B: pair[1]}); err == nil {
			t.Errorf("a line of %s and %s", pair[0], pair[1])
		}
	}
}

// TestClock: a node gets its clock at once, or when it starts.
func TestClock(t *testing.T) {
	tn := up(t, 2)
	if err := tn.Clock(bounded(t), "n1", 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	await(t, tn.Nodes()[0].Log, "told of a clock off by 2h0m0s")
	if err := tn.Kill(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	if err := tn.Clock(bounded(t), "n2", -time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := tn.Restart(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	await(t, tn.Nodes()[1].Log, "born with a clock off by -1m0s")
	if err := tn.Clock(bounded(t), "n2", 0); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(tn.Clocks()), "map[n1:2h0m0s]"; got != want {
		t.Errorf("clocks %s, want %s", got, want)
	}
	if err := tn.Clock(bounded(t), "n1", time.Millisecond); err == nil {
		t.Error("a clock off by a millisecond")
	}
	if err := tn.Clock(bounded(t), "n3", 0); err == nil {
		t.Error("a clock of a node that there is not")
	}
}

// TestConnect: connections are those of the shape and no others, also after a restart, a
// partition and a heal.
func TestConnect(t *testing.T) {
	tn := up(t, 4)
	line, err := topology.Shape(tn.Names(), "line")
	if err != nil {
		t.Fatal(err)
	}
	if err := tn.Connect(bounded(t), line); err != nil {
		t.Fatal(err)
	}
	const inLine = "n1:n2 n2:n1,n3 n3:n2,n4 n4:n3"
	wantPeers(t, tn, inLine)
	if err := tn.Partition(bounded(t), [][]string{{"n1", "n2", "n4"}, {"n3"}}); err != nil {
		t.Fatal(err)
	}
	wantPeers(t, tn, "n1:n2 n2:n1 n3: n4:")
	if got, want := fmt.Sprint(tn.Talking()), "[[n1 n2] [n3] [n4]]"; got != want {
		t.Errorf("cut: %s talk, want %s", got, want)
	}
	if err := tn.Restart(bounded(t), "n3"); err != nil {
		t.Fatal(err)
	}
	if err := tn.Heal(bounded(t)); err != nil {
		t.Fatal(err)
	}
	wantPeers(t, tn, inLine)
	if err := tn.Connect(bounded(t), nil); err != nil {
		t.Fatal(err)
	}
	wantPeers(t, tn, "n1:n2,n3,n4 n2:n1,n3,n4 n3:n1,n2,n4 n4:n1,n2,n3")
}
