package p2p

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"toychain/block"
	"toychain/peer"
)

// chainOf makes n headers, each with its number as time, and bodies that are
// nothing but the header.
func chainOf(f *fake, n int) []block.Hash {
	var ids []block.Hash
	for i := range n {
		h := block.Header{Time: uint32(i)}
		raw := h.Bytes()
		f.headers = append(f.headers, h)
		f.bodies[h.Hash()] = raw[:]
		ids = append(ids, h.Hash())
	}
	return ids
}

func TestRequestHeaders(t *testing.T) {
	a, b := startNode(t), startNode(t)
	chainOf(b.fake, peer.MaxHeaders+1)
	a.connect(b)
	hs, err := a.RequestHeaders(testContext(t), b.ID(), make([]block.Hash, peer.MaxLocator), block.Hash{})
	if err != nil || len(hs) != peer.MaxHeaders || hs[peer.MaxHeaders-1].Time != peer.MaxHeaders-1 {
		t.Errorf("got %d headers, %v", len(hs), err)
	}
	if _, err := a.RequestHeaders(testContext(t), b.ID(), make([]block.Hash, peer.MaxLocator+1), block.Hash{}); err == nil {
		t.Error("a locator that is too long was sent")
	}
	b.headers = nil
	hs, err = a.RequestHeaders(testContext(t), b.ID(), nil, block.Hash{})
	if err != nil || len(hs) != 0 {
		t.Errorf("got %v, %v", hs, err)
	}
}

func TestRequestBlocks(t *testing.T) {
	a, b := startNode(t), startNode(t)
	ids := chainOf(b.fake, peer.MaxBlocksAsked+1)
	// The biggest block there may be travels too.
	big := block.Header{Time: 1000}
	raw := big.Bytes()
	b.bodies[big.Hash()] = append(raw[:], make([]byte, MaxMessage-block.HeaderSize)...)
	a.connect(b)

	count := 0
	each := func(raw []byte) error { count++; return nil }
	if err := a.RequestBlocks(testContext(t), b.ID(), ids[:peer.MaxBlocksAsked], each); err != nil || count != peer.MaxBlocksAsked {
		t.Errorf("%d blocks, %v", count, err)
	}
	if err := a.RequestBlocks(testContext(t), b.ID(), ids, each); err == nil {
		t.Error("too many blocks were asked for")
	}
	var got []byte
	err := a.RequestBlocks(testContext(t), b.ID(), []block.Hash{big.Hash()}, func(raw []byte) error { got = raw; return nil })
	if err != nil || len(got) != MaxMessage {
		t.Errorf("big block: %d bytes, %v", len(got), err)
	}
	unknown := block.Hash{9}
	count = 0
	err = a.RequestBlocks(testContext(t), b.ID(), []block.Hash{ids[0], unknown, ids[1]}, each)
	missing := new(peer.MissingError)
	if !errors.As(err, &missing) || !slices.Equal(missing.IDs, []block.Hash{unknown}) || count != 2 {
		t.Errorf("with one missing: %v, %d blocks", err, count)
	}
	stop := errors.New("stop")
	err = a.RequestBlocks(testContext(t), b.ID(), ids[:3], func([]byte) error { return stop })
	if !errors.Is(err, stop) || len(a.Banned()) != 0 {
		t.Errorf("stopped by the caller: %v, banned %v", err, a.Banned())
	}
}

func TestRequestPoolAndTxs(t *testing.T) {
	a, b := startNode(t), startNode(t)
	for i := range peer.MaxTxsAsked {
		raw := fmt.Appendf(nil, "tx %d", i)
		b.pool = append(b.pool, block.Sum(raw))
		b.poolTxs[block.Sum(raw)] = raw
	}
	a.connect(b)
	ids, err := a.RequestPool(testContext(t), b.ID())
	if err != nil || !slices.Equal(ids, b.pool) {
		t.Errorf("%d ids, %v", len(ids), err)
	}
	count := 0
	err = a.RequestTxs(testContext(t), b.ID(), ids, func(raw []byte) error {
		if want := fmt.Sprintf("tx %d", count); string(raw) != want {
			return fmt.Errorf("got %q, want %q", raw, want)
		}
		count++
		return nil
	})
	if err != nil || count != peer.MaxTxsAsked {
		t.Errorf("%d txs, %v", count, err)
	}
	if err := a.RequestTxs(testContext(t), b.ID(), append(ids, ids[0]), nil); err == nil {
		t.Error("too many transactions were asked for")
	}
	b.pool = make([]block.Hash, peer.MaxPoolIDs+1)
	if ids, err := a.RequestPool(testContext(t), b.ID()); err != nil || len(ids) != peer.MaxPoolIDs {
		t.Errorf("%d ids of a big pool, %v", len(ids), err)
	}
}

func TestRequestErrors(t *testing.T) {
	a, b := startNode(t), startNode(t)
	if _, err := a.RequestPool(testContext(t), b.ID()); !errors.Is(err, ErrNotJoined) || !strings.Contains(err.Error(), b.ID().Short()) {
		t.Errorf("request to somebody unknown: %v", err)
	}
	if _, err := a.RequestPool(testContext(t), "nobody"); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("request to nobody: %v", err)
	}
	a.connect(b)
	ctx, cancel := context.WithCancel(testContext(t))
	cancel()
	if _, err := a.RequestPool(ctx, b.ID()); !errors.Is(err, context.Canceled) {
		t.Errorf("request with an ended context: %v", err)
	}
	a.stop()
	if _, err := a.RequestPool(testContext(t), b.ID()); err == nil {
		t.Error("request after the end")
	}
}
