package virtual

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/mempool"
	"toychain/rpc"
	"toychain/rpc/answer"
	"toychain/sim"
	"toychain/wallet"
)

// node answers the calls of scripts, as package rpc/server does for a real node. It sets those fields
// of the answers that scripts and wallets read.
type node struct {
	world *World
	*sim.Node
}

// BlockchainInfo returns the state of the chain.
func (n *node) BlockchainInfo(context.Context) (rpc.BlockchainInfo, error) {
	tip, best := n.Engine().Tree().Tip(), n.Engine().Tree().BestHeader()
	return rpc.BlockchainInfo{Blocks: tip.Height, Headers: best.Height, BestBlockHash: tip.Hash, ChainWork: tip.Work,
		Network: answer.Network(n.world.params)}, nil
}

// AddressUTXOs returns the coins of some addresses.
func (n *node) AddressUTXOs(_ context.Context, addresses []string, pending bool) ([]rpc.UTXO, error) {
	watched := map[string]bool{}
	for _, a := range addresses {
		script, err := n.payTo(a)
		if err != nil {
			return nil, err
		}
		watched[string(script)] = true
	}
	if err := n.world.sim.Flush(n.Node); err != nil {
		return nil, err
	}
	var coins []consensus.UTXO
	for o, c := range n.Coins() {
		if watched[string(c.Script)] {
			coins = append(coins, consensus.UTXO{Outpoint: o, Coin: *c})
		}
	}
	slices.SortFunc(coins, func(a, b consensus.UTXO) int {
		return cmp.Or(cmp.Compare(a.Height, b.Height), bytes.Compare(a.TxID[:], b.TxID[:]), cmp.Compare(a.Index, b.Index))
	})
	pool := n.Engine().Pool()
	if pending {
		coins = append(coins, answer.Pending(pool, maps.Keys(watched))...)
	}
	spent := map[block.Outpoint]block.Hash{}
	for i := range coins {
		if by, ok := pool.SpentBy(coins[i].Outpoint); ok {
			spent[coins[i].Outpoint] = by
		}
	}
	tip := n.Engine().Tree().Tip()
	return answer.Coins(coins, &tip, spent), nil
}

// AddressHistory is Impossible: no step reads it.
func (n *node) AddressHistory(context.Context, []string, bool) ([]rpc.HistoryRow, error) {
	return nil, Impossible{"the history of an address", "no node keeps an index of addresses"}
}

// MempoolInfo returns the size and the fees of the mempool.
func (n *node) MempoolInfo(context.Context) (rpc.MempoolInfo, error) {
	return answer.Mempool(n.Engine().Pool(), true), nil
}

// SendRaw submits a transaction.
func (n *node) SendRaw(_ context.Context, tx *block.Tx) (block.Hash, error) {
	found, _ := n.Engine().Pool().Test(n.Engine().Tree(), tx, n.Clock())
	if err := answer.CheckFee(found, answer.MaxFeeRate); err != nil {
		return block.Hash{}, err
	}
	err := n.world.sim.Give(n.Node, engine.TxReceived{Tx: tx})
	if errors.Is(err, mempool.ErrKnown) {
		err = nil
	}
	return tx.ID(), answer.Rejection(err)
}

// TestAccept returns whether the mempool would accept a transaction.
func (n *node) TestAccept(_ context.Context, tx *block.Tx) (row rpc.TestAccept, err error) {
	found, err := n.Engine().Pool().Test(n.Engine().Tree(), tx, n.Clock())
	if err != nil && mempool.Reason(err) == "" {
		return row, err
	}
	row.TxID = found.ID
	answer.FillTest(&row, found, err, answer.MaxFeeRate)
	return row, nil
}

// Tree returns all blocks from a height on.
func (n *node) Tree(_ context.Context, from block.Height) (rpc.Tree, error) {
	t, err := answer.Tree(n.Engine().Tree())
	t.From = from
	t.Blocks = slices.DeleteFunc(t.Blocks, func(b rpc.TreeBlock) bool { return b.Height < from })
	return t, err
}

// Changed returns what changed in a node's tree after an earlier answer with this sequence number, 0 for
// all; ok is false if the node cannot be asked. A node that lost its memory answers with all.
func (w *World) Changed(name string, since int64) (out rpc.Tree, ok bool, err error) {
	n, err := w.named(name)
	if err != nil || !n.Up() || n.Paused() {
		return out, false, err
	}
	tree := n.Engine().Tree()
	infos, known := tree.ChangedSince(since)
	if since == 0 || !known {
		if out, err = answer.Tree(tree); err != nil {
			return out, false, err
		}
	}
	tip := tree.Tip()
	out.Tip, out.Height, out.Seq = tip.Hash, tip.Height, tree.Changes()
	if out.Blocks != nil {
		return out, true, nil
	}
	for i := range infos {
		b, err := answer.BlockWithText(tree, &infos[i])
		if err != nil {
			return out, false, err
		}
		out.Blocks = append(out.Blocks, b)
	}
	return out, true, nil
}

