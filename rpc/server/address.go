package server

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/rpc"
	"toychain/rpc/answer"
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
			coins = append(coins, answer.Pending(e.Pool(), maps.Keys(w))...)
		}
		for i := range coins {
			if by, ok := e.Pool().SpentBy(coins[i].Outpoint); ok {
				spentBy[coins[i].Outpoint] = by
			}
		}
		return nil
	})
	return answer.Coins(coins, &tip, spentBy), err
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
