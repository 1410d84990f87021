package demo

import (
	"context"
	"fmt"

	"toychain/block"
	"toychain/rpc"
)

// The halves of the network.
var (
	allNodes   = []string{"n1", "n2", "n3", "n4"}
	leftNodes  = []string{"n1", "n2"}
	rightNodes = []string{"n3", "n4"}
)

// What is paid. The rewards of blocks that are not mined for alice or dave go to a miner that
// plays no other part.
const (
	firstAmount block.Amount = 10 * block.Coin // alice to bob, before the cut
	splitAmount block.Amount = 20 * block.Coin // alice to bob, and the same coin to carol
	daveAmount  block.Amount = 5 * block.Coin  // dave to bob
)

// money: a block is mined for alice and one for dave, and enough others to spend the rewards.
func (d *demo) money(ctx context.Context) {
	d.chapter("Money comes from work")
	d.idea("A wallet is twelve words, and everything follows from them: keys, addresses.",
		"A block is work: its hash must be very small, so a miner tries until one is.")
	d.fail(d.makePeople("alice", "bob", "carol", "dave", "miner"))
	for _, who := range []string{"alice", "bob", "carol", "dave"} {
		d.fact("%-5s  %s", who, d.people[who].text)
	}
	params := d.net.Params()
	deep := int(params.Maturity)
	d.mine(ctx, "n1", "alice", 1, allNodes)
	d.mine(ctx, "n2", "dave", 1, allNodes)
	d.mine(ctx, "n3", "miner", deep/2, allNodes)
	d.mine(ctx, "n4", "miner", deep-deep/2, allNodes)
	for who, b := range d.balances(ctx, "n1", "alice", "dave") {
		same(d, who+"'s money that can be spent", params.Subsidy, b.Confirmed)
	}
	d.blank()
	d.fact("n1 mined block 1, its reward of %s new coins for alice; n2 block 2, for dave.", params.Subsidy.Short())
	d.fact("A reward can be spent %d blocks later. n3 and n4 mined those: both can now.", deep)
	d.fact("A block takes %s tries here, on average.", grouped(d.work(ctx, "n1", 1)))
	d.draw(ctx, false)
}

// firstPayment: signed, passed on, confirmed everywhere.
func (d *demo) firstPayment(ctx context.Context) {
	d.chapter("A payment")
	d.idea("A payment spends whole coins and makes new ones: one for bob, the rest for",
		"alice. Her signature shows that it is her coin. It waits in a pool until a",
		"block holds it.")
	d.first = d.pay(ctx, "n1", "alice", "bob", firstAmount)
	d.pools(ctx, allNodes, d.first)
	d.confirmed(ctx, allNodes, d.first, d.mine(ctx, "n4", "miner", 1, allNodes, d.first))
	d.pools(ctx, allNodes)
	d.forked = d.height(ctx)
	d.first.Fate = fateConfirmed
	d.fact("alice pays bob %s of her coin of %s, through n1. n1 told the others.", firstAmount.Short(), d.first.coin.Value.Short())
	d.fact("n4 mined block %d with the payment in it: confirmed, on all four nodes.", d.forked)
	d.draw(ctx, false)
}

// cut: the network is partitioned, and one coin is spent on both sides.
func (d *demo) cut(ctx context.Context) {
	d.chapter("The network is cut in two")
	d.idea("No message crosses the cut. Neither half can tell whether the other one is",
		"gone or only out of reach, so both go on.")
	d.fail(d.net.Partition(ctx, [][]string{leftNodes, rightNodes}))
	d.fact("left: n1 n2    right: n3 n4    no connection between them")
	d.blank()

	d.toBob = d.pay(ctx, "n1", "alice", "bob", splitAmount)
	d.daves = d.pay(ctx, "n2", "dave", "bob", daveAmount)
	coin := d.toBob.coin.Outpoint
	d.toCarol = d.pay(ctx, "n3", "alice", "carol", splitAmount, coin)
	same(d, "coin that alice spends on the right", coin, d.toCarol.coin.Outpoint)
	d.pools(ctx, leftNodes, d.toBob, d.daves)
	d.pools(ctx, rightNodes, d.toCarol)
	d.fact("left:   alice pays bob %s, dave pays bob %s", splitAmount.Short(), daveAmount.Short())
	d.fact("right:  alice pays carol %s, with the very same coin", splitAmount.Short())
	d.blank()
	d.fact("Each half took what it saw into its pools. Neither saw the other payment,")
	d.fact("so neither sees that one coin (%s…:%d) is spent twice.", coin.TxID.String()[:8], coin.Index)
}

