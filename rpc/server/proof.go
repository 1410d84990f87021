package server

import (
	"encoding/hex"

	"toychain/block"
	"toychain/rpc"
)

func proofMethods() []method {
	return []method{
		{name: "gettxoutproof", call: getTxOutProof, example: `'["txid"]'`,
			params: []param{need("txids", kindArray, "transactions of one block"),
				may("blockhash", kindString, "the block, of whatever branch")},
			about: "Returns the proof that transactions are in a block, for somebody who has only its header.", returns: "hex"},
		{name: "verifytxoutproof", call: verifyTxOutProof, example: `"proof"`,
			params: []param{need("proof", kindString, "of gettxoutproof")},
			about:  "Checks a proof and that its block is on the best chain, and returns what it proves; nothing if it is no proof.", returns: "[txid]"},
	}
}

func getTxOutProof(c *call) (any, *rpc.Error) {
	ids, err := c.hashes(0)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, fail(rpc.CodeInvalidParam, "Parameter 'txids' cannot be empty")
	}
	want := make(map[block.Hash]bool)
	for _, id := range ids {
		if want[id] {
			return nil, fail(rpc.CodeInvalidParam, "Invalid parameter, duplicated txid: %s", id)
		}
		want[id] = true
	}
	b, err := c.blockOf(ids[0])
	if err != nil {
		return nil, err
	}
	there := 0
	for _, id := range b.TxIDs() {
		if want[id] {
			there++
		}
	}
	if there != len(want) {
		return nil, fail(rpc.CodeInvalidAddress, "Not all transactions found in specified or retrieved block")
	}
	proof := block.Prove(b, func(id block.Hash) bool { return want[id] })
	return hex.EncodeToString(proof.Bytes()), nil
}

// blockOf returns the block that parameter 1 names, or else the one that holds a
// transaction.
func (c *call) blockOf(txid block.Hash) (*block.Block, *rpc.Error) {
	if c.has(1) {
		hash, err := c.hash(1)
		if err != nil {
			return nil, err
		}
		return c.body(hash)
	}
	f, err := c.find(txid)
	if err != nil || f.block == nil {
		return nil, fail(rpc.CodeInvalidAddress, "Transaction not yet in block")
	}
	return f.block, nil
}

func verifyTxOutProof(c *call) (any, *rpc.Error) {
	raw, err := c.bytesOf(0)
	if err != nil {
		return nil, err
	}
	proof, e := block.ParseMerkleProof(raw)
	if e != nil {
		return nil, fail(rpc.CodeMisc, "%v", e) // as in Core, where nobody catches the reader's error
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
