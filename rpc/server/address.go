package server

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/mempool"
	"toychain/rpc"
	"toychain/store"
	"toychain/wallet"
)

// consistent calls read, which reads indexes of the store, and then see, which reads the
// engine. If the tip changed meanwhile, it calls both again.
func (c *call) consistent(read func() error, see func(*engine.Engine) error) error {
	for try := 0; ; try++ {
		before, err := c.tip()
		if err != nil {
			return err
		}
		if err := read(); err != nil {
			return err
		}
		after, err := look(c, func(e *engine.Engine) (block.Hash, error) { return e.Tree().Tip().Hash, see(e) })
		if err != nil || before.Hash == after || try == 4 {
			return err
		}
	}
}

// watched are the scripts of some addresses, each with its address.
type watched map[string]string

// watch returns the scripts of the addresses that a call names.
func (c *call) watch(addresses []string) (watched, error) {
	out := make(watched, len(addresses))
	for _, a := range addresses {
		script, err := c.payTo(a, "Invalid address")
		if err != nil {
			return nil, err
		}
		out[string(script)] = a
	}
	return out, nil
}

// unspent returns the coins of the scripts on the best chain.
func (w watched) unspent(db *store.DB) (out []consensus.UTXO, err error) {
	for script := range w {
		coins, err := db.Unspent([]byte(script))
		if err != nil {
			return nil, err
		}
		out = append(out, coins...)
	}
	slices.SortFunc(out, func(a, b consensus.UTXO) int {
		return cmp.Or(cmp.Compare(a.Height, b.Height), bytes.Compare(a.TxID[:], b.TxID[:]), cmp.Compare(a.Index, b.Index))
	})
	return out, nil
}

func getAddressUTXOs(c *call, a rpc.GetAddressUTXOsArgs) ([]rpc.UTXO, error) {
	w, err := c.watch(a.Addresses)
	if err != nil {
		return nil, err
	}
	var coins []consensus.UTXO
	var tip consensus.State
	spentBy := make(map[block.Outpoint]block.Hash)
	err = c.consistent(func() (err error) {
		coins, err = w.unspent(c.node.Store())
		return err
	}, func(e *engine.Engine) error {
		tip = e.Tree().Tip()
		if a.Pending {
			coins = append(coins, w.pending(e.Pool())...)
		}
		for i := range coins {
			if by, ok := e.Pool().SpentBy(coins[i].Outpoint); ok {
				spentBy[coins[i].Outpoint] = by
			}
		}
		return nil
	})
	out := []rpc.UTXO{}
	for i := range coins {
		s := &coins[i]
		u := rpc.UTXO{TxID: s.TxID, Vout: s.Index, Amount: s.Value, ScriptPubKey: hex.EncodeToString(s.Script), Coinbase: s.Coinbase,
			Height: s.Height, Mature: true}
		if s.Height >= 0 {
			u.Confirmations = int(tip.Height-s.Height) + 1
			u.Mature = !u.Coinbase || tip.Height+1-u.Height >= c.node.Params().Maturity
		}
		if by, ok := spentBy[s.Outpoint]; ok {
			u.PendingSpentBy = by.String()
		}
		out = append(out, u)
	}
	return out, err
}

// pending returns the scripts' outputs in the mempool, as coins at height -1.
func (w watched) pending(pool *mempool.Pool) (out []consensus.UTXO) {
	for e := range pool.All() {
		for i := range e.Tx.Outputs {
			if w[string(e.Tx.Outputs[i].Script)] != "" {
				out = append(out, consensus.UTXO{Outpoint: block.Outpoint{TxID: e.ID, Index: uint32(i)}, Coin: consensus.Coin{Output: e.Tx.Outputs[i], Height: -1}})
			}
		}
	}
	return out
}

func validateAddress(c *call, arg rpc.AddressArg) (rpc.AddressInfo, error) {
	a, err := wallet.ParseAddress(arg.Address, c.node.Params().Prefixes)
	if err != nil {
		return rpc.AddressInfo{ErrorLocations: &[]int{}, Error: err.Error()}, nil
	}
	return rpc.AddressInfo{IsValid: true, Address: a.Encode(c.node.Params().Prefixes), ScriptPubKey: fmt.Sprintf("%x", a.Script()),
		IsScript: new(false), IsWitness: new(false)}, nil
}

func verifyMessage(c *call, a rpc.VerifyMessageArgs) (bool, error) {
	owner, err := wallet.ParseAddress(a.Address, c.node.Params().Prefixes)
	if err != nil {
		return false, fail(rpc.CodeInvalidAddress, "Invalid address")
	}
	if _, err := base64.StdEncoding.Strict().DecodeString(a.Signature); err != nil {
		return false, fail(rpc.CodeType, "Malformed base64 encoding")
	}
	return wallet.VerifyMessage(owner, a.Signature, a.Message) == nil, nil
}

// payTo returns the script that pays an address of this network; message begins the
// error if it is not one.
func (c *call) payTo(address, message string) ([]byte, error) {
	a, err := wallet.ParseAddress(address, c.node.Params().Prefixes)
	if err != nil {
		return nil, fail(rpc.CodeInvalidAddress, "%s (%v)", message, err)
	}
	return a.Script(), nil
}
