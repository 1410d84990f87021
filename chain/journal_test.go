package chain_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// ledger gives payments names, so that an account of a reorganisation can be read.
type ledger struct {
	*story
	txs map[string]*block.Tx
	ids map[block.Hash]string
}

func (l *ledger) name(name string, tx *block.Tx) *block.Tx {
	l.txs[name], l.ids[tx.ID()] = tx, name
	return tx
}

// account writes what became of each payment, in the order of the journal.
func (l *ledger) account(r *chain.Reorg) string {
	var out []string
	for _, id := range r.Returned {
		out = append(out, l.ids[id]+" returned")
	}
	for _, x := range r.Reconfirmed {
		out = append(out, fmt.Sprintf("%s reconfirmed in %s", l.ids[x.TxID], l.names[x.Block]))
	}
	for _, x := range r.Conflicted {
		by := l.ids[x.By]
		if x.By.IsZero() {
			by = "nobody"
		}
		out = append(out, fmt.Sprintf("%s conflicted by %s", l.ids[x.TxID], by))
	}
	return strings.Join(out, "; ")
}

func playLedger(t *testing.T, tell func(*ledger)) {
	play(t, chaingen.Network(), func(s *story) {
		l := &ledger{s, make(map[string]*block.Tx), make(map[block.Hash]string)}
		s.draw("g", "1 2 3 4 5 6")
		s.all("1 2 3 4 5 6")
		tell(l)
	})
}

