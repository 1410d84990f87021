package interop

import (
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/payer"
	"toychain/rpc"
	"toychain/wallet"
)

// Our node lives a life: it mines by call and in the background, takes payments of
// every shape that our wallet makes, fills blocks to the brim, and loses a branch to
// another node of ours with more work. btcd's pool takes every payment, and btcd's
// chain every block, in the order of their birth, and stands where we stand after
// each.
func TestOurBlocksPleaseBtcd(t *testing.T) {
	s := serve(t)
	j := newJudge(s)
	alice := s.owner(ourWords)
	for range 6 {
		s.mine(18, alice.at(0))
		j.follow()
	}
	shapes(alice, j)
	fullBlocks(alice, j)
	lostBranch(alice, j)
	minedInTheBackground(alice, j)
	t.Logf("btcd accepted %d blocks with %d payments", j.blocks, j.txs)
	if j.blocks < 230 || j.txs < 75 {
		t.Errorf("only %d blocks with %d payments: the story was not told", j.blocks, j.txs)
	}
}

// send pays and has btcd's pool look at it.
func (o *owner) send(j *judge, order payer.Request) payer.Result {
	o.served.t.Helper()
	r := o.pay(order)
	j.take(r.Tx)
	return r
}

// to is the address of a key of chaingen's.
func to(k chaingen.Key) wallet.Address { return wallet.KeyAddress(k.Public()) }

// shapes makes one payment of each kind, some of them out of each other's change.
func shapes(o *owner, j *judge) {
	s, friend := o.served, to(chaingen.NewKey("friend"))
	s.t.Helper()
	o.send(j, payer.To(friend, 546)) // not one unit less
	o.send(j, payer.To(o.first(), block.Coin))
	many := payer.Request{Data: make([]byte, block.MaxData), FeeRate: 20_000}
	for i := range 40 {
		many.Pay = append(many.Pay, wallet.Payment{To: to(chaingen.NewKey(fmt.Sprint(i))), Value: block.Amount(1000 * (i + 1))})
	}
	o.send(j, many)
	o.send(j, payer.Request{Pay: []wallet.Payment{{To: friend, Value: 120 * block.Coin}}, FeeRate: 3_333}) // several inputs
	for i := range 20 {                                                                                    // each out of the change of the one before
		o.send(j, payer.Request{Pay: []wallet.Payment{{To: friend, Value: block.Coin}}, Data: fmt.Appendf(nil, "payment %d", i)})
	}
	first := o.send(j, payer.Request{Pay: []wallet.Payment{{To: friend, Value: block.Coin}}, Replaceable: true})
	o.send(j, payer.Request{Pay: []wallet.Payment{{To: friend, Value: 2 * block.Coin}}, Replaceable: true,
		From: outpoints(first), FeeRate: 50_000}) // instead of it
	s.mine(1, o.at(1))
	j.follow()
	o.send(j, payer.Request{Pay: []wallet.Payment{{To: friend}}, All: true})
	s.mine(1, o.at(1))
	j.follow()
	if pool, err := s.RawMempool(s.ctx); err != nil || len(pool) != 0 {
		s.t.Errorf("%d payments are left in the pool (%v)", len(pool), err)
	}
}

func outpoints(r payer.Result) (out []block.Outpoint) {
	for _, c := range r.Spent {
		out = append(out, c.Outpoint)
	}
	return out
}

const (
	fanOuts   = 12    // payments with
	fanWidth  = 1_980 // outputs each: together more signature operations than a block may have
	fanValue  = 2_000
	sweeps    = 34  // payments that collect some of them again, each of
	sweepSize = 200 // inputs: together more bytes than a block may have
)

// fullBlocks fills a block up to the limit of signature operations, and others up to
// the limit of bytes.
func fullBlocks(o *owner, j *judge) {
	s, collector := o.served, chaingen.NewKey("collector")
	s.t.Helper()
	var coins []consensus.UTXO
	s.mine(99+fanOuts, o.at(2)) // the wallet is empty, and what it gets must mature
	j.follow()
	for _, coin := range o.confirmed(fanOuts) { // never out of change: two of them are more than a chain of payments may have
		order := payer.Request{FeeRate: 2_000, From: []block.Outpoint{coin}}
		for range fanWidth {
			order.Pay = append(order.Pay, wallet.Payment{To: to(collector), Value: fanValue})
		}
		r := o.send(j, order)
		for i := range fanWidth {
			coins = append(coins, chaingen.Output(r.Tx, i))
		}
	}
	s.drain(o.at(2), j, func(b *block.Block) bool { return sigOps(b) > consensus.MaxSigOps*9/10 })
	for i := range sweeps {
		tx := collect(s, collector, coins[i*sweepSize:][:sweepSize], o.first())
		if _, err := s.SendRaw(s.ctx, tx); err != nil {
			s.t.Fatal(err)
		}
		j.take(tx)
	}
	s.drain(o.at(2), j, func(b *block.Block) bool { return b.Size() > consensus.MaxBlockSize*9/10 })
}

// confirmed returns n coins of the wallet that can be spent and are in blocks.
func (o *owner) confirmed(n int) (out []block.Outpoint) {
	o.served.t.Helper()
	coins, err := o.Coins(o.served.ctx)
	if err != nil {
		o.served.t.Fatal(err)
	}
	for _, c := range coins {
		if c.Spendable && c.Height >= 0 && len(out) < n {
			out = append(out, c.Outpoint)
		}
	}
	if len(out) < n {
		o.served.t.Fatalf("the wallet has %d confirmed coins, want %d", len(out), n)
	}
	return out
}

