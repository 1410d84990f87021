//go:build unix

package testnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"toychain/rpc"
	"toychain/wallet"
)

func TestPartitionAndHeal(t *testing.T) {
	tn := up(t, 4)
	if err := tn.Partition(bounded(t), [][]string{{"n1", "n4"}, {"n2"}, {"n3"}}); err != nil {
		t.Fatal(err)
	}
	wantPeers(t, tn, "n1:n4 n2: n3: n4:n1")
	other, err := Open(tn.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(other.state.Groups), "[[n1 n4] [n2] [n3]]"; got != want {
		t.Errorf("another command sees groups %s, want %s", got, want)
	}
	if err := other.Partition(bounded(t), [][]string{{"n1", "n2"}, {"n3", "n4"}}); err != nil {
		t.Fatal(err)
	}
	wantPeers(t, other, "n1:n2 n2:n1 n3:n4 n4:n3")
	if err := tn.Heal(bounded(t)); err != nil {
		t.Fatal(err)
	}
	wantPeers(t, tn, "n1:n2,n3,n4 n2:n1,n3,n4 n3:n1,n2,n4 n4:n1,n2,n3")
	if tn.state.Groups != nil {
		t.Errorf("groups after healing: %v", tn.state.Groups)
	}
}

// TestHealLiftsBans: heal lifts the nodes' bans of each other, says so, and leaves bans of others.
func TestHealLiftsBans(t *testing.T) {
	tn := up(t, 3)
	var said []string
	tn.Notify(func(s string) { said = append(said, s) })
	c, err := tn.Client("n2")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"id-of-n1", "id-of-stranger"} {
		if err := rpc.SetBan.Do(bounded(t), c, rpc.SetBanArgs{Peer: id, Command: "add"}); err != nil {
			t.Fatal(err)
		}
	}
	wantPeers(t, tn, "n1:n3 n2:n3 n3:n1,n2")
	if err := tn.Heal(bounded(t)); err != nil {
		t.Fatal(err)
	}
	wantPeers(t, tn, "n1:n2,n3 n2:n1,n3 n3:n1,n2")
	if bans, err := c.Bans(bounded(t)); err != nil || len(bans) != 1 || bans[0].Address != "id-of-stranger" {
		t.Errorf("bans %v, %v", bans, err)
	}
	if want := "n2 had banned n1: the ban is lifted"; len(said) != 1 || said[0] != want {
		t.Errorf("said %q, want %q", said, want)
	}
}

