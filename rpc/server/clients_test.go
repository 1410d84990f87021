package server

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"regexp"
	"strings"
	"testing"

	"toychain/rpc"
)

// bitcoin-cli -rpcwallet=NAME and many clients send every call to the path of a wallet.
func TestWalletPath(t *testing.T) {
	w := start(t)
	w.url += "/wallet/alice"
	for _, row := range []struct {
		body   string
		status int
		want   string
	}{
		{`{"id":1,"method":"getblockcount"}`, 200, `{"result":0,"error":null,"id":1}`},
		{`{"id":1,"method":"getbalance"}`, 500, `{"result":null,"error":{"code":-18,"message":"Requested wallet does not exist or is not loaded: `},
		{`{"jsonrpc":"2.0","id":1,"method":"getbalance"}`, 200, `{"jsonrpc":"2.0","error":{"code":-18,"message":"Requested wallet does not exist`},
		{`[{"id":1,"method":"getbalance"}]`, 200, `[{"result":null,"error":{"code":-18,`},
	} {
		if status, got := w.post(row.body); status != row.status || !strings.HasPrefix(got, row.want) {
			t.Errorf("%s: %d %s\nwant %d %s", row.body, status, got, row.status, row.want)
		}
	}
}

// Some clients take localhost for ::1, others for 127.0.0.1.
func TestBothLoopbacks(t *testing.T) {
	probe, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no ::1, and nothing that is installed gives it one: ", err)
	}
	probe.Close()
	w := start(t)
	for tries := 0; len(w.server.listeners) == 1; tries++ { // another program has that port of ::1
		if tries == 20 {
			t.Fatal("twenty servers in a row listen on 127.0.0.1 alone")
		}
		w.end()
		w = start(t)
	}
	host, port, _ := net.SplitHostPort(w.server.Addr())
	if host != "127.0.0.1" {
		t.Errorf("the address is %s, want that of IPv4", w.server.Addr())
	}
	c := rpc.NewClient("[::1]:"+port, w.user, w.pass)
	defer c.Close()
	if n, err := c.BlockCount(w.ctx); err != nil || n != 0 {
		t.Errorf("by ::1: %d, %v", n, err)
	}
	w.end()
	for _, l := range w.server.listeners {
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s is open after the end: %v", l.Addr(), err)
		}
	}
}

// The messages about wrong types are Core's: none has the words of Go's decoders.
func TestNoWordsOfGo(t *testing.T) {
	s := play(t)
	values := []any{nil, true, 1, 1.5, -1, json.RawMessage("1e999"), "x", "", []any{}, []any{1}, []any{nil}, []any{map[string]any{}},
		map[string]any{}, map[string]any{"x": 1}, map[string]any{"mode": 1}, map[string]any{"loss": "x"}, map[string]any{"delay_ms": 1.5},
		map[string]any{"one_way": nil}, map[string]any{"txid": 1}, []any{map[string]any{"txid": nowhere, "vout": "x"}}}
	foreign := regexp.MustCompile(`json:|unmarshal|Go |strconv|invalid syntax|int64|uint32|EOF`)
	ended, cancel := context.WithCancel(s.ctx)
	cancel()
	for name, m := range s.server.methods {
		for i := range m.params {
			for _, v := range values {
				args := []any{}
				for _, p := range m.params[:i] {
					args = append(args, map[rpc.Kind]any{rpc.KindString: nowhere, rpc.KindNumber: 1, rpc.KindBool: true, rpc.KindArray: []any{}}[p.Kind])
				}
				ctx := s.ctx
				if m.Long { // it is refused, or has no time to wait
					ctx = ended
				}
				params := json.RawMessage(marshal(append(args, v)))
				raw, err := m.arrange(params)
				if err == nil && name != "stop" {
					_, err = m.answer(&call{ctx: ctx, server: s.server, node: s.node, method: m}, raw)
				}
				if err != nil && foreign.MatchString(err.Error()) {
					t.Errorf("%s %v: %v", name, append(args, v), err)
				}
			}
		}
	}
}
