package testnet

import (
	"context"
	"fmt"

	"toychain/consensus"
	"toychain/rpc"
	"toychain/wallet"
)

// MinersWords are the twelve words of the wallet that receives what the nodes mine, unless
// Config.MineTo says otherwise: those of every example about BIP39. Everyone knows them,
// so everyone can spend the coins, and "wallet restore" makes the wallet yours.
const MinersWords = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

// minerAddress returns the address that a node's miner pays: that of Config.MineTo, or one
// for each node, in the order of their names.
func (t *Testnet) minerAddress(i int) (string, error) {
	if t.state.MineTo != "" {
		return t.state.MineTo, nil
	}
	return MinerAddress(t.params, i)
}

// MinerAddress returns the i-th node's address in the wallet of MinersWords, from 0.
func MinerAddress(params *consensus.Params, i int) (string, error) {
	keys, err := wallet.NewKeychain(MinersWords, "", params.Prefixes)
	if err != nil {
		return "", err
	}
	to, err := keys.Account().Address(wallet.Path{Branch: wallet.Receive, Index: uint32(i)})
	if err != nil {
		return "", err
	}
	return to.Encode(params.Prefixes), nil
}

// mine switches the miners of these nodes on, if the testnet's nodes are to mine. A node
// begins once it is connected: before, it would mine a chain that only it has.
func (t *Testnet) mine(ctx context.Context, names []string) error {
	if !t.state.Mine {
		return nil
	}
	return t.ask(names, func(i int, c *rpc.Client) error {
		to, err := t.minerAddress(t.numberOf(names[i]))
		if err != nil {
			return err
		}
		if _, err := c.SetMining(ctx, to, t.state.Hashrate); err != nil {
			return fmt.Errorf("mining for %s: %w", to, err)
		}
		return nil
	})
}
