package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/blockfile"
	"toychain/cmd/internal/cli"
	"toychain/consensus"
	"toychain/mempool"
	"toychain/node"
	"toychain/rpc"
	"toychain/rpc/server"
)

// screen is a file that stands for a terminal.
func screen(t *testing.T) (line *cli.Progress, shown func() []string) {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "terminal")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return cli.NewProgress(cli.NewOutput(f), time.Now().Add(-time.Hour)), func() []string {
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimPrefix(string(bytes.ReplaceAll(text, []byte("\r\x1b[K"), nil)), "\r"), "\r")
	}
}

// How far an import is, with the size of a file and without.
func TestProgressOfImport(t *testing.T) {
	line, shown := screen(t)
	in := &importing{line: line, added: 7_203_000, known: 100} // a rate of 2,000 for 1.5 s from now
	in.show(250_000, 1_000_000)
	line.Clear()
	in.show(0, 0)
	line.Clear()
	if got, want := shown(), []string{"7,203,100 blocks  2,000/s  25 % of 1.0 MB\x1b[K", "7,203,100 blocks  2,000/s\x1b[K"}; strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("shown %q, want %q", got, want)
	}
}

// How far a reindex or a verify is: first what it found, and then what of it is done.
func TestProgressOfAFolder(t *testing.T) {
	line, shown := screen(t)
	ctx, cancel := contextWithPatience()
	defer cancel()
	err := slowly(ctx, line, func(progress func(done, total int)) error {
		for i, step := range [][2]int{{7_203_000, 0}, {3_603_000, 7_206_000}} {
			progress(step[0], step[1])
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for len(shown()) < i+1 || shown()[i] == "" { // until somebody can have read it
				select {
				case <-tick.C:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		return nil
	})
	got := shown()
	want := []string{"7,203,000 blocks read  2,000/s\x1b[K", "3,603,000 of 7,206,000 blocks  1,000/s  50 %\x1b[K"}
	for i := range want {
		if err != nil || len(got) < 2 || got[i*(len(got)-1)] != want[i] {
			t.Errorf("shown %q, %v, want %q first and last", got, err, want)
		}
	}
}

// How far an export is, from a real node.
func TestProgressOfExport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "regtest")
	n, err := node.Open(node.Config{Params: consensus.Regtest(), Dir: dir, Pool: mempool.DefaultPolicy(), Version: "0.0.0"})
	if err != nil {
		t.Fatal(err)
	}
	run, stop := context.WithCancel(t.Context())
	srv, err := server.New(server.Config{Dir: dir, Stop: stop}, n)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 2)
	go func() { ended <- n.Run(run) }()
	go func() { ended <- srv.Run(run) }()
	defer func() {
		stop()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}()
	if _, err := n.Generate(run, 12, block.PubKeyHashScript([20]byte{1}), 0); err != nil {
		t.Fatal(err)
	}
	client, err := rpc.Dial(srv.Addr(), filepath.Join(dir, rpc.CookieName))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	line, shown := screen(t)
	e := exporting{first: 3, last: 12, format: blockfile.Hex}
	if err := e.blocks(run, line, target{Client: client, params: n.Params()}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(shown()), "[10 of 10 blocks  0/s  100 %\x1b[K]"; got != want {
		t.Errorf("shown %q, want %q", got, want)
	}
}
