package interop

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/mempool"
	"toychain/node"
	"toychain/payer"
	"toychain/rpc"
	"toychain/rpc/server"
	"toychain/wallet"
)

// served is a real node with its RPC server on a port of the loopback.
type served struct {
	*rpc.Client
	t      *testing.T
	ctx    context.Context
	addr   string // host:port
	cookie string // the file
	params *consensus.Params
	node   *node.Node
}

// serve runs a node on regtest, which its user "user" with the password "password"
// may call too, until the test ends.
func serve(t *testing.T) *served { return serveOn(t, consensus.Regtest()) }

func serveOn(t *testing.T, params *consensus.Params) *served {
	t.Helper()
	dir := filepath.Join(t.TempDir(), params.Name)
	n, err := node.Open(node.Config{Params: params, Dir: dir, Version: "0.0.0", Pool: mempool.DefaultPolicy(), Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(server.Config{Dir: dir, User: "user", Pass: "password", REST: true}, n)
	if err != nil {
		t.Fatal(err)
	}
	run, stop := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- n.Run(run) }()
	go func() { ended <- srv.Run(run) }()
	s := &served{t: t, addr: srv.Addr(), cookie: filepath.Join(dir, rpc.CookieName), params: params, node: n}
	var cancel context.CancelFunc
	s.ctx, cancel = context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(func() {
		if s.Client != nil {
			s.Client.Close()
		}
		cancel()
		stop()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	if s.Client, err = rpc.Dial(s.addr, s.cookie); err != nil {
		t.Fatal(err)
	}
	return s
}

// mine mines n blocks that pay an address.
func (s *served) mine(n int, to string) []block.Hash {
	s.t.Helper()
	hashes, err := s.Generate(s.ctx, n, to)
	if err != nil || len(hashes) != n {
		s.t.Fatalf("mined %d of %d blocks: %v", len(hashes), n, err)
	}
	return hashes
}

// owner is one of our wallets and the node it asks.
type owner struct {
	*payer.Payer
	keys   *wallet.Keychain
	served *served
}

// owner makes a wallet of these words, which has handed out its first three
// addresses.
func (s *served) owner(words string) *owner {
	s.t.Helper()
	w, err := wallet.Create(filepath.Join(s.t.TempDir(), "wallet.json"), "secret", wallet.New{
		Name: "owner", Network: wallet.Network{Name: s.params.Name, Prefixes: s.params.Prefixes}, Mnemonic: words,
		Created: time.Unix(1_767_225_600, 0), WorkFactor: wallet.CheapWorkFactor})
	if err != nil {
		s.t.Fatal(err)
	}
	for range 3 {
		if _, _, err := w.Take(wallet.Receive); err != nil {
			s.t.Fatal(err)
		}
	}
	o := &owner{served: s}
	if o.keys, err = w.Unlock("secret"); err != nil {
		s.t.Fatal(err)
	}
	if o.Payer, err = payer.Open(s.ctx, s.Client, w, s.params.Digest(), s.params.Prefixes); err != nil {
		s.t.Fatal(err)
	}
	return o
}

// at returns the receiving address with this number.
func (o *owner) at(i uint32) string {
	o.served.t.Helper()
	a, err := o.Wallet().Account().Address(wallet.Path{Branch: wallet.Receive, Index: i})
	if err != nil {
		o.served.t.Fatal(err)
	}
	return a.Encode(o.served.params.Prefixes)
}

// pay makes a payment that the node must take.
func (o *owner) pay(order payer.Request) payer.Result {
	o.served.t.Helper()
	r, err := o.Pay(o.served.ctx, o.keys, order)
	if err != nil {
		o.served.t.Fatal(err)
	}
	return r
}

// params are a call's parameters as btcd's client wants them.
func params(values ...any) (out []json.RawMessage) {
	for _, v := range values {
		raw, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		out = append(out, raw)
	}
	return out
}
