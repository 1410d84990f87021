package server

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/internal/leaks"
	"toychain/mempool"
	"toychain/node"
	"toychain/rpc"
	"toychain/wallet"
)

func TestMain(m *testing.M) { leaks.Main(m) }

// world is a real node with a server on a port of the loopback, and a client.
type world struct {
	*rpc.Client
	t      testing.TB
	params *consensus.Params
	dir    string
	node   *node.Node
	server *Server
	ctx    context.Context

	url, user, pass string       // what a foreign client would use
	http            *http.Client // and a connection of its own

	end   func()        // stops node and server and waits; may be called twice
	ended chan struct{} // closed when both have ended
}

// A test's server allows fewer connections than maxConns and maxStrangers: both ends are here.
const fewKnown, fewStrangers = 128, 256

func start(t testing.TB) *world { return startIn(t, t.TempDir(), Config{}) }

func startIn(t testing.TB, dir string, cfg Config) *world {
	t.Helper()
	w := &world{t: t, params: chaingen.Network(), dir: dir, ended: make(chan struct{})}
	var err error
	w.node, err = node.Open(node.Config{Params: w.params, Dir: dir, Name: "n1", Version: "1.2.3", Pool: mempool.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	run, stop := context.WithCancel(context.Background())
	cfg.Dir, cfg.Stop = dir, stop
	if w.server, err = New(cfg, w.node); err != nil {
		t.Fatal(err)
	}
	if w.server.conns.known != maxConns || w.server.conns.strangers != maxStrangers {
		t.Logf("%d and %d connections, for there are few file descriptors", w.server.conns.known, w.server.conns.strangers)
	}
	w.server.conns.limit(fewKnown, fewStrangers)
	failed := make(chan error, 2)
	go func() { failed <- w.node.Run(run) }()
	go func() { failed <- w.server.Run(run) }()
	go func() {
		for range 2 {
			if err := <-failed; err != nil {
				t.Errorf("at the end: %v", err)
			}
		}
		close(w.ended)
	}()
	var cancel context.CancelFunc
	w.ctx, cancel = context.WithTimeout(context.Background(), time.Minute)
	if w.Client, err = rpc.Dial(w.server.Addr(), filepath.Join(dir, rpc.CookieName)); err != nil {
		t.Fatal(err)
	}
	cookie, err := os.ReadFile(filepath.Join(dir, rpc.CookieName))
	if err != nil {
		t.Fatal(err)
	}
	w.user, w.pass, _ = strings.Cut(string(cookie), ":")
	w.url, w.http = "http://"+w.server.Addr(), &http.Client{Transport: &http.Transport{}}
	w.end = func() {
		w.Client.Close()
		w.http.CloseIdleConnections()
		stop()
		<-w.ended
		cancel()
	}
	t.Cleanup(w.end)
	return w
}

// address returns the address of k on the test network.
func (w *world) address(k chaingen.Key) string {
	a, ok := wallet.AddressOf(k.Script())
	if !ok {
		w.t.Fatal("a key's script pays no address")
	}
	return a.Encode(w.params.Prefixes)
}

// must calls a method that must succeed and returns its result as it came.
func (w *world) must(method string, params ...any) json.RawMessage {
	w.t.Helper()
	var out json.RawMessage
	if err := w.Call(w.ctx, method, params, &out); err != nil {
		w.t.Fatalf("%s %v: %v", method, params, err)
	}
	return out
}

// get calls a method that must succeed and reads its result.
func get[T any](w *world, method string, params ...any) (out T) {
	w.t.Helper()
	raw := w.must(method, params...)
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(&out); err != nil {
		w.t.Fatalf("%s: %v in %s", method, err, raw)
	}
	return out
}

// refused calls a method that must fail so, with a message that holds the text.
func (w *world) refused(code rpc.Code, text, method string, params ...any) {
	w.t.Helper()
	var raw json.RawMessage
	err := w.Call(w.ctx, method, params, &raw)
	if e, ok := err.(*rpc.Error); !ok || e.Code != code || !strings.Contains(e.Message, text) {
		w.t.Errorf("%s %v: got %v, %s; want code %d and %q", method, params, err, raw, code, text)
	}
}

// mine mines n blocks that pay k.
func (w *world) mine(n int, k chaingen.Key) []block.Hash {
	w.t.Helper()
	hashes, err := w.Generate(w.ctx, n, w.address(k))
	if err != nil || len(hashes) != n {
		w.t.Fatalf("mined %d of %d blocks: %v", len(hashes), n, err)
	}
	return hashes
}

// waitForHeight waits until the best chain has a height, and returns its tip.
func (w *world) waitForHeight(h block.Height) (rpc.BlockRef, error) {
	return rpc.WaitForBlockHeight.Call(w.ctx, w.Client, rpc.WaitForBlockHeightArgs{Height: int64(h)})
}

// coin returns an output that pays a key, as a coin.
func (w *world) coin(hash block.Hash, tx int) consensus.UTXO {
	w.t.Helper()
	b, err := w.RawBlock(w.ctx, hash)
	if err != nil {
		w.t.Fatal(err)
	}
	return chaingen.Output(b.Txs[tx], 0)
}

// pay returns a transaction that spends a coin of from, with a fee of about 50 per byte.
func pay(from chaingen.Key, coin consensus.UTXO, to chaingen.Key) *block.Tx {
	return from.Pay([]consensus.UTXO{coin}, to.To(coin.Value-10_000))
}

var alice, bob = chaingen.NewKey("alice"), chaingen.NewKey("bob")

// answered returns the answer to what parseBody returned.
func answered(ctx context.Context, s *Server, calls []parsedCall, batch bool, bad *rpc.Error) ([]byte, int) {
	rec := httptest.NewRecorder()
	to := &reply{w: rec, place: s.quick}
	s.quick <- struct{}{}
	defer to.leave()
	if err := s.answer(ctx, to, calls, batch, bad); err != nil {
		return nil, http.StatusServiceUnavailable
	}
	to.end()
	return rec.Body.Bytes(), rec.Code
}

// post sends a body with the right password and returns the status and the answer, whose
// length must be announced unless it is large.
func (w *world) post(body string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.ctx, http.MethodPost, w.url, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.SetBasicAuth(w.user, w.pass)
	resp, err := w.http.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if resp.ContentLength != int64(len(raw)) && (len(raw) <= replyPiece || resp.ContentLength >= 0) {
		w.t.Errorf("content length %d, the answer to %.100s has %d bytes", resp.ContentLength, body, len(raw))
	}
	return resp.StatusCode, strings.TrimSpace(string(raw))
}

// limit sets the most of each kind.
func (cs *conns) limit(known, strangers int) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.known, cs.strangers = known, strangers
}
