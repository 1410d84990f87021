package server

import (
	"encoding/hex"

	"toychain/block"
	"toychain/rpc"
)

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
	b, err := c.blockOf(a.TxIDs[0], a.Block)
	if err != nil {
		return "", err
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

// blockOf returns the block of this hash or, if that is nil, the one that holds a
// transaction.
func (c *call) blockOf(txid block.Hash, hash *block.Hash) (*block.Block, error) {
	if hash != nil {
		return c.body(*hash)
	}
	f, err := c.find(txid)
	if err != nil || f.block == nil {
		return nil, fail(rpc.CodeInvalidAddress, "Transaction not yet in block")
	}
	return f.block, nil
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
