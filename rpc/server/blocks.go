package server

import (
	"encoding/hex"
	"errors"
	"fmt"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/rpc"
	"toychain/rpc/answer"
	"toychain/store"
)

// info returns what the tree knows about a block.
func (c *call) info(hash block.Hash) (chain.Info, error) {
	return look(c, func(e *engine.Engine) (chain.Info, error) {
		info, ok := e.Tree().Info(hash)
		if !ok {
			return info, errBlock
		}
		return info, nil
	})
}

var (
	errBlock = fail(rpc.CodeInvalidAddress, "Block not found")
	errBody  = fail(rpc.CodeMisc, "Block not available (not fully downloaded)")
)

// body returns a block of any branch. It is read from the store without the engine,
// unless it has just arrived and is not written yet.
func (c *call) body(hash block.Hash) (*block.Block, error) {
	b, err := c.node.Store().Block(hash)
	if err != nil && !errors.Is(err, store.ErrDamaged) {
		b, err = look(c, func(e *engine.Engine) (*block.Block, error) { return e.Tree().Block(hash) })
	}
	switch {
	case errors.Is(err, chain.ErrUnknown):
		return nil, errBlock
	case errors.Is(err, chain.ErrNoBody):
		return nil, errBody
	}
	return b, err
}

// undo returns the coins that a block spent, nil if it never was on the best chain.
func (c *call) undo(hash block.Hash) ([]consensus.Coin, error) {
	coins, err := c.node.Store().Undo(hash)
	if err != nil && !errors.Is(err, store.ErrDamaged) {
		coins, err = look(c, func(e *engine.Engine) ([]consensus.Coin, error) { return e.Tree().Undo(hash) })
	}
	if errors.Is(err, chain.ErrUnknown) {
		return nil, nil
	}
	return coins, err
}

// header returns the header of a block as getblockheader shows it.
func (c *call) header(hash block.Hash) (rpc.Header, error) {
	return look(c, func(e *engine.Engine) (rpc.Header, error) {
		info, ok := e.Tree().Info(hash)
		if !ok {
			return rpc.Header{}, errBlock
		}
		var next block.Hash
		if info.Active {
			next, _ = e.Tree().At(info.State.Height + 1)
		}
		return showHeader(&info, confirmations(e.Tree(), &info), next), nil
	})
}

// showHeader returns the header of a block that has so many confirmations. next is the
// block after it on the best chain; zero if there is none.
func showHeader(info *chain.Info, confirmations int, next block.Hash) rpc.Header {
	s, h := &info.State, &info.Entry.Header
	return rpc.Header{
		Hash: s.Hash, Confirmations: confirmations, Height: s.Height, Version: h.Version,
		VersionHex: fmt.Sprintf("%08x", uint32(h.Version)), MerkleRoot: h.MerkleRoot, Time: h.Time,
		MedianTime: s.MedianTime(), Nonce: h.Nonce, Bits: answer.Bits(h.Bits), Difficulty: answer.Difficulty(h.Bits),
		ChainWork: s.Work, Txs: info.Txs, PreviousBlockHash: h.Prev, NextBlockHash: next,
	}
}

// confirmations returns the number of blocks of the best chain from a block to the tip,
// both included; -1 if the block is on another branch.
func confirmations(t *chain.Tree, info *chain.Info) int {
	if !info.Active {
		return -1
	}
	tip := t.Tip()
	return int(tip.Height-info.State.Height) + 1
}

func getBlockHeader(c *call, a rpc.GetBlockHeaderArgs) (any, error) {
	if or(a.Verbose, true) {
		return c.header(a.Block)
	}
	info, err := c.info(a.Block)
	raw := info.Entry.Header.Bytes()
	return hex.EncodeToString(raw[:]), err
}

func getBlock(c *call, a rpc.GetBlockArgs) (any, error) {
	verbosity := or(a.Verbosity, 1)
	if verbosity != 1 {
		return stream{write: func(to *reply) error { return c.writeBlock(to, a.Block, verbosity) }}, nil
	}
	b, header, err := c.blockAndHeader(a.Block)
	return rpc.Block{Header: header, BlockSizes: sizesOf(b), Tx: b.TxIDs()}, err
}

