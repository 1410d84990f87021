package server

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/engine"
	"toychain/internal/chaingen"
	"toychain/mempool"
	"toychain/node"
)

// FuzzCalls: whatever parameters a method is given, it answers JSON, nothing panics, and
// the node lives on. Methods that wait or work for long are left out, and stop.
func FuzzCalls(f *testing.F) {
	dir := f.TempDir()
	n, err := node.Open(node.Config{Params: chaingen.Network(), Dir: dir, Version: "1.2.3", Threads: 1, Pool: mempool.DefaultPolicy()})
	if err != nil {
		f.Fatal(err)
	}
	run, stop := context.WithCancel(context.Background())
	s, err := New(Config{Dir: dir}, n)
	if err != nil {
		f.Fatal(err)
	}
	ended := make(chan error, 2)
	go func() { ended <- n.Run(run) }()
	go func() { ended <- s.Run(run) }()
	f.Cleanup(func() {
		stop()
		for range 2 {
			if err := <-ended; err != nil {
				f.Error(err)
			}
		}
	})
	blocks, err := n.Generate(run, 4, chaingen.Miner.Script(), 0)
	if err != nil {
		f.Fatal(err)
	}
	var names []string
	for name, m := range s.methods {
		if !m.Long && name != "stop" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	tx := chaingen.Miner.Pay(nil, chaingen.Miner.To(block.Coin))
	for i := range names {
		for _, params := range []string{"", `[1]`, `["` + blocks[3].String() + `",2]`, `["` + fmt.Sprintf("%x", tx.Bytes()) + `"]`,
			`[[{"txid":"` + tx.ID().String() + `","vout":0}],{"data":"00"}]`} {
			f.Add(uint8(i), params)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, params string) {
		name := names[int(which)%len(names)]
		body := `{"id":1,"method":"` + name + `"}`
		if params != "" {
			body = `{"id":1,"method":"` + name + `","params":` + params + `}`
		}
		ctx, cancel := context.WithTimeout(run, 10*time.Second)
		defer cancel()
		calls, batch, bad := parseBody([]byte(body))
		answer, status := answered(ctx, s, calls, batch, bad)
		if len(answer) > 0 && !json.Valid(answer) || status < 200 || status > 599 {
			t.Fatalf("%s: status %d, %s", body, status, answer)
		}
		if strings.Contains(string(answer), "internal error") {
			t.Fatalf("%s: %s", body, answer)
		}
		if err := n.Look(ctx, func(*engine.Engine) {}); err != nil {
			t.Fatalf("after %s the node does not answer: %v", body, err)
		}
	})
}