// twoHistories: both halves mine.
func (d *demo) twoHistories(ctx context.Context) {
	d.chapter("Two histories")
	d.idea("A block names the one before it, so blocks make a chain. Now there are two",
		"chains with a common beginning. Both keep every rule; they only contradict",
		"each other.")
	d.left = []block.Hash{d.mine(ctx, "n1", "miner", 1, leftNodes, d.toBob, d.daves)}
	d.right = []block.Hash{d.mine(ctx, "n3", "miner", 1, rightNodes, d.toCarol)}
	d.left = append(d.left, d.mine(ctx, "n2", "miner", 1, leftNodes))
	d.right = append(d.right, d.mine(ctx, "n4", "miner", 1, rightNodes), d.mine(ctx, "n3", "miner", 1, rightNodes))
	d.fact("The left half mined %d blocks, the right half %d:", len(d.left), len(d.right))
	d.draw(ctx, true)
	d.askBothSides(ctx)
}

// askBothSides shows that balances differ between the halves.
func (d *demo) askBothSides(ctx context.Context) {
	people := []string{"bob", "carol"}
	left, right := d.balances(ctx, "n2", people...), d.balances(ctx, "n4", people...)
	same(d, "bob's money on the left", firstAmount+splitAmount+daveAmount, left["bob"].Confirmed)
	same(d, "carol's money on the left", 0, left["carol"].Total())
	same(d, "bob's money on the right", firstAmount, right["bob"].Confirmed)
	same(d, "carol's money on the right", splitAmount, right["carol"].Confirmed)
	d.blank()
	d.fact("Each side is sure of its own:")
	d.blank()
	d.fact("          n2 says   n4 says")
	for _, who := range people {
		d.fact("%-7s %9s %9s", who, left[who].Confirmed.Short(), right[who].Confirmed.Short())
	}
}

// heal: the halves meet, and the history with less work becomes stale.
func (d *demo) heal(ctx context.Context) {
	d.chapter("The halves meet again")
	d.idea("One rule decides: the history with the most work counts, because it is the",
		"one that costs most to forge. No vote, no judge: every node does the sum by",
		"itself.")
	less, more := d.work(ctx, "n1", len(d.left)), d.work(ctx, "n3", len(d.right))
	if less >= more {
		d.fail(unexpected("work of the left half", fmt.Sprintf("less than the right half's %v", more), less))
		return
	}
	d.fail(d.net.Heal(ctx))
	d.tip(ctx, allNodes, d.right[len(d.right)-1])
	d.checkReorgs(ctx)
	d.fact("%d blocks of n1 and n2 take %s tries on average, %d of n3 and n4 %s.", len(d.left), grouped(less), len(d.right), grouped(more))
	d.fact("So n1 and n2 took their %d blocks back and went over. n3 and n4 stayed:", len(d.left))
	d.checkStale(d.draw(ctx, true))
	d.tellFates(ctx)
}

// tellFates shows what became of the payments in the stale blocks.
func (d *demo) tellFates(ctx context.Context) {
	d.pools(ctx, leftNodes, d.daves)
	reason := d.refused(ctx, d.toBob)
	d.result.ReturnedTxs, d.result.ConflictedTxs = 1, 1
	d.blank()
	d.fact("The two blocks on the right are stale. What was in them (n1's journal):")
	d.blank()
	d.fact("alice → bob %3s   %s: alice → carol spent its coin.", splitAmount.Short(), d.paint("31", fateConflicted))
	d.fact("                  n1 refuses it now: %s", reason)
	d.fact("dave  → bob %3s   %s: nothing contradicts it, it can be mined.", daveAmount.Short(), d.paint("33", "back in the pool"))
}

