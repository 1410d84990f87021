package server

import (
	"bytes"
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

// pending is the tip and the mempool at one moment.
type pending struct {
	tip     consensus.State
	entries []*mempool.Entry
}

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

// see reads tip and mempool.
func (p *pending) see(e *engine.Engine) error {
	p.tip, p.entries = e.Tree().Tip(), e.Pool().Entries()
	return nil
}

func getAddressUTXOs(c *call, a rpc.GetAddressUTXOsArgs) ([]rpc.UTXO, error) {
	script, err := c.payTo(a.Address, "Invalid address")
	if err != nil {
		return nil, err
	}
	var coins []consensus.UTXO
	var now pending
	err = c.consistent(func() (err error) {
		coins, err = c.node.Store().Unspent(script)
		return err
	}, now.see)
	if err != nil {
		return nil, err
	}
	spentBy := now.spends()
	maturity := c.node.Params().Maturity
	out := []rpc.UTXO{}
	for i := range coins {
		u := showCoin(&coins[i], spentBy)
		u.Height, u.Confirmations = coins[i].Height, int(now.tip.Height-coins[i].Height)+1
		u.Mature = !u.Coinbase || now.tip.Height+1-u.Height >= maturity
		out = append(out, u)
	}
	if !a.Pending {
		return out, nil
	}
	for _, e := range now.entries {
		for i := range e.Tx.Outputs {
			if bytes.Equal(e.Tx.Outputs[i].Script, script) {
				u := showCoin(&consensus.UTXO{Outpoint: block.Outpoint{TxID: e.ID, Index: uint32(i)}, Coin: consensus.Coin{Output: e.Tx.Outputs[i]}}, spentBy)
				u.Height, u.Mature = -1, true
				out = append(out, u)
			}
		}
	}
	return out, nil
}

// spends returns, for each coin that a transaction of the mempool spends, which one.
func (p *pending) spends() map[block.Outpoint]block.Hash {
	out := make(map[block.Outpoint]block.Hash)
	for _, e := range p.entries {
		for i := range e.Tx.Inputs {
			out[e.Tx.Inputs[i].Prev] = e.ID
		}
	}
	return out
}

func showCoin(s *consensus.UTXO, spentBy map[block.Outpoint]block.Hash) rpc.UTXO {
	u := rpc.UTXO{TxID: s.TxID, Vout: s.Index, Amount: s.Value, ScriptPubKey: hex.EncodeToString(s.Script), Coinbase: s.Coinbase}
	if by, ok := spentBy[s.Outpoint]; ok {
		u.PendingSpentBy = by.String()
	}
	return u
}

func getAddressHistory(c *call, a rpc.AddressArg) ([]rpc.HistoryRow, error) {
	script, err := c.payTo(a.Address, "Invalid address")
	if err != nil {
		return nil, err
	}
	var coins []consensus.UTXO
	var rows []store.HistoryEntry
	var now pending
	err = c.consistent(func() (err error) {
		if rows, err = c.node.Store().History(script); err == nil {
			coins, err = c.node.Store().Unspent(script)
		}
		return err
	}, now.see)
	if err != nil {
		return nil, err
	}
	out := []rpc.HistoryRow{}
	for some := range slices.Chunk(rows, walkStep) {
		err := c.node.Look(c.ctx, func(e *engine.Engine) {
			for _, r := range some {
				info, _ := e.Tree().Info(r.Block)
				out = append(out, rpc.HistoryRow{TxID: r.TxID, Height: r.Height, BlockHash: r.Block, Time: int64(info.State.Header.Time),
					Received: r.Received, Sent: r.Spent, Net: r.Received - r.Spent})
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return append(out, now.touching(script, coins)...), nil
}

// touching returns the transactions of the mempool that pay to a script or spend from
// it, given the coins that the script holds on the chain.
func (p *pending) touching(script []byte, coins []consensus.UTXO) (out []rpc.HistoryRow) {
	value := make(map[block.Outpoint]block.Amount)
	for i := range coins {
		value[coins[i].Outpoint] = coins[i].Value
	}
	for _, e := range p.entries { // parents come before children
		row := rpc.HistoryRow{TxID: e.ID, Height: -1, Time: e.Time.Unix()}
		touched := false
		for i := range e.Tx.Inputs {
			v, ours := value[e.Tx.Inputs[i].Prev]
			row.Sent += v
			touched = touched || ours
		}
		for i := range e.Tx.Outputs {
			if o := &e.Tx.Outputs[i]; bytes.Equal(o.Script, script) {
				value[block.Outpoint{TxID: e.ID, Index: uint32(i)}] = o.Value
				row.Received += o.Value
				touched = true
			}
		}
		if row.Net = row.Received - row.Sent; touched {
			out = append(out, row)
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
