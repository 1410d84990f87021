package payer

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"toychain/block"
	"toychain/rpc"
	"toychain/wallet"
)

// Node is the calls that a payer makes. An *rpc.Client implements it.
type Node interface {
	BlockchainInfo(ctx context.Context) (rpc.BlockchainInfo, error)
	AddressUTXOs(ctx context.Context, addresses []string, pending bool) ([]rpc.UTXO, error)
	AddressHistory(ctx context.Context, addresses []string, details bool) ([]rpc.HistoryRow, error)
	MempoolInfo(ctx context.Context) (rpc.MempoolInfo, error)
	SendRaw(ctx context.Context, tx *block.Tx) (block.Hash, error)
}

// Payer is a wallet with a node to call. One goroutine uses it at a time.
type Payer struct {
	node     Node
	wallet   *wallet.Wallet
	prefixes block.Prefixes
}

// Open returns a payer after checking that the node is on the wallet's network, the one
// with this digest of its parameters (consensus.Params.Digest) and these prefixes.
func Open(ctx context.Context, n Node, w *wallet.Wallet, digest block.Hash, prefixes block.Prefixes) (*Payer, error) {
	info, err := n.BlockchainInfo(ctx)
	if err != nil {
		return nil, err
	}
	if got := info.Network.Digest; got != digest {
		return nil, fmt.Errorf("the node is on the network %s with parameters %s, the wallet %s is for one with parameters %s; ask another node, or choose the network with --network",
			info.Network.Name, got.Short(), w.Name(), digest.Short())
	}
	return &Payer{node: n, wallet: w, prefixes: prefixes}, nil
}

// With returns a payer with the same wallet and another node of the same network.
func (p *Payer) With(n Node) *Payer { return &Payer{node: n, wallet: p.wallet, prefixes: p.prefixes} }

// Wallet returns the wallet.
func (p *Payer) Wallet() *wallet.Wallet { return p.wallet }

// Coin is a coin of the wallet, as the node sees it.
type Coin struct {
	wallet.Coin
	SpentBy string // txid of a pending transaction that spends it; "": none does
}

// addresses returns the wallet's addresses to watch, and each as text.
func (p *Payer) addresses() (owned map[wallet.Address]wallet.Owned, texts []string, err error) {
	list, err := p.wallet.Addresses()
	owned = make(map[wallet.Address]wallet.Owned, len(list))
	for _, o := range list {
		owned[o.Address] = o
		texts = append(texts, o.Address.Encode(p.prefixes))
	}
	return owned, texts, err
}

// Coins returns the wallet's coins, those that pending transactions create included, the
// oldest first. Spendable are mature, confirmed coins that no pending transaction spends,
// and, as in Core, the change of the wallet's own pending transactions.
func (p *Payer) Coins(ctx context.Context) ([]Coin, error) {
	owned, texts, err := p.addresses()
	if err != nil {
		return nil, err
	}
	rows, err := p.node.AddressUTXOs(ctx, texts, true)
	if err != nil {
		return nil, err
	}
	var out []Coin
	for _, u := range rows {
		c, err := coinOf(u, owned)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b Coin) int {
		return cmp.Or(compareHeights(a.Height, b.Height), cmp.Compare(a.Outpoint.String(), b.Outpoint.String()))
	})
	return out, nil
}

// compareHeights orders what is pending, and has the height -1, last.
func compareHeights(a, b block.Height) int { return cmp.Compare(uint32(a), uint32(b)) }

// coinOf converts a node's row about the wallet's addresses.
func coinOf(u rpc.UTXO, owned map[wallet.Address]wallet.Owned) (Coin, error) {
	script, err := hex.DecodeString(u.ScriptPubKey)
	to, ok := wallet.AddressOf(script)
	o, ours := owned[to]
	if err != nil || !ok || !ours {
		return Coin{}, fmt.Errorf("the node lists a coin %s:%d that does not pay an address of this wallet", u.TxID, u.Vout)
	}
	ready := u.Height >= 0 && u.Mature || u.Height < 0 && o.Path.Branch == wallet.Change
	return Coin{wallet.Coin{
		Outpoint: block.Outpoint{TxID: u.TxID, Index: u.Vout}, Value: u.Amount, Script: script, Path: o.Path,
		Height: u.Height, Coinbase: u.Coinbase, Spendable: ready && u.PendingSpentBy == "",
	}, u.PendingSpentBy}, nil
}

