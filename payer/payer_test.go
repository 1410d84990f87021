package payer

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/rpc"
	"toychain/wallet"
)

// book is a node that knows what a test tells it.
type book struct {
	digest  block.Hash
	utxos   map[string][]rpc.UTXO
	history []rpc.HistoryRow
	asked   int // calls about addresses
	sent    []*block.Tx
	refuse  error
}

func (b *book) BlockchainInfo(context.Context) (rpc.BlockchainInfo, error) {
	return rpc.BlockchainInfo{Network: rpc.Network{Name: "toy", Digest: b.digest}}, nil
}

func (b *book) AddressUTXOs(_ context.Context, addresses []string, pending bool) (out []rpc.UTXO, err error) {
	if b.asked++; !pending {
		return nil, errors.New("a payer requests pending coins too")
	}
	for _, a := range addresses {
		out = append(out, b.utxos[a]...)
	}
	return out, nil
}

func (b *book) AddressHistory(_ context.Context, addresses []string, _ bool) (out []rpc.HistoryRow, err error) {
	b.asked++
	for _, r := range b.history {
		if slices.ContainsFunc(r.Addresses, func(a string) bool { return slices.Contains(addresses, a) }) {
			out = append(out, r)
		}
	}
	return out, nil
}

func (b *book) MempoolInfo(context.Context) (rpc.MempoolInfo, error) {
	return rpc.MempoolInfo{MempoolMinFee: 1000, MinRelayTxFee: 1000}, nil
}

func (b *book) SendRaw(_ context.Context, tx *block.Tx) (block.Hash, error) {
	if b.refuse != nil {
		return block.Hash{}, b.refuse
	}
	b.sent = append(b.sent, tx)
	return tx.ID(), nil
}

// scene is a wallet that handed out two addresses, and its node.
type scene struct {
	*Payer
	*book
	keys *wallet.Keychain
	t    *testing.T
	txs  byte
}

const words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

func newScene(t *testing.T) *scene {
	t.Helper()
	params := consensus.Toy()
	w, err := wallet.Create(filepath.Join(t.TempDir(), "alice.json"), "secret", wallet.New{
		Name: "alice", Network: wallet.Network{Name: params.Name, Prefixes: params.Prefixes}, Mnemonic: words,
		Created: time.Unix(1_767_225_600, 0), WorkFactor: wallet.CheapWorkFactor})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, _, err := w.Take(wallet.Receive); err != nil {
			t.Fatal(err)
		}
	}
	s := &scene{book: &book{digest: params.Digest(), utxos: map[string][]rpc.UTXO{}}, t: t}
	if s.keys, err = w.Unlock("secret"); err != nil {
		t.Fatal(err)
	}
	if s.Payer, err = Open(t.Context(), s.book, w, params.Digest(), params.Prefixes); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *scene) at(branch wallet.Branch, i uint32) (wallet.Address, string) {
	s.t.Helper()
	a, err := s.wallet.Account().Address(wallet.Path{Branch: branch, Index: i})
	if err != nil {
		s.t.Fatal(err)
	}
	return a, a.Encode(s.prefixes)
}

// coin gives the wallet a coin; change makes it a different one.
func (s *scene) coin(branch wallet.Branch, i uint32, coins int64, change func(*rpc.UTXO)) block.Outpoint {
	s.t.Helper()
	a, text := s.at(branch, i)
	s.txs++
	u := rpc.UTXO{TxID: block.Hash{s.txs}, Amount: block.Amount(coins) * block.Coin, ScriptPubKey: hex.EncodeToString(a.Script()),
		Height: block.Height(s.txs), Confirmations: 20, Mature: true}
	if change != nil {
		change(&u)
	}
	s.utxos[text] = append(s.utxos[text], u)
	return block.Outpoint{TxID: u.TxID, Index: u.Vout}
}

func young(u *rpc.UTXO)   { u.Coinbase, u.Mature = true, false }
func pending(u *rpc.UTXO) { u.Height, u.Mature, u.Confirmations = -1, false, 0 }
func going(u *rpc.UTXO)   { u.PendingSpentBy = strings.Repeat("ab", 32) }

