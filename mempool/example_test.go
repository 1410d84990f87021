package mempool_test

import (
	"fmt"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/mempool"
)

// A coin can be spent once. Before a block decides, the pool does: the payment that
// it saw first stays, and a second one with the same coin is refused. A node on the
// other side of the world may have seen the other one first, and then it is up to
// the miners; that is why a payment without a block is a promise only.
func Example() {
	params := chaingen.Network()
	tree, err := chain.NewTree(params, consensus.InOrder(consensus.P2PKH{}), chaingen.NewDisk(), nil, block.Hash{})
	if err != nil {
		panic(err)
	}
	now := time.Unix(1_700_000_000, 0)
	tip := chaingen.Genesis(params).MineEmpty("block", 3) // the first reward is mature now
	for _, b := range tip.Chain()[1:] {
		if _, err := tree.AddBlock(b.Block, now); err != nil {
			panic(err)
		}
	}
	coin := tip.Chain()[1].Reward()
	miner, bob, carol := chaingen.Miner, chaingen.NewKey("bob"), chaingen.NewKey("carol")
	toBob := miner.Pay([]consensus.UTXO{coin}, bob.To(49*block.Coin))
	toCarol := miner.Pay([]consensus.UTXO{coin}, carol.To(45*block.Coin)) // a fee five times as high

	pool := mempool.New(mempool.DefaultPolicy())
	_, err = pool.Add(tree, toBob, now)
	fmt.Println("to bob:  ", err)
	_, err = pool.Add(tree, toCarol, now)
	fmt.Println("to carol:", mempool.Reason(err))

	by, _ := pool.SpentBy(coin.Outpoint)
	fmt.Println("bob's payment spends the coin:", by == toBob.ID())
	fmt.Println("carol's sender broke a rule:  ", mempool.Condemns(err))
	// Output:
	// to bob:   <nil>
	// to carol: txn-mempool-conflict
	// bob's payment spends the coin: true
	// carol's sender broke a rule:   false
}

// A child can pay for its parent: the parent waits for want of a fee, and the one
// who was paid spends its output with a fee for both.
func ExamplePool_Template() {
	params := chaingen.Network()
	tree, err := chain.NewTree(params, consensus.InOrder(consensus.P2PKH{}), chaingen.NewDisk(), nil, block.Hash{})
	if err != nil {
		panic(err)
	}
	now := time.Unix(1_700_000_000, 0)
	tip := chaingen.Genesis(params).MineEmpty("block", 4)
	for _, b := range tip.Chain()[1:] {
		if _, err := tree.AddBlock(b.Block, now); err != nil {
			panic(err)
		}
	}
	miner, bob := chaingen.Miner, chaingen.NewKey("bob")
	pay := func(coin consensus.UTXO, fee block.Amount) *block.Tx {
		return miner.Pay([]consensus.UTXO{coin}, bob.To(coin.Value-fee))
	}
	parent := pay(tip.Chain()[1].Reward(), 200)
	other := pay(tip.Chain()[2].Reward(), 2000)
	child := bob.Pay([]consensus.UTXO{chaingen.Output(parent, 0)}, bob.To(49*block.Coin))
	names := map[block.Hash]string{parent.ID(): "parent", other.ID(): "other", child.ID(): "child"}

	pool := mempool.New(mempool.DefaultPolicy())
	show := func() {
		for _, e := range pool.Template(tree, 1_000_000, 20_000) {
			fmt.Printf("%s with its ancestors: %d, fee %s\n", names[e.ID], e.Ancestors.Count, e.Ancestors.Fee.Short())
		}
	}
	for _, tx := range []*block.Tx{parent, other} {
		if _, err := pool.Add(tree, tx, now); err != nil {
			panic(err)
		}
	}
	show()
	if _, err := pool.Add(tree, child, now); err != nil {
		panic(err)
	}
	fmt.Println("and with the child:")
	show()
	// Output:
	// other with its ancestors: 1, fee 0.00002
	// parent with its ancestors: 1, fee 0.000002
	// and with the child:
	// parent with its ancestors: 1, fee 0.000002
	// child with its ancestors: 2, fee 1
	// other with its ancestors: 1, fee 0.00002
}