// again: the payment that returned from a stale block is mined.
func (d *demo) again(ctx context.Context) {
	d.chapter("What was not lost")
	d.idea("A payment is not tied to a block. The next miner takes what is in the pool.")
	d.confirmed(ctx, allNodes, d.daves, d.mine(ctx, "n2", "miner", 1, allNodes, d.daves))
	d.confirmed(ctx, allNodes, d.toCarol, d.blockOf(ctx, "n1", d.toCarol))
	d.pools(ctx, allNodes)
	d.daves.Fate, d.toCarol.Fate = fateReturned, fateConfirmed
	d.fact("n2 mined block %d, and dave's payment is in it. All four nodes agree:", d.height(ctx))
	d.checkStale(d.draw(ctx, false))
}

// audit compares the coins of all nodes.
func (d *demo) audit(ctx context.Context) {
	d.chapter("The check")
	d.idea("To agree is to have the same coins. A hash over all of them tells: if one",
		"coin on one node were different, so would be its hash.")
	var stats []rpc.CoinStats
	for _, name := range allNodes {
		stats = append(stats, call(d, name, func(c *rpc.Client) (rpc.CoinStats, error) {
			return rpc.GetTxOutSetInfo.Call(ctx, c, rpc.GetTxOutSetInfoArgs{})
		}))
	}
	first := stats[0]
	for i, s := range stats {
		same(d, allNodes[i]+"'s tip", first.BestBlock, s.BestBlock)
		same(d, allNodes[i]+"'s coin set", first.HashSerialized, s.HashSerialized)
		d.fact("%s  height %d  tip %s  %d coins  hash %s", allNodes[i], s.Height, s.BestBlock.Short(), s.TxOuts, s.HashSerialized.String()[:16])
	}
	if first.HashSerialized.IsZero() {
		d.fail(unexpected("the hash of the coin set", "64 hex digits", "absent"))
	}
	mined := block.Amount(first.Height) * d.net.Params().Subsidy
	same(d, "all coins together", mined, first.TotalAmount)
	d.result.Converged, d.result.Tip, d.result.Height, d.result.UTXOHash = true, first.BestBlock, first.Height, first.HashSerialized
	for _, p := range []*payment{d.first, d.toBob, d.toCarol, d.daves} {
		d.result.Payments = append(d.result.Payments, p.Payment)
	}
	d.sums(ctx, mined)
}

// sums shows the balances, and that they add up to the rewards.
func (d *demo) sums(ctx context.Context, mined block.Amount) {
	people := []string{"alice", "bob", "carol", "dave", "miner"}
	have := d.balances(ctx, "n3", people...)
	subsidy := d.net.Params().Subsidy
	for who, want := range map[string]block.Amount{
		"alice": subsidy - d.first.Amount - d.first.Fee - d.toCarol.Amount - d.toCarol.Fee,
		"bob":   d.first.Amount + d.daves.Amount,
		"carol": d.toCarol.Amount,
		"dave":  subsidy - d.daves.Amount - d.daves.Fee,
	} {
		same(d, who+"'s money", want, have[who].Confirmed)
	}
	d.blank()
	var total block.Amount
	for _, who := range people {
		b := have[who]
		total += b.Total()
		note := ""
		if b.Immature > 0 {
			note = fmt.Sprintf("   %s of it too young to spend", b.Immature.Short())
		}
		d.fact("%-6s %13s%s", who, b.Total(), note)
	}
	d.fact("%-6s %13s   %d blocks of %s: no coin made of nothing, none lost", "all", total, mined/subsidy, subsidy.Short())
	same(d, "all balances together", mined, total)
}