func TestBalance(t *testing.T) {
	s := newScene(t)
	s.coin(wallet.Receive, 0, 1, nil)
	s.coin(wallet.Receive, 21, 2, nil) // the last address that is watched
	s.coin(wallet.Receive, 1, 4, young)
	s.coin(wallet.Receive, 1, 8, pending)
	s.coin(wallet.Change, 0, 16, pending)
	s.coin(wallet.Change, 1, 32, going)
	s.coin(wallet.Receive, 22, 64, nil) // beyond the gap
	got, err := s.Balance(t.Context())
	want := Balance{Confirmed: 3 * block.Coin, Pending: 24 * block.Coin, Immature: 4 * block.Coin}
	if err != nil || got != want {
		t.Errorf("balance %+v, %v, want %+v", got, err, want)
	}
	if got.Total() != 31*block.Coin {
		t.Errorf("total %s", got.Total())
	}
	if s.asked != 1 {
		t.Errorf("%d calls for a balance, want one", s.asked)
	}
}

// TestCoins: the oldest first, and which of them may be spent.
func TestCoins(t *testing.T) {
	s := newScene(t)
	waiting := s.coin(wallet.Receive, 0, 1, pending)
	change := s.coin(wallet.Change, 0, 1, pending)
	old := s.coin(wallet.Receive, 1, 1, nil)
	spent := s.coin(wallet.Change, 3, 1, going)
	fresh := s.coin(wallet.Receive, 0, 1, young)
	coins, err := s.Coins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var order, usable []block.Outpoint
	for _, c := range coins {
		order = append(order, c.Outpoint)
		if c.Spendable {
			usable = append(usable, c.Outpoint)
		}
	}
	if want := []block.Outpoint{old, spent, fresh, waiting, change}; !slices.Equal(order, want) {
		t.Errorf("coins\n%v\nwant\n%v", order, want)
	}
	if want := []block.Outpoint{old, change}; !slices.Equal(usable, want) {
		t.Errorf("usable\n%v\nwant\n%v", usable, want)
	}
}

func TestLyingNode(t *testing.T) {
	s := newScene(t)
	a, _ := s.at(wallet.Receive, 500) // which is not watched
	s.coin(wallet.Receive, 0, 1, func(u *rpc.UTXO) { u.ScriptPubKey = hex.EncodeToString(a.Script()) })
	if _, err := s.Coins(t.Context()); err == nil || !strings.Contains(err.Error(), "does not pay") {
		t.Errorf("a coin of another address: %v", err)
	}
}

func TestOtherNetwork(t *testing.T) {
	s := newScene(t)
	_, err := Open(t.Context(), s.book, s.Wallet(), consensus.Regtest().Digest(), s.prefixes)
	if err == nil || !strings.Contains(err.Error(), "--network") {
		t.Errorf("%v", err)
	}
}

// TestPay: what reaches the node is signed by the right key, pays what was ordered, and
// returns the rest to a change address that is not used again.
func TestPay(t *testing.T) {
	s := newScene(t)
	from := s.coin(wallet.Receive, 1, 50, nil)
	bob := wallet.Address{Hash: [20]byte{7}}
	r, err := s.Pay(t.Context(), s.keys, To(bob, 20*block.Coin))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.sent) != 1 || s.sent[0].ID() != r.TxID || r.TxID != r.Tx.ID() {
		t.Fatalf("sent %v, receipt %+v", s.sent, r)
	}
	tx := s.sent[0]
	change, _ := s.at(wallet.Change, 0)
	if len(tx.Inputs) != 1 || tx.Inputs[0].Prev != from || len(tx.Outputs) != 2 ||
		!bytes.Equal(tx.Outputs[0].Script, bob.Script()) || tx.Outputs[0].Value != 20*block.Coin ||
		!bytes.Equal(tx.Outputs[1].Script, change.Script()) || tx.Outputs[1].Value != r.Change {
		t.Errorf("payment %+v", tx)
	}
	if r.Fee != 30*block.Coin-r.Change || r.Fee < block.Amount(2*tx.Size()) || r.Fee > block.Amount(2*tx.Size()+20) {
		t.Errorf("fee %s for %d bytes, change %s", r.Fee, tx.Size(), r.Change)
	}
	spent := block.Output{Value: 50 * block.Coin, Script: r.Spent[0].Script}
	if err := (consensus.P2PKH{}).Check(tx, 0, spent); err != nil {
		t.Errorf("the signature: %v", err)
	}
	if a, _, err := s.wallet.Next(wallet.Change); err != nil || a == change {
		t.Errorf("the change address would be used again: %v", err)
	}
}

// TestRefused: nothing happened, and the node's reason comes through.
func TestRefused(t *testing.T) {
	s := newScene(t)
	s.coin(wallet.Receive, 0, 50, nil)
	s.refuse = &rpc.Error{Code: rpc.CodeVerifyRejected, Message: "txn-mempool-conflict"}
	_, err := s.Pay(t.Context(), s.keys, To(wallet.Address{}, block.Coin))
	var said *rpc.Error
	if !errors.As(err, &said) || said.Code != rpc.CodeVerifyRejected {
		t.Errorf("%v", err)
	}
	before, _ := s.at(wallet.Change, 0)
	if a, _, err := s.wallet.Next(wallet.Change); err != nil || a != before {
		t.Errorf("a change address was used up: %v", err)
	}
}