// collect makes a payment of all coins, signed by our wallet.
func collect(s *served, from chaingen.Key, coins []consensus.UTXO, to wallet.Address) *block.Tx {
	s.t.Helper()
	tx := &block.Tx{Version: 2}
	var spent []block.Output
	sum := block.Amount(0)
	for i := range coins {
		tx.Inputs = append(tx.Inputs, block.Input{Prev: coins[i].Outpoint, Sequence: block.SequenceFinal})
		spent = append(spent, coins[i].Output)
		sum += coins[i].Value
	}
	tx.Outputs = []block.Output{{Value: sum * 9 / 10, Script: to.Script()}}
	err := wallet.Sign(tx, spent, func([20]byte) (*btcec.PrivateKey, bool) { return from.Private, true })
	if err != nil {
		s.t.Fatal(err)
	}
	return tx
}

// drain mines until the pool is empty, at least one block of which must be full.
func (s *served) drain(address string, j *judge, full func(*block.Block) bool) {
	s.t.Helper()
	was := false
	for {
		hash := s.mine(1, address)[0]
		j.follow()
		b, err := s.RawBlock(s.ctx, hash)
		if err != nil {
			s.t.Fatal(err)
		}
		was = was || full(b)
		if len(b.Txs) == 1 {
			break
		}
	}
	if pool, err := s.RawMempool(s.ctx); err != nil || len(pool) != 0 || !was {
		s.t.Fatalf("%d payments are left in the pool (%v); was a block full: %t", len(pool), err, was)
	}
}

func sigOps(b *block.Block) (n int) {
	for _, tx := range b.Txs {
		n += consensus.SigOps(tx)
	}
	return n
}

// lostBranch lets another node of ours mine a branch with more work, without the
// payments that ours confirms meanwhile. btcd is given each block when our node is.
func lostBranch(o *owner, j *judge) {
	s := o.served
	s.t.Helper()
	other := serve(s.t)
	height, err := s.BlockCount(s.ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	for h := block.Height(1); h <= height; h++ {
		other.accept(s.at(h))
	}
	lost := o.send(j, payer.To(to(chaingen.NewKey("friend")), 3*block.Coin))
	s.mine(3, o.at(0))
	j.follow()
	for _, hash := range other.mine(5, o.at(1)) {
		b, err := other.RawBlock(other.ctx, hash)
		if err != nil {
			s.t.Fatal(err)
		}
		s.accept(b)
		j.accept(b)
		if tip, err := s.BestBlockHash(s.ctx); err != nil || tip != j.tip() {
			s.t.Fatalf("after block %s of the other branch we stand on %s, btcd on %s (%v)", hash, tip, j.tip(), err)
		}
	}
	if reorgs, err := s.Reorgs(s.ctx, 1); err != nil || len(reorgs) != 1 || reorgs[0].Depth != 3 {
		s.t.Fatalf("the journal says %+v (%v), want a reorganisation 3 deep", reorgs, err)
	}
	s.mine(1, o.at(0)) // the payment that was in the lost branch is in a block again
	j.follow()
	if tx, err := s.Tx(s.ctx, lost.TxID); err != nil || tx.Confirmations == nil || *tx.Confirmations != 1 {
		s.t.Errorf("the payment of the lost branch is %+v (%v)", tx, err)
	}
}

func (s *served) at(h block.Height) *block.Block {
	s.t.Helper()
	hash, err := rpc.GetBlockHash.Call(s.ctx, s.Client, rpc.HeightArg{Height: int64(h)})
	if err != nil {
		s.t.Fatal(err)
	}
	b, err := s.RawBlock(s.ctx, hash)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// accept hands in a block, which the node must find good, on whatever branch.
func (s *served) accept(b *block.Block) {
	s.t.Helper()
	if reason, err := s.SubmitBlock(s.ctx, b); err != nil || reason != "" && reason != "inconclusive" {
		s.t.Fatalf("submitblock %s: %q, %v", b.Hash(), reason, err)
	}
}

// minedInTheBackground lets the node's own miner find blocks while payments come in.
func minedInTheBackground(o *owner, j *judge) {
	s := o.served
	s.t.Helper()
	if _, err := s.SetMining(s.ctx, o.at(0), 40); err != nil { // a block costs two hashes
		s.t.Fatal(err)
	}
	for range 4 {
		s.untilConfirmed(o.pay(payer.To(o.first(), block.Coin)).TxID)
	}
	if _, err := s.SetMining(s.ctx, "", 0); err != nil {
		s.t.Fatal(err)
	}
	j.follow()
}

// untilConfirmed waits for the block that holds a payment.
func (s *served) untilConfirmed(id block.Hash) {
	s.t.Helper()
	for {
		height, err := s.BlockCount(s.ctx)
		if err != nil {
			s.t.Fatal(err)
		}
		tx, err := s.Tx(s.ctx, id)
		if err != nil {
			s.t.Fatal(err)
		}
		if tx.Confirmations != nil && *tx.Confirmations > 0 {
			return
		}
		if _, err := rpc.WaitForBlockHeight.Call(s.ctx, s.Client, rpc.WaitForBlockHeightArgs{Height: int64(height) + 1}); err != nil {
			s.t.Fatal(err)
		}
	}
}
