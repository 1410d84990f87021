package chain_test

import (
	"fmt"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// Two histories from one block. The node stays with the first it saw until the
// other has more work; then it goes back to the fork and forward again, in one
// step, and says what that did.
func ExampleTree() {
	disk := chaingen.NewDisk()
	tree, err := chain.NewTree(chaingen.Network(), chain.NewVerifier(consensus.P2PKH{}), disk, nil, block.Hash{})
	if err != nil {
		panic(err)
	}
	g := chaingen.Genesis(tree.Params())
	one := g.Mine("1")
	left := one.Mine("left 2").Mine("left 3")
	right := one.Mine("right 2").Mine("right 3").Mine("right 4")

	for _, b := range append(left.Chain()[1:], right.Chain()[2:]...) {
		change, err := tree.AddBlock(b.Block, now)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%-8s %d blocks leave, %d join, the tip is at height %d\n",
			b.Name+":", len(change.Reverted), len(change.Applied), tree.Tip().Height)
	}
	if err := tree.Flush(); err != nil { // one batch: all of it is on the disk, or nothing
		panic(err)
	}
	for _, tip := range tree.Tips() {
		fmt.Printf("height %d: %s\n", tip.Height, tip.Status)
	}
	// Output:
	// 1:       0 blocks leave, 1 join, the tip is at height 1
	// left 2:  0 blocks leave, 1 join, the tip is at height 2
	// left 3:  0 blocks leave, 1 join, the tip is at height 3
	// right 2: 0 blocks leave, 0 join, the tip is at height 3
	// right 3: 0 blocks leave, 0 join, the tip is at height 3
	// right 4: 2 blocks leave, 3 join, the tip is at height 4
	// height 4: active
	// height 3: valid-fork
}

// What a reorganisation does to payments: the one that the new branch holds too is
// confirmed again, one that it makes impossible is in conflict, and the rest go
// back to be mined later.
func ExampleReorg() {
	tree := chaingen.NewDisk().MustOpen(chaingen.Network())
	alice, bob := chaingen.NewKey("alice"), chaingen.NewKey("bob")
	base := chaingen.Genesis(tree.Params()).MineEmpty("", 6)
	coins := base.Chain()
	both := chaingen.Move(coins[1].Reward(), alice)
	lost := chaingen.Move(coins[2].Reward(), alice)
	instead := chaingen.Move(coins[2].Reward(), bob)
	waits := chaingen.Move(coins[3].Reward(), alice)

	left := base.Mine("left", both, lost, waits)
	right := base.Mine("right", both, instead).Mine("more")
	var change chain.Change
	for _, b := range append(left.Chain()[1:], right.Chain()[7:]...) {
		var err error
		if change, err = tree.AddBlock(b.Block, now); err != nil {
			panic(err)
		}
	}
	r := change.Reorg
	fmt.Println("depth", r.Depth())
	fmt.Println("confirmed again:", len(r.Reconfirmed) == 1 && r.Reconfirmed[0].TxID == both.ID())
	fmt.Println("in conflict:", r.Conflicted[0] == chain.Conflicted{TxID: lost.ID(), By: instead.ID()})
	fmt.Println("returned:", r.Returned[0] == waits.ID())
	// Output:
	// depth 1
	// confirmed again: true
	// in conflict: true
	// returned: true
}