// TestWhatIsSpent: coins on their way out are left alone unless they are named.
func TestWhatIsSpent(t *testing.T) {
	s := newScene(t)
	out := s.coin(wallet.Receive, 0, 50, going)
	s.coin(wallet.Receive, 1, 10, young)
	_, err := s.Make(t.Context(), s.keys, To(wallet.Address{}, block.Coin))
	var little *wallet.TooLittle
	if !errors.As(err, &little) || little.Spendable != 0 || little.Immature != 10*block.Coin {
		t.Errorf("%v", err)
	}
	order := To(wallet.Address{}, block.Coin)
	order.From = []block.Outpoint{out}
	r, err := s.Make(t.Context(), s.keys, order)
	if err != nil || len(r.Spent) != 1 || r.Spent[0].Outpoint != out {
		t.Errorf("spending it again: %+v, %v", r, err)
	}
	if len(s.sent) != 0 {
		t.Error("Make sent something")
	}
}

// TestHistory: the balance runs over what counts, and not over what left the best chain.
func TestHistory(t *testing.T) {
	s := newScene(t)
	_, first := s.at(wallet.Receive, 0)
	row := func(id byte, net block.Amount, status string) rpc.HistoryRow {
		return rpc.HistoryRow{TxID: block.Hash{id}, Net: net, Status: status, Addresses: []string{first}}
	}
	s.history = []rpc.HistoryRow{row(1, 50, rpc.TxConfirmed), row(2, 30, rpc.TxConflicted), row(3, 50, rpc.TxStale),
		row(4, -20, rpc.TxConfirmed), row(5, 7, rpc.TxPending)}
	got, err := s.History(t.Context())
	if err != nil || len(got) != 5 || s.asked != 1 {
		t.Fatalf("%+v, %v, %d calls", got, err, s.asked)
	}
	for i, want := range []block.Amount{50, 50, 50, 30, 37} {
		if got[i].Balance != want || got[i].TxID != (block.Hash{byte(i + 1)}) {
			t.Errorf("row %d: %+v, want the balance %d", i, got[i], want)
		}
	}
}

// TestDiscover: a wallet that was restored from its words finds its payments again, in a few
// calls, and behind a longer row of unpaid addresses if it is told how long.
func TestDiscover(t *testing.T) {
	s := newScene(t)
	for _, i := range []uint32{2 + wallet.GapLimit - 3, 2 + 2*wallet.GapLimit - 4, 2 + 3*wallet.GapLimit} {
		_, far := s.at(wallet.Receive, i)
		s.history = append(s.history, rpc.HistoryRow{Received: 1, Addresses: []string{far}})
	}
	for _, step := range []struct {
		gap  int
		next uint32
	}{{wallet.GapLimit, 2 + 2*wallet.GapLimit - 3}, {wallet.GapLimit + 5, 2 + 3*wallet.GapLimit + 1}} {
		s.asked = 0
		if err := s.Discover(t.Context(), step.gap); err != nil {
			t.Fatal(err)
		}
		_, path, err := s.wallet.Next(wallet.Receive)
		if err != nil || path.Index != step.next || s.asked > 6 {
			t.Errorf("a gap of %d: the next address is %s, want index %d: %d calls, %v", step.gap, path, step.next, s.asked, err)
		}
	}
}

// TestUnpaid counts from the last payment on.
func TestUnpaid(t *testing.T) {
	s := newScene(t)
	n, err := s.Unpaid(t.Context())
	if err != nil || n != 2 {
		t.Errorf("of two that were given out %d are unpaid, %v", n, err)
	}
	_, first := s.at(wallet.Receive, 0)
	s.history = []rpc.HistoryRow{{Received: 1, Addresses: []string{first}}}
	if n, err = s.Unpaid(t.Context()); err != nil || n != 1 {
		t.Errorf("after a payment to the first %d are unpaid, %v", n, err)
	}
}

// TestWith asks another node.
func TestWith(t *testing.T) {
	s := newScene(t)
	s.coin(wallet.Receive, 0, 1, nil)
	b, err := s.With(&book{}).Balance(t.Context())
	if err != nil || b.Total() != 0 {
		t.Errorf("%+v, %v", b, err)
	}
}