// Balance is the value of a wallet's coins. A coin that a pending transaction spends is not
// included; the change of that transaction is Pending.
type Balance struct {
	Confirmed block.Amount `json:"confirmed"` // in blocks, and spendable
	Pending   block.Amount `json:"pending"`   // created by pending transactions
	Immature  block.Amount `json:"immature"`  // coinbases that are not spendable yet
}

// Total returns the sum.
func (b Balance) Total() block.Amount { return b.Confirmed + b.Pending + b.Immature }

// Balance adds up the wallet's coins.
func (p *Payer) Balance(ctx context.Context) (b Balance, err error) {
	coins, err := p.Coins(ctx)
	for _, c := range coins {
		switch {
		case c.SpentBy != "":
		case c.Height < 0:
			b.Pending += c.Value
		case c.Spendable:
			b.Confirmed += c.Value
		default:
			b.Immature += c.Value
		}
	}
	return b, err
}

// Entry is the effect of one transaction on the wallet: a row of the node's, with the details,
// and the wallet's balance after it. What left the best chain (its Status is
// rpc.TxConflicted or rpc.TxStale) does not count.
type Entry struct {
	rpc.HistoryRow
	Balance block.Amount `json:"balance"`
}

// History returns every transaction of this wallet on the best chain or in the mempool, the
// oldest first, and those that were on the best chain and are in neither now.
func (p *Payer) History(ctx context.Context) ([]Entry, error) {
	_, texts, err := p.addresses()
	if err != nil {
		return nil, err
	}
	rows, err := p.node.AddressHistory(ctx, texts, true)
	out := []Entry{}
	var balance block.Amount
	for _, r := range rows {
		if r.Status == rpc.TxConfirmed || r.Status == rpc.TxPending {
			balance += r.Net
		}
		out = append(out, Entry{r, balance})
	}
	return out, err
}

// Discover searches for payments to addresses that the wallet's file does not list as used,
// as after restoring it from its words: until gap addresses in a row have none, usually
// wallet.GapLimit.
func (p *Payer) Discover(ctx context.Context, gap int) error {
	return p.wallet.Restore(gap, func(list []wallet.Address) ([]bool, error) {
		texts := make([]string, len(list))
		for i, a := range list {
			texts[i] = a.Encode(p.prefixes)
		}
		used, err := p.used(ctx, texts)
		return used, err
	})
}

// used returns which of the addresses ever took part in a transaction.
func (p *Payer) used(ctx context.Context, addresses []string) ([]bool, error) {
	rows, err := p.node.AddressHistory(ctx, addresses, false)
	used := make([]bool, len(addresses))
	for _, r := range rows {
		for _, a := range r.Addresses {
			if i := slices.Index(addresses, a); i >= 0 {
				used[i] = true
			}
		}
	}
	return used, err
}

// Unpaid returns how many of the receive addresses that were given out last have never taken
// part in a transaction.
func (p *Payer) Unpaid(ctx context.Context) (int, error) {
	list, err := p.wallet.Addresses()
	if err != nil {
		return 0, err
	}
	var texts []string
	for _, o := range list {
		if o.Used && o.Path.Branch == wallet.Receive {
			texts = append(texts, o.Address.Encode(p.prefixes))
		}
	}
	used, err := p.used(ctx, texts)
	slices.Reverse(used)
	if n := slices.Index(used, true); n >= 0 {
		return n, err
	}
	return len(used), err
}

// Account is an unlocked wallet with its first receiving address.
type Account struct {
	Wallet  *wallet.Wallet
	Keys    *wallet.Keychain
	Address wallet.Address
}

// InMemory returns the account of a wallet that is in no file.
func InMemory(n wallet.New) (a Account, err error) {
	if a.Keys, err = wallet.NewKeychain(n.Mnemonic, n.MnemonicPassphrase, n.Network.Prefixes); err != nil {
		return a, err
	}
	a.Wallet = wallet.InMemory(n.Name, a.Keys)
	a.Address, _, err = a.Wallet.Take(wallet.Receive)
	return a, err
}

// NewAccount creates a wallet file at path and unlocks it.
func NewAccount(path, passphrase string, n wallet.New) (a Account, err error) {
	if a.Wallet, err = wallet.Create(path, passphrase, n); err != nil {
		return a, err
	}
	if a.Keys, err = a.Wallet.Unlock(passphrase); err != nil {
		return a, err
	}
	a.Address, _, err = a.Wallet.Take(wallet.Receive)
	return a, err
}
