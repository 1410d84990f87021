package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/rpc"
	"toychain/testnet/draw"
)

// TestDrawingIsCancelled: a drawing of a tree with very many branches ends when its context does,
// as text and as a file, and leaves no file.
func TestDrawingIsCancelled(t *testing.T) {
	var in draw.Tree
	root := block.Sum([]byte("g"))
	in.Blocks = append(in.Blocks, rpc.TreeBlock{Hash: root, Txs: 1})
	for i := range 200_000 {
		in.Blocks = append(in.Blocks, rpc.TreeBlock{Hash: block.Sum(fmt.Append(nil, i)), Prev: root, Height: 1, Txs: 1})
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for _, out := range []string{"", t.TempDir() + "/tree.svg", t.TempDir() + "/tree.dot"} {
		a := &app{Terminal: cli.Terminal{Stdout: cli.NewOutput(null), Colour: "never"}}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		d := &drawing{out: out}
		if a.drawTree(ctx, io.Discard, in, d); !errors.Is(d.failed, context.Canceled) {
			t.Errorf("drawing into %q ended with %v", out, d.failed)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s was written", out)
		}
	}
}
