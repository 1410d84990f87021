package consensus_test

import (
	"errors"
	"fmt"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/pow"
)

// A chain of three blocks, made by hand. Each one names its parent by hash,
// commits to its transactions by the merkle root, and costs a search for a nonce.
func ExampleApplyBlock() {
	state := consensus.Genesis(consensus.Regtest())
	for range 3 {
		height := state.Height + 1
		coinbase := &block.Tx{
			Version: 1,
			Inputs: []block.Input{{
				Prev:     block.Outpoint{Index: block.NullIndex},
				Script:   block.CoinbaseScript(height, 0, "an example"),
				Sequence: block.SequenceFinal,
			}},
			Outputs: []block.Output{{
				Value:  state.Params.SubsidyAt(height),
				Script: block.PubKeyHashScript([20]byte{}), // of nobody we know
			}},
		}
		b := &block.Block{Txs: []*block.Tx{coinbase}}
		b.Header = block.Header{
			Version: 4, Prev: state.Hash, Bits: state.NextBits(),
			Time: state.Header.Time + 600,
		}
		b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs())
		target, err := pow.TargetFromBits(b.Header.Bits)
		if err != nil {
			panic(err)
		}
		tries, _ := pow.Search(&b.Header, target, 0, 1_000_000)

		next, delta, err := consensus.ApplyBlock(state, consensus.NewBlock(b), nil, consensus.InOrder(consensus.P2PKH{})) // it spends no coins
		if err != nil {
			panic(err)
		}
		fmt.Printf("block %d: %d tries, %d new coin of %s, work so far %.0f\n",
			next.Height, tries, len(delta.Created), delta.Created[0].Value.Short(), next.Work.Float())
		state = next
	}
	// Output:
	// block 1: 1 tries, 1 new coin of 50, work so far 4
	// block 2: 1 tries, 1 new coin of 50, work so far 6
	// block 3: 2 tries, 1 new coin of 50, work so far 8
}

// The same coin paid to two people. In one history only one of them can have it,
// and a block that pays both breaks a rule that has a name.
func ExampleRule() {
	tip := chaingen.Genesis(chaingen.Network()).MineEmpty("", 4)
	coin := tip.Chain()[1].Reward()
	toAlice := chaingen.Move(coin, chaingen.NewKey("alice"))
	toBob := chaingen.Move(coin, chaingen.NewKey("bob"))

	paid := tip.Mine("alice is paid", toAlice)
	b := chaingen.Seal(paid.Template("and bob too", toBob))
	needs := consensus.Needs(paid.State, consensus.NewBlock(b))
	_, _, err := consensus.ApplyBlock(paid.State, consensus.NewBlock(b), paid.Coins(needs), paid.Verifier)

	fmt.Println(consensus.RuleOf(err))
	fmt.Println("the coin is gone:", errors.Is(err, consensus.BadMissingOrSpent))
	fmt.Println("the block can never become valid:", consensus.Condemns(err))
	// Output:
	// bad-txns-inputs-missingorspent
	// the coin is gone: true
	// the block can never become valid: true
}