// Reorgs returns the last entries of the journal; limit 0: all.
func (n *node) Reorgs(_ context.Context, limit int) (out []rpc.Reorg, err error) {
	journal := n.Node.Reorgs()
	if limit > 0 {
		journal = journal[max(0, len(journal)-limit):]
	}
	for i := range journal {
		r, err := answer.Reorg(&journal[i], n.among)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// Bans returns the peers that the node has banned.
func (n *node) Bans(context.Context) (out []rpc.Ban, err error) {
	for _, id := range n.Banned() {
		out = append(out, rpc.Ban{Address: string(id)})
	}
	return out, nil
}

// Tx returns the ID of a transaction of the mempool, and of a confirmed one the block, too.
func (n *node) Tx(_ context.Context, id block.Hash) (rpc.Tx, error) {
	if n.Engine().Pool().Has(id) {
		return rpc.Tx{TxID: id}, nil
	}
	tree := n.Engine().Tree()
	info, err := n.world.places.active(tree, id)
	if err != nil {
		return rpc.Tx{}, err
	}
	return rpc.Tx{TxID: id, BlockHash: info.Hash, Confirmations: new(int(tree.Tip().Height-info.State.Height) + 1)}, nil
}

// RawBlock returns a block of any branch.
func (n *node) RawBlock(_ context.Context, hash block.Hash) (*block.Block, error) {
	return n.Engine().Tree().Block(hash)
}

// SubmitBlock submits a block, and returns BIP22's word for its fate.
func (n *node) SubmitBlock(_ context.Context, b *block.Block) (string, error) {
	verdict := n.world.sim.Give(n.Node, engine.BlockReceived{Block: b})
	return answer.Submitted(verdict, func() (bool, error) {
		info, _ := n.Engine().Tree().Info(b.Hash())
		return info.Active, nil
	})
}

// searching is how long a node searches for a block: what was sent before arrives meanwhile.
const searching = 2 * longest

// Generate mines some blocks on the tip.
func (n *node) Generate(ctx context.Context, count int, address string) (out []block.Hash, err error) {
	script, err := n.payTo(address)
	for err == nil && len(out) < count && ctx.Err() == nil {
		if err = n.world.sim.RunFor(ctx, searching); err != nil {
			break
		}
		var b *block.Block
		if b, err = n.world.sim.MineTo(n.Node, script); err == nil {
			out = append(out, b.Hash())
		}
	}
	return out, err
}

// uncapped is how many hashes a second a node searches whose rate has no cap.
const uncapped = 10_000_000

// SetMining lets the node mine, with so many hashes a second (0: as many as it can); an empty address
// stops it.
func (n *node) SetMining(_ context.Context, address string, hashrate float64) (rpc.MiningInfo, error) {
	var script []byte
	rate := 0.0
	if address != "" {
		var err error
		if script, err = n.payTo(address); err != nil {
			return rpc.MiningInfo{}, err
		}
		rate = cmp.Or(hashrate, uncapped)
	}
	n.world.sim.SetMiner(n.Node, script, rate/n.world.params.PowLimit().Work().Float())
	if !n.world.mining {
		n.world.mining = true
		n.world.sim.StartMining()
	}
	return rpc.MiningInfo{Mining: address != "", HashrateCap: hashrate}, nil
}

// Invalidate has the node treat a block as if it broke a rule.
func (n *node) Invalidate(_ context.Context, hash block.Hash) error {
	return n.world.sim.Give(n.Node, engine.Override{Hash: hash, Action: engine.Invalidate})
}

// Reconsider undoes Invalidate.
func (n *node) Reconsider(_ context.Context, hash block.Hash) error {
	return n.world.sim.Give(n.Node, engine.Override{Hash: hash, Action: engine.Reconsider})
}

// payTo returns the script that pays an address.
func (n *node) payTo(address string) ([]byte, error) {
	a, err := wallet.ParseAddress(address, n.world.params.Prefixes)
	if err != nil {
		return nil, &rpc.Error{Code: rpc.CodeInvalidAddress, Message: fmt.Sprintf("Invalid address (%v)", err)}
	}
	return a.Script(), nil
}

// among returns which of some blocks holds a transaction, nil if none.
func (n *node) among(id block.Hash, blocks []chain.Point) (*rpc.BlockRef, error) {
	for _, b := range blocks {
		if err := n.world.places.add(n.Engine().Tree(), b.Hash); err != nil {
			return nil, err
		}
		if slices.Contains(n.world.places.at[id], b.Hash) {
			return new(answer.Ref(b)), nil
		}
	}
	return nil, nil
}

// places is an index of transactions in blocks, which is the same at all nodes.
type places struct {
	seen map[block.Hash]bool         // blocks that are in it, with their ancestors
	at   map[block.Hash][]block.Hash // the blocks that hold a transaction
}

// add adds a block and its ancestors.
func (p *places) add(tree *chain.Tree, hash block.Hash) error {
	for !hash.IsZero() && !p.seen[hash] {
		b, err := tree.Block(hash)
		if err != nil {
			return err
		}
		p.seen[hash] = true
		for _, id := range b.TxIDs() {
			p.at[id] = append(p.at[id], hash)
		}
		hash = b.Header.Prev
	}
	return nil
}

// active returns the block of the best chain that holds a transaction.
func (p *places) active(tree *chain.Tree, id block.Hash) (chain.Info, error) {
	if err := p.add(tree, tree.Tip().Hash); err != nil {
		return chain.Info{}, err
	}
	for _, hash := range p.at[id] {
		if info, known := tree.Info(hash); known && info.Active {
			return info, nil
		}
	}
	return chain.Info{}, &rpc.Error{Code: rpc.CodeInvalidAddress, Message: "No such mempool or blockchain transaction."}
}