// writeBlock writes what getblock answers in verbosity 0, 2 or 3.
func (c *call) writeBlock(to *reply, hash block.Hash, verbosity rpc.Verbosity) error {
	if verbosity <= 0 {
		b, err := c.body(hash)
		if err != nil {
			return err
		}
		return to.hex(b.Bytes())
	}
	b, header, err := c.blockAndHeader(hash)
	if err != nil {
		return err
	}
	undo, err := c.undo(hash)
	if err != nil {
		return err
	}
	head := struct {
		rpc.Header
		rpc.BlockSizes
	}{header, sizesOf(b)}
	at := 0 // in undo
	return to.object(head, "tx", eachOf(len(b.Txs), func(i int) (any, error) {
		var spent []consensus.Coin
		if n := len(b.Txs[i].Inputs); i > 0 && undo != nil && at+n <= len(undo) {
			spent = undo[at : at+n]
			at += n
		}
		tx := c.tx(b.Txs[i], spent, verbosity > 2)
		tx.Hex = hex.EncodeToString(b.Txs[i].Bytes())
		return tx, nil
	}))
}

func (c *call) blockAndHeader(hash block.Hash) (*block.Block, rpc.Header, error) {
	b, err := c.body(hash)
	if err != nil {
		return &block.Block{}, rpc.Header{}, err
	}
	header, err := c.header(hash)
	return b, header, err
}

func sizesOf(b *block.Block) rpc.BlockSizes {
	size := b.Size()
	return rpc.BlockSizes{StrippedSize: size, Size: size, Weight: 4 * size}
}

// spentBy returns the coins that transaction i of a block spends, out of those that the
// whole block spends (its undo data); nil if they are not known.
func spentBy(b *block.Block, undo []consensus.Coin, i int) []consensus.Coin {
	if i == 0 || undo == nil {
		return nil
	}
	for _, tx := range b.Txs[1:i] {
		undo = undo[min(len(tx.Inputs), len(undo)):]
	}
	n := len(b.Txs[i].Inputs)
	if n > len(undo) {
		return nil
	}
	return undo[:n]
}

func getTxOut(c *call, a rpc.GetTxOutArgs) (*rpc.TxOut, error) {
	o := block.Outpoint{TxID: a.TxID, Index: a.Index}
	return look(c, func(e *engine.Engine) (*rpc.TxOut, error) {
		find := e.Tree().Coins
		if or(a.Mempool, true) {
			find = func(of []block.Outpoint) (consensus.Coins, error) { return e.Pool().Coins(e.Tree(), of) }
		}
		coins, err := find([]block.Outpoint{o})
		coin, ok := coins[o]
		if err != nil || !ok {
			return nil, err
		}
		tip := e.Tree().Tip()
		return &rpc.TxOut{BestBlock: tip.Hash, Confirmations: int(tip.Height-coin.Height) + 1,
			Value: coin.Value, ScriptPubKey: c.script(coin.Script), Coinbase: coin.Coinbase}, nil
	})
}

func getTxOutSetInfo(c *call, a rpc.GetTxOutSetInfoArgs) (rpc.CoinStats, error) {
	kind := or(a.HashType, "hash_serialized_3")
	switch {
	case kind != "hash_serialized_3" && kind != "none":
		return rpc.CoinStats{}, fail(rpc.CodeInvalidParam, "'%s' is not a valid hash_type", clip(kind))
	case a.HashOrHeight != nil:
		return rpc.CoinStats{}, fail(rpc.CodeInvalidParam, "Querying specific block heights requires coinstatsindex")
	}
	stats, err := c.node.Store().CoinStats()
	if err != nil {
		return rpc.CoinStats{}, err
	}
	info, err := c.info(stats.Tip)
	if err != nil {
		return rpc.CoinStats{}, err
	}
	out := rpc.CoinStats{Height: info.State.Height, BestBlock: stats.Tip, TxOuts: stats.Coins, BogoSize: stats.Bytes,
		HashSerialized: stats.Hash, TotalAmount: stats.Total, Transactions: stats.Txs, DiskSize: c.node.Store().Size()}
	if kind == "none" {
		out.HashSerialized = block.Hash{}
	}
	return out, nil
}