// TestBridge: a partition that a peer of both groups bridges says so.
func TestBridge(t *testing.T) {
	tn, stranger := up(t, 2), up(t, 1)
	for _, name := range tn.Names() {
		c, err := tn.Client(name)
		if err == nil {
			// It has the address of a node, under an ID that no node has.
			err = c.AddPeer(bounded(t), strings.Replace(stranger.Nodes()[0].Multiaddr, "id-of-n1", "id-of-stranger", 1))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	wantPeers(t, tn, "n1:n2,id-of-stranger n2:n1,id-of-stranger")
	var said []string
	tn.Notify(func(s string) { said = append(said, s) })
	if err := tn.Partition(bounded(t), [][]string{{"n1"}, {"n2"}}); err != nil {
		t.Fatal(err)
	}
	if want := "id-of-stranger is not of this testnet, and carries blocks across the cut, from n1 to n2"; len(said) != 1 || said[0] != want {
		t.Errorf("said %q, want %q", said, want)
	}
}

// TestUnreachable: a node without its cookie is skipped, which is said, as one that is down; what
// fails half way is reported as incomplete.
func TestUnreachable(t *testing.T) {
	tn := up(t, 4)
	if err := os.Remove(tn.Nodes()[2].Cookie); err != nil {
		t.Fatal(err)
	}
	other, err := Open(tn.Dir())
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	other.Notify(func(s string) { said = append(said, s) })
	if err := other.Partition(bounded(t), [][]string{{"n1", "n2"}, {"n3", "n4"}}); err != nil {
		t.Fatal(err)
	}
	wantPeers(t, tn, "n1:n2 n2:n1 n3:n4 n4:n3")
	if len(said) != 1 || !strings.HasPrefix(said[0], "n3 is skipped, it cannot be reached") || !strings.Contains(said[0], "toychain testnet restart n3") {
		t.Errorf("said %q", said)
	}
	if err := other.Heal(bounded(t)); err != nil {
		t.Fatal(err)
	}
	if err := other.Settle(bounded(t)); err != nil {
		t.Errorf("settling without it: %v", err)
	}
	if in, err := other.Tree(bounded(t), 0); err != nil || fmt.Sprint(in.Silent) != "[n3]" {
		t.Errorf("tree without %v, %v", in.Silent, err)
	}
	if err := other.Restart(bounded(t), "n3"); err != nil {
		t.Fatal(err)
	}
	wantPeers(t, other, "n1:n2,n3,n4 n2:n1,n3,n4 n3:n1,n2,n4 n4:n1,n2,n3")

	ctx, cancel := context.WithCancel(bounded(t))
	cancel()
	err = other.Partition(ctx, [][]string{{"n1", "n2", "n3"}, {"n4"}})
	if err == nil || !strings.HasPrefix(err.Error(), "partition: nothing is changed, repeat the command: ") {
		t.Errorf("interrupted: %v", err)
	}
}

// tipOf sets the tip that a fake node reports.
func tipOf(t *testing.T, tn *Testnet, name, tip string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(tn.Dir(), name, "tip"), []byte(tip), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSettle(t *testing.T) {
	tn := up(t, 3)
	tipOf(t, tn, "n1", "b")
	tipOf(t, tn, "n2", "b")
	tipOf(t, tn, "n3", "x")
	var err error
	for wait, u := 200*time.Millisecond, (*Unsettled)(nil); wait < time.Minute && !errors.As(err, &u); wait *= 2 {
		ctx, cancel := context.WithTimeout(bounded(t), wait)
		err = tn.Settle(ctx) // until all nodes have answered, it does not know their tips
		cancel()
	}
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "n1 n2 on ") || !strings.Contains(err.Error(), "equal work") {
		t.Errorf("at odds: %v", err)
	}
	if err := tn.Partition(bounded(t), [][]string{{"n1", "n2"}, {"n3"}}); err != nil {
		t.Fatal(err)
	}
	if err := tn.Settle(bounded(t)); err != nil {
		t.Errorf("in groups that agree: %v", err)
	}
	if err := tn.Heal(bounded(t)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- tn.Settle(bounded(t)) }()
	tipOf(t, tn, "n3", "b")
	if err := <-done; err != nil {
		t.Errorf("once they agree: %v", err)
	}
}

// TestTalking: which nodes reach each other now.
func TestTalking(t *testing.T) {
	tn := up(t, 4)
	if got, want := fmt.Sprint(tn.Talking()), "[[n1 n2 n3 n4]]"; got != want {
		t.Errorf("all up: %s, want %s", got, want)
	}
	if err := tn.Partition(bounded(t), [][]string{{"n1", "n4"}, {"n2", "n3"}}); err != nil {
		t.Fatal(err)
	}
	if err := tn.Kill(bounded(t), "n3"); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(tn.Talking()), "[[n1 n4] [n2]]"; got != want {
		t.Errorf("cut, and n3 gone: %s, want %s", got, want)
	}
}

// TestRealPartition partitions real nodes, kills one of them meanwhile, and heals them.
func TestRealPartition(t *testing.T) {
	realNodes(t)
	tn, err := Up(bounded(t), Config{Dir: t.TempDir(), Nodes: 3, Network: "regtest", Detach: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tn.Down(bounded(t), true); err != nil {
			t.Error(err)
		}
	})
	address := wallet.Address{}.Encode(tn.Params().Prefixes)
	mine := func(name string, n int) {
		t.Helper()
		c, err := tn.Client(name)
		if err == nil {
			_, err = c.Generate(bounded(t), n, address)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	mine("n1", 1)
	if err := tn.Settle(bounded(t)); err != nil {
		t.Fatal(err)
	}
	if err := tn.Partition(bounded(t), [][]string{{"n1"}, {"n2", "n3"}}); err != nil {
		t.Fatal(err)
	}
	mine("n1", 2)
	if err := tn.Kill(bounded(t), "n3"); err != nil {
		t.Fatal(err)
	}
	mine("n2", 3)
	if err := tn.Restart(bounded(t), "n3"); err != nil {
		t.Fatal(err)
	}
	if err := tn.Settle(bounded(t)); err != nil {
		t.Fatal(err)
	}
	wantPeers(t, tn, "n1: n2:n3 n3:n2")
	if err := tn.Heal(bounded(t)); err != nil {
		t.Fatal(err)
	}
	if err := tn.Settle(bounded(t)); err != nil {
		t.Fatal(err)
	}
	all, err := tn.Status(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Height != 4 || s.Tip != all[0].Tip {
			t.Errorf("%s is on %s at height %d", s.Name, s.Tip, s.Height)
		}
	}
	in, err := tn.Tree(bounded(t), 0)
	if err != nil || len(in.Blocks) != 1+1+2+3 {
		t.Errorf("%d blocks in the tree, %v", len(in.Blocks), err)
	}
}
