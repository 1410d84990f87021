package testnet

import (
	"context"
	"fmt"

	"toychain/consensus"
	"toychain/wallet"
)

// MinersWords are the twelve words whose wallet gets what the nodes mine, unless
// Config.MineTo says otherwise: those of every example about BIP39. Everybody knows
// them, so the coins are everybody's; on a network for trying things out that is as
// good as a safe, and "wallet restore" makes them yours.
const MinersWords = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

// minerAddress returns whom a node's miner pays: the address of all miners if one was
// named, otherwise an own one for each node, in the order of their names.
func (t *Testnet) minerAddress(i int) (string, error) {
	if t.state.MineTo != "" {
		return t.state.MineTo, nil
	}
	return MinerAddress(t.params, i)
}

// MinerAddress returns the i-th node's own address in the wallet of MinersWords, from 0.
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

// mine has those of the nodes mine that run, if the testnet's nodes are to. A node
// begins once it is connected: one that mined before would mine a history of its own.
func (t *Testnet) mine(ctx context.Context, names []string) error {
	if !t.state.Mine {
		return nil
	}
	return each(names, func(name string) error {
		c, err := t.Client(name)
		if err != nil {
			return err
		}
		to, err := t.minerAddress(t.numberOf(name))
		if err != nil {
			return err
		}
		if _, err := c.SetMining(ctx, to, t.state.Hashrate); err != nil {
			return fmt.Errorf("mining for %s: %w", to, err)
		}
		return nil
	})
}
