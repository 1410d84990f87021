//go:build unix

package testnet

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"toychain/block"
	"toychain/internal/chaingen"
	"toychain/internal/longtest"
	"toychain/rpc"
)

// TestKillWhileImporting submits a chain to a node, block by block and then many at once, and
// repeatedly ends the node with SIGKILL meanwhile: every block that it had accepted is there
// when it has started again. The chain is old, or its blocks are large.
func TestKillWhileImporting(t *testing.T) {
	realNodes(t)
	t.Run("old", func(t *testing.T) {
		killWhileImporting(t, 2400, func(b *chaingen.Block, i int) *chaingen.Block { return b.Mine(fmt.Sprint(i)) })
	})
	t.Run("large", func(t *testing.T) {
		first := time.Now().Add(-time.Hour).Unix()
		data := append([]byte{0x6a}, make([]byte, 50_000)...) // OP_RETURN: not a coin
		killWhileImporting(t, 200, func(b *chaingen.Block, i int) *chaingen.Block {
			next := b.Template(fmt.Sprint(i))
			next.Header.Time = uint32(first) + uint32(i)
			next.Txs[0].Outputs = append(next.Txs[0].Outputs, block.Output{Script: data})
			return b.Follow(fmt.Sprint(i), chaingen.Seal(next))
		})
	})
}

// killWhileImporting submits so many blocks; mine makes the i-th on top of the one before.
func killWhileImporting(t *testing.T, long int, mine func(before *chaingen.Block, i int) *chaingen.Block) {
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	tn, err := Up(bounded(t), Config{Dir: t.TempDir(), Nodes: 1, Network: stormNetwork(t, 10*24*time.Hour), Detach: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tn.Down(bounded(t), true); err != nil {
			t.Error(err)
		}
	})
	long /= longtest.Pick(5, 1)
	all := []*block.Block{tn.Params().Genesis}
	for b := chaingen.Genesis(tn.Params()); len(all) < long; all = append(all, b.Block) {
		if b = mine(b, len(all)); b.Err != nil {
			t.Fatal(b.Err)
		}
	}
	told, deaths := 1, 0 // it has accepted all[:told]
	for told < len(all) {
		c, err := tn.Client("n1")
		if err != nil {
			t.Fatal(err)
		}
		// When it is killed depends on what it has done: on a slow machine it is killed no more
		// often. The signal is sent a little later, in the middle of an operation.
		doomed, gone, struck := tn.procs["n1"], make(chan error, 1), false
		enough, late := told+r.IntN(len(all)/5), time.Duration(r.IntN(20_000))*time.Microsecond
		strike := func() {
			struck = true
			time.AfterFunc(late, func() { gone <- doomed.signal(syscall.SIGKILL) })
		}
		for many := 1 + deaths%2*9; told < len(all); {
			some := all[told:min(told+many, len(all))]
			var reasons []string
			if many > 1 {
				reasons, err = c.SubmitBlocks(bounded(t), some)
			} else {
				reasons = make([]string, 1)
				reasons[0], err = c.SubmitBlock(bounded(t), some[0])
			}
			if err != nil && !struck {
				t.Fatalf("block %d: %v", told, err)
			}
			if err != nil {
				break // it is dead
			}
			for i, reason := range reasons {
				if reason != "" && reason != "duplicate" {
					t.Fatalf("block %d: %s", told+i, reason)
				}
			}
			if told += len(some); told > enough && !struck {
				strike()
			}
		}
		if !struck {
			strike()
		}
		if err := <-gone; err != nil {
			t.Fatal("killing: ", err)
		}
		deaths++
		if err := tn.Restart(bounded(t), "n1"); err != nil {
			t.Fatal(err)
		}
		haveAll(t, tn, all, told)
	}
	t.Logf("%d blocks, %d deaths", len(all), deaths)
}

// haveAll checks that n1 has the first of these blocks with their bodies, and the coins of a
// replay.
func haveAll(t *testing.T, tn *Testnet, all []*block.Block, first int) {
	t.Helper()
	c, err := tn.Client("n1")
	if err != nil {
		t.Fatal(err)
	}
	tree, err := c.Tree(bounded(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	has := map[block.Hash]bool{}
	for _, b := range tree.Blocks {
		has[b.Hash] = b.Txs > 0
	}
	for i, b := range all[:first] {
		if !has[b.Hash()] {
			t.Fatalf("it said yes to %d blocks, and block %d is not there", first, i)
		}
	}
	stats, err := rpc.GetTxOutSetInfo.Call(bounded(t), c, rpc.GetTxOutSetInfoArgs{})
	if err != nil || int(stats.Height) < first-1 {
		t.Fatalf("height %d, want at least %d: %v", stats.Height, first-1, err)
	}
	if stats.HashSerialized != replay(all[:stats.Height+1]) {
		t.Errorf("at height %d its coins are not those of a replay", stats.Height)
	}
}