// Coins made before the fork, spent differently on its two sides: what one branch
// does to them must be taken back before the other may spend them. In the branch
// that joins, payments spend each other's outputs inside one block and from block
// to block.
//
//	          ┌─ 7a ─ 8a          alice has coin 1; bob has half of coin 2
//	g ─ … ─ 6 ┤
//	          └─ 7b ─ 8b ─ 9b     bob has coin 1, and passes it on; carol has coin 2
func TestReorgSpendsAcrossTheFork(t *testing.T) {
	playLedger(t, func(l *ledger) {
		one, two := l.blocks["1"].Reward(), l.blocks["2"].Reward()
		half := miner.Pay([]consensus.UTXO{two}, bob.To(25*coin), miner.To(25*coin))
		l.pay("6", "7a", l.name("one to alice", chaingen.Move(one, alice)))
		l.pay("7a", "8a", l.name("half to bob", half), l.name("rest to carol", chaingen.Move(chaingen.Output(half, 1), carol)))

		toBob := l.name("one to bob", chaingen.Move(one, bob))
		on := l.name("on to carol", bob.Pay([]consensus.UTXO{chaingen.Output(toBob, 0)}, carol.To(20*coin), bob.To(30*coin)))
		last := l.name("rest to alice", bob.Pay([]consensus.UTXO{chaingen.Output(on, 1)}, alice.To(30*coin)))
		l.pay("6", "7b", toBob, on)
		l.pay("7b", "8b", last)
		l.pay("8b", "9b", l.name("two to carol", chaingen.Move(two, carol)))

		l.all("7a 8a")
		change := l.add("7b 8b 9b", "-8a -7a +7b +8b +9b")
		want := "one to alice conflicted by one to bob; half to bob conflicted by two to carol; rest to carol conflicted by nobody"
		if got := l.account(change.Reorg); got != want {
			l.t.Errorf("got  %s\nwant %s", got, want)
		}
		// And back again, where other coins are there to be spent.
		l.draw("8a", "9a 10a")
		change = l.add("9a 10a", "-9b -8b -7b +7a +8a +9a +10a")
		want = "one to bob conflicted by one to alice; on to carol conflicted by nobody; " +
			"rest to alice conflicted by nobody; two to carol conflicted by half to bob"
		if got := l.account(change.Reorg); got != want {
			l.t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// Every fate that a payment can meet, in one reorganisation.
//
//	          ┌─ 7a ─ 8a
//	g ─ … ─ 6 ┤
//	          └─ 7b ─ 8b ─ 9b
func TestJournal(t *testing.T) {
	playLedger(t, func(l *ledger) {
		reward := func(name string) consensus.UTXO { return l.blocks[name].Reward() }
		free := l.name("free", chaingen.Move(reward("1"), alice))
		child := l.name("child of free", chaingen.Pass(alice, free, 0, bob))
		both := l.name("both", chaingen.Move(reward("2"), alice))
		spentAgain := l.name("child of both", chaingen.Pass(alice, both, 0, carol))
		cheated := l.name("cheated", chaingen.Move(reward("3"), bob))
		lost := l.name("child of cheated", chaingen.Pass(bob, cheated, 0, carol))
		theft := l.name("theft", chaingen.Move(reward("3"), carol))
		l.pay("6", "7a", both, free, cheated)
		l.pay("7a", "8a", child, lost, spentAgain)
		l.pay("6", "7b")
		l.pay("7b", "8b", theft, both)
		l.pay("8b", "9b")
		l.all("7a 8a")
		change := l.add("7b 8b 9b", "-8a -7a +7b +8b +9b")

		want := "free returned; child of free returned; child of both returned; " +
			"both reconfirmed in 8b; cheated conflicted by theft; child of cheated conflicted by nobody"
		if got := l.account(change.Reorg); got != want {
			l.t.Errorf("got  %s\nwant %s", got, want)
		}
		place := func(name string) chain.Point {
			return chain.Point{Hash: l.blocks[name].Hash, Height: l.blocks[name].Height()}
		}
		r := change.Reorg
		if r.From != place("8a") || r.To != place("9b") || r.Fork != place("6") || r.Depth() != 2 || !r.Time.Equal(l.now) {
			l.t.Errorf("from %v to %v, fork %v, depth %d, at %v", r.From, r.To, r.Fork, r.Depth(), r.Time)
		}
		if !reflect.DeepEqual(r.Left, []chain.Point{place("7a"), place("8a")}) ||
			!reflect.DeepEqual(r.Joined, []chain.Point{place("7b"), place("8b"), place("9b")}) {
			l.t.Errorf("left %v, joined %v", r.Left, r.Joined)
		}
	})
}

// A reward that died with its block takes along what was paid from it. No other
// transaction is to blame.
//
//	          ┌─ 7a ─ 8a ─ 9a ─ 10a       10a pays on the reward of 7a, which was mature
//	g ─ … ─ 6 ┤
//	          └─ 7b ─ … ─ 11b
func TestJournalOfLostRewards(t *testing.T) {
	playLedger(t, func(l *ledger) {
		l.draw("6", "7a 8a 9a")
		paid := l.name("reward of 7a to bob", chaingen.Move(l.blocks["7a"].Reward(), bob))
		l.pay("9a", "10a", paid, l.name("to carol", chaingen.Pass(bob, paid, 0, carol)))
		l.draw("6", "7b 8b 9b 10b 11b")
		l.all("7a 8a 9a 10a")
		change := l.add("7b 8b 9b 10b 11b", "-10a -9a -8a -7a +7b +8b +9b +10b +11b")
		if got, want := l.account(change.Reorg), "reward of 7a to bob conflicted by nobody; to carol conflicted by nobody"; got != want {
			l.t.Errorf("got %s, want %s", got, want)
		}
	})
}

// A block that only extends the best chain is nobody's loss: no journal.
func TestNoJournalWithoutReorg(t *testing.T) {
	playLedger(t, func(l *ledger) {
		l.draw("6", "7a")
		l.draw("6", "7b")
		for _, name := range []string{"7a", "7b"} {
			moves := map[string]string{"7a": "+7a"}
			if change := l.add(name, moves[name]); change.Reorg != nil {
				l.t.Errorf("%s: %+v", name, change.Reorg)
			}
		}
	})
}

// The steps of a change are what an index or a wallet follows: applied one after
// the other to the coins of the old tip they give the coins of the new one.
func TestStepsTellTheCoins(t *testing.T) {
	playLedger(t, func(l *ledger) {
		one := l.blocks["1"].Reward()
		a := chaingen.Move(one, alice)
		l.pay("6", "7a", a, chaingen.Pass(alice, a, 0, bob))
		l.pay("6", "7b", chaingen.Move(one, carol))
		l.draw("7b", "8b")
		l.all("7a")
		set := l.blocks["7a"].CoinSet()
		change := l.add("7b 8b", "-7a +7b +8b")
		for _, step := range append(change.Reverted, change.Applied...) {
			for i, tx := range step.Block.Txs {
				if step.IDs[i] != tx.ID() {
					l.t.Errorf("block %s: tx %d has another id", l.names[step.Hash], i)
				}
			}
			for _, c := range step.Delta.Created {
				set[c.Outpoint] = &c.Coin
			}
			for _, c := range step.Delta.Spent {
				delete(set, c.Outpoint)
			}
		}
		if !reflect.DeepEqual(set, l.blocks["8b"].CoinSet()) {
			l.t.Errorf("the steps lead to %v, want %v", set, l.blocks["8b"].CoinSet())
		}
	})
}
