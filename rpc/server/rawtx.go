package server

import (
	"encoding/hex"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/rpc"
	"toychain/store"
)

// tx returns a transaction as it is shown. spent are the coins of its inputs, nil if they
// are not known.
func (c *call) tx(tx *block.Tx, spent []consensus.Coin, prevouts bool) rpc.Tx {
	id, size := tx.ID(), tx.Size()
	out := rpc.Tx{TxID: id, Hash: id, Version: uint32(tx.Version), Size: size, VSize: size, Weight: 4 * size,
		LockTime: tx.LockTime, Vin: make([]rpc.Vin, len(tx.Inputs)), Vout: make([]rpc.Vout, len(tx.Outputs))}
	var fee block.Amount
	for i := range tx.Inputs {
		out.Vin[i] = vinOf(&tx.Inputs[i], tx.IsCoinbase())
		if spent == nil {
			continue
		}
		coin := &spent[i]
		fee += coin.Value
		if prevouts {
			out.Vin[i].Prevout = &rpc.PrevoutOut{Generated: coin.Coinbase, Height: coin.Height, Value: coin.Value, ScriptPubKey: c.script(coin.Script)}
		}
	}
	for i := range tx.Outputs {
		o := &tx.Outputs[i]
		out.Vout[i] = rpc.Vout{Value: o.Value, N: uint32(i), ScriptPubKey: c.script(o.Script)}
		fee -= o.Value
	}
	if spent != nil {
		out.Fee = &fee
	}
	return out
}

func vinOf(in *block.Input, coinbase bool) rpc.Vin {
	script := hex.EncodeToString(in.Script)
	if coinbase {
		return rpc.Vin{Coinbase: script, Sequence: in.Sequence}
	}
	return rpc.Vin{TxID: in.Prev.TxID, Vout: &in.Prev.Index, Sequence: in.Sequence,
		ScriptSig: &rpc.ScriptSig{Asm: disassemble(in.Script, true), Hex: script}}
}

// found is a transaction and where it was found.
type found struct {
	tx    *block.Tx
	block *block.Block // nil: in the mempool
	index int          // in the block
	info  chain.Info   // of the block
}

const txNotFound = "No such mempool or blockchain transaction. Use gettransaction for wallet transactions."

// find returns a transaction of the mempool, the best chain or another branch.
func (c *call) find(txid block.Hash) (found, error) {
	var f found
	err := c.node.Look(c.ctx, func(e *engine.Engine) {
		if entry, ok := e.Pool().Get(txid); ok {
			f.tx = entry.Tx
		}
	})
	if err != nil || f.tx != nil {
		return f, err
	}
	places, err := c.node.Store().TxPlaces(txid)
	if err != nil {
		return f, err
	}
	var best store.TxPlace
	for _, p := range places {
		info, err := c.info(p.Block)
		if err != nil {
			return f, err
		}
		if f.info.Hash.IsZero() || info.Active {
			f.info, best = info, p
		}
	}
	if len(places) == 0 {
		return f, fail(rpc.CodeInvalidAddress, txNotFound)
	}
	if f.block, err = c.body(best.Block); err != nil {
		return f, err
	}
	if best.Index >= len(f.block.Txs) {
		return f, fail(rpc.CodeDatabase, "the transaction index names place %d of block %s, which has %d", best.Index, best.Block, len(f.block.Txs))
	}
	f.tx, f.index = f.block.Txs[best.Index], best.Index
	return f, nil
}

// findIn returns a transaction of one block.
func (c *call) findIn(txid, hash block.Hash) (f found, err error) {
	if f.info, err = c.info(hash); err != nil {
		return f, fail(rpc.CodeInvalidAddress, "Block hash not found")
	}
	if f.block, err = c.body(hash); err != nil {
		return f, err
	}
	for i, tx := range f.block.Txs {
		if tx.ID() == txid {
			f.tx, f.index = tx, i
			return f, nil
		}
	}
	return f, fail(rpc.CodeInvalidAddress, "No such transaction found in the provided block. Use gettransaction for wallet transactions.")
}

