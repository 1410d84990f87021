package interop

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"

	"toychain/block"
	"toychain/payer"
	"toychain/wallet"
)

const (
	theirWords = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
	ourWords   = "legal winner thank year wave sausage worth useful legal winner thank yellow"
)

// script runs bitcoinjs/bitcoinjs.mjs and reads the line that it prints.
func script[T any](s *served, args ...string) (out T) {
	s.t.Helper()
	c := exec.CommandContext(s.ctx, "node", append([]string{"bitcoinjs.mjs"}, args...)...)
	c.Dir = "bitcoinjs"
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		s.t.Fatalf("node bitcoinjs.mjs %s: %v\n%s", args[0], err, stderr.Bytes())
	}
	d := json.NewDecoder(&stdout)
	d.DisallowUnknownFields()
	if err := d.Decode(&out); err != nil {
		s.t.Fatalf("node bitcoinjs.mjs %s: %v", args[0], err)
	}
	return out
}

// needBitcoinjs skips a test where there is no Node, or nobody has installed the
// packages: a test asks no registry.
func needBitcoinjs(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("there is no node on this machine: install Node.js 18 or later and npm, then run `npm ci` in interop/bitcoinjs")
	}
	c := exec.Command("node", "bitcoinjs.mjs", "address", theirWords)
	c.Dir = "bitcoinjs"
	if out, err := c.CombinedOutput(); err != nil {
		if bytes.Contains(out, []byte("ERR_MODULE_NOT_FOUND")) {
			t.Skip("bitcoinjs-lib is not installed: run `npm ci` in interop/bitcoinjs")
		}
		t.Fatalf("bitcoinjs does not run: %v\n%s", err, out)
	}
}

// bitcoinjs-lib makes keys, spends a coinbase of our node's and payments of our
// wallet's, to a long key too, and our node mines what it sends; then it reads our
// whole chain and finds every hash, root, proof of work and signature right.
func TestBitcoinjs(t *testing.T) {
	needBitcoinjs(t)
	s := serve(t)
	ours, theirs := s.owner(ourWords), s.owner(theirWords)
	keys := script[struct {
		XPub      string
		Addresses []string
		WIF       []string
	}](s, "address", theirWords)
	sameKeys(theirs, keys.XPub, keys.Addresses, keys.WIF)

	first := s.mine(1, keys.Addresses[0])[0]
	s.mine(101, ours.at(0)) // the coinbases of the first two can be spent
	order := payer.Request{Data: []byte("hello bitcoinjs")}
	for _, text := range keys.Addresses {
		to, err := wallet.ParseAddress(text, s.params.Prefixes)
		if err != nil {
			t.Fatal(err)
		}
		order.Pay = append(order.Pay, wallet.Payment{To: to, Value: 3 * block.Coin})
	}
	ours.pay(order)
	second := s.mine(1, ours.at(1))[0]

	for _, spent := range []struct {
		in     block.Hash
		amount block.Amount
		inputs int
	}{{first, 20 * block.Coin, 1}, {second, 7 * block.Coin, 3}} {
		// What leaves their wallet is what they said, in a block, as they signed it.
		sent := script[struct {
			TxID   block.Hash
			Hex    string
			Inputs int
		}](s, "pay", s.addr, s.cookie, theirWords, spent.in.String(), ours.at(2), strconv.FormatInt(int64(spent.amount), 10))
		if pool, err := s.RawMempool(s.ctx); err != nil || len(pool) != 1 || pool[0] != sent.TxID {
			t.Fatalf("the pool holds %v, want bitcoinjs's payment %s (%v)", pool, sent.TxID, err)
		}
		in := s.mine(1, ours.at(1))[0]
		tx, err := s.Tx(s.ctx, sent.TxID)
		if err != nil || tx.BlockHash != in || tx.Confirmations == nil || *tx.Confirmations != 1 || tx.Hex != sent.Hex {
			t.Fatalf("bitcoinjs's payment is confirmed as %+v, %v", tx, err)
		}
		if sent.Inputs != spent.inputs || len(tx.Vin) != spent.inputs || len(tx.Vout) != 3 || tx.Vout[0].Value != spent.amount {
			t.Errorf("bitcoinjs's payment has %d inputs and the outputs %+v, want %d inputs and first %s", len(tx.Vin), tx.Vout, spent.inputs, spent.amount)
		}
	}
	balance, err := theirs.Balance(s.ctx)
	if err != nil || balance.Confirmed != (30+2)*block.Coin-2*10_000 {
		t.Errorf("their wallet holds %s (%v), want what the two payments left", balance.Confirmed, err)
	}
	ours.pay(payer.To(theirs.first(), 4*block.Coin)) // and back, for bitcoinjs to check
	s.mine(1, ours.at(1))
	seen := script[struct{ Blocks, Txs, Signatures int }](s, "read", s.addr, s.cookie)
	if seen.Blocks != 1+1+101+4 || seen.Txs != seen.Blocks+4 || seen.Signatures < 6 {
		t.Errorf("bitcoinjs read %+v, want 107 blocks with 4 payments", seen)
	}
}

// first returns the first receiving address.
func (o *owner) first() wallet.Address {
	o.served.t.Helper()
	a, err := o.Wallet().Account().Address(wallet.Path{})
	if err != nil {
		o.served.t.Fatal(err)
	}
	return a
}

// sameKeys holds bitcoinjs's keys of our words, the first two and the second's long
// form, against our own.
func sameKeys(o *owner, xpub string, addresses, wifs []string) {
	t, prefixes := o.served.t, o.served.params.Prefixes
	t.Helper()
	var ours, oursWIF []string
	for i, path := range []wallet.Path{{Index: 0}, {Index: 1}, {Index: 1}} {
		key, err := o.keys.Key(path)
		if err != nil {
			t.Fatal(err)
		}
		long := i == 2
		public := key.PubKey().SerializeCompressed()
		if long {
			public = key.PubKey().SerializeUncompressed()
		}
		ours = append(ours, wallet.KeyAddress(public).Encode(prefixes))
		wif, err := btcutil.NewWIF(key, &chaincfg.Params{PrivateKeyID: prefixes.WIF}, !long)
		if err != nil {
			t.Fatal(err)
		}
		oursWIF = append(oursWIF, wif.String())
	}
	if strings.Join(addresses, " ") != strings.Join(ours, " ") || strings.Join(wifs, " ") != strings.Join(oursWIF, " ") {
		t.Errorf("bitcoinjs makes the addresses %v and keys %v of the words, we %v and %v", addresses, wifs, ours, oursWIF)
	}
	if own := o.keys.Account().String(); xpub != own {
		t.Errorf("bitcoinjs's account key is %s, ours %s", xpub, own)
	}
}
