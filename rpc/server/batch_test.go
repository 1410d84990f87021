package server

import (
	"errors"
	"strings"
	"testing"

	"toychain/block"
	"toychain/internal/chaingen"
	"toychain/rpc"
)

// TestBatchClient: each call has an answer or an error of its own.
func TestBatchClient(t *testing.T) {
	w := start(t)
	w.mine(3, chaingen.NewKey("alice"))
	var height block.Height
	var hash block.Hash
	asks := []rpc.Ask{
		{Method: "getblockcount", Result: &height},
		{Method: "getblockhash", Params: []any{99}, Result: &hash},
		{Method: "ping"},
		{Method: "getblockcount", Result: &hash},
	}
	if err := w.Batch(w.ctx, asks); err != nil {
		t.Fatal(err)
	}
	var no *rpc.Error
	if height != 3 || asks[0].Err != nil || !errors.As(asks[1].Err, &no) || no.Code != rpc.CodeInvalidParam || asks[2].Err != nil {
		t.Errorf("height %d, %+v", height, asks)
	}
	if asks[3].Err == nil || !strings.Contains(asks[3].Err.Error(), "getblockcount: reading the result") {
		t.Errorf("a height as a hash: %v", asks[3].Err)
	}
	if err := w.Batch(w.ctx, nil); err != nil {
		t.Errorf("no calls: %v", err)
	}
	if err := w.Batch(w.ctx, make([]rpc.Ask, maxBatch+1)); err == nil {
		t.Error("too many calls")
	}
	w.end()
	if err := w.Batch(t.Context(), asks); !errors.Is(err, rpc.ErrUnreachable) {
		t.Errorf("a node that stopped: %v", err)
	}
}

// TestManyBlocks: what BlocksFrom reads from one node, SubmitBlocks hands to another.
func TestManyBlocks(t *testing.T) {
	from, to := start(t), start(t)
	from.mine(rpc.BlocksPerAnswer+5, chaingen.NewKey("alice"))
	first, err := from.BlocksFrom(from.ctx, 0, 100)
	if err != nil || len(first) != rpc.BlocksPerAnswer || first[0].Hash() != from.params.Genesis.Hash() {
		t.Fatalf("%d blocks, %v", len(first), err)
	}
	rest, err := from.BlocksFrom(from.ctx, rpc.BlocksPerAnswer, 100)
	if err != nil || len(rest) != 6 {
		t.Fatalf("%d blocks at the end, %v", len(rest), err)
	}
	if _, err := from.BlocksFrom(from.ctx, 99, 1); err == nil {
		t.Error("blocks above the tip")
	}
	bad := *rest[1]
	bad.Txs = append(bad.Txs[:1:1], bad.Txs[0])
	blocks := append(append(first, rest[0], &bad), rest[1:]...)
	reasons, err := to.SubmitBlocks(to.ctx, blocks)
	if err != nil || len(reasons) != len(blocks) {
		t.Fatalf("%d reasons, %v", len(reasons), err)
	}
	for i, reason := range reasons {
		want := ""
		switch i {
		case 0:
			want = "duplicate"
		case rpc.BlocksPerAnswer + 1:
			want = "bad-txnmrklroot"
		}
		if reason != want {
			t.Errorf("block %d: %q, want %q", i, reason, want)
		}
	}
	if tip, err := to.BestBlockHash(to.ctx); err != nil || tip != rest[5].Hash() {
		t.Errorf("tip %s, %v", tip, err)
	}
	reasons, err = to.SubmitBlocks(to.ctx, []*block.Block{{Header: block.Header{Prev: rest[0].Hash()}}, rest[0]})
	if err != nil || len(reasons) != 2 || reasons[0] == "" || reasons[1] != "duplicate" {
		t.Errorf("a block that is none, and a good one: %q, %v", reasons, err)
	}
	var no *rpc.Error
	err = to.Call(to.ctx, "submitblocks", []any{[]string{"00", "zz"}}, nil)
	if !errors.As(err, &no) || no.Code != rpc.CodeDeserialization || !strings.HasPrefix(no.Message, "block 1 of 2: ") {
		t.Errorf("no blocks at all: %v", err)
	}
	if _, err := to.SubmitBlocks(to.ctx, make([]*block.Block, 0)); err != nil {
		t.Errorf("no blocks: %v", err)
	}
	many := make([]*block.Block, maxSubmit+1)
	for i := range many {
		many[i] = first[0]
	}
	if _, err := to.SubmitBlocks(to.ctx, many); !errors.As(err, &no) || no.Code != rpc.CodeInvalidParam {
		t.Errorf("too many blocks: %v", err)
	}
}