func getRawTransaction(c *call, a rpc.GetRawTransactionArgs) (any, error) {
	if a.TxID == c.node.Params().Genesis.Txs[0].ID() && a.Block == nil {
		return nil, fail(rpc.CodeInvalidAddress, "The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved")
	}
	var f found
	var err error
	if a.Block != nil {
		f, err = c.findIn(a.TxID, *a.Block)
	} else {
		f, err = c.find(a.TxID)
	}
	switch {
	case err != nil:
		return nil, err
	case a.Verbosity <= 0:
		return hex.EncodeToString(f.tx.Bytes()), nil
	}
	out, err := c.showFound(&f, a.Verbosity > 1)
	if a.Block != nil {
		out.InActiveChain = &f.info.Active
	}
	return out, err
}

// showFound returns a transaction as it is shown, with its place in the chain.
func (c *call) showFound(f *found, more bool) (rpc.Tx, error) {
	var spent []consensus.Coin
	if more && f.block != nil {
		undo, err := c.undo(f.info.Hash)
		if err != nil {
			return rpc.Tx{}, err
		}
		spent = spentBy(f.block, undo, f.index)
	}
	out := c.tx(f.tx, spent, more)
	out.Hex = hex.EncodeToString(f.tx.Bytes())
	if f.block == nil {
		return out, nil
	}
	tip, err := c.tip()
	if err != nil {
		return rpc.Tx{}, err
	}
	depth := 0
	if f.info.Active {
		depth = int(tip.Height-f.info.State.Height) + 1
		out.Time, out.BlockTime = f.block.Header.Time, f.block.Header.Time
	}
	out.BlockHash, out.Confirmations = f.info.Hash, &depth
	return out, nil
}

func getTxOutProof(c *call, a rpc.GetTxOutProofArgs) (string, error) {
	if len(a.TxIDs) == 0 {
		return "", fail(rpc.CodeInvalidParam, "Parameter 'txids' cannot be empty")
	}
	want := make(map[block.Hash]bool)
	for _, id := range a.TxIDs {
		if want[id] {
			return "", fail(rpc.CodeInvalidParam, "Invalid parameter, duplicated txid: %s", id)
		}
		want[id] = true
	}
	var b *block.Block
	if a.Block != nil {
		var err error
		if b, err = c.body(*a.Block); err != nil {
			return "", err
		}
	} else if f, err := c.find(a.TxIDs[0]); err == nil {
		b = f.block
	}
	if b == nil {
		return "", fail(rpc.CodeInvalidAddress, "Transaction not yet in block")
	}
	there := 0
	for _, id := range b.TxIDs() {
		if want[id] {
			there++
		}
	}
	if there != len(want) {
		return "", fail(rpc.CodeInvalidAddress, "Not all transactions found in specified or retrieved block")
	}
	proof := block.Prove(b, func(id block.Hash) bool { return want[id] })
	return hex.EncodeToString(proof.Bytes()), nil
}

func verifyTxOutProof(c *call, a rpc.VerifyTxOutProofArgs) ([]block.Hash, error) {
	raw, err := parseHex("proof", a.Proof)
	if err != nil {
		return nil, err
	}
	proof, e := block.ParseMerkleProof(raw)
	if e != nil {
		return nil, fail(rpc.CodeMisc, "%v", e) // as in Core, which does not catch the decoder's error
	}
	ids, e := proof.Proved()
	if e != nil {
		return []block.Hash{}, nil
	}
	info, err := c.info(proof.Header.Hash())
	if err != nil || !info.Active {
		return nil, fail(rpc.CodeInvalidAddress, "Block not found in chain")
	}
	if info.Txs != int(proof.Total) || len(ids) == 0 { // see MerkleProof.Proved
		return []block.Hash{}, nil
	}
	return ids, nil
}
