package interop

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"toychain/block"
	"toychain/rpc"
)

// fetch reads a resource of REST, as a client does that knows no password.
func (s *served) fetch(path string) []byte {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, "http://"+s.addr+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s %s %v", path, resp.Status, raw, err)
	}
	return raw
}

// fork-observer in its default configuration (src/backend/mod.rs and bitcoin_core.rs) sees
// both branches of a fork: it reads the version, the tips, the active headers by REST, 2,000
// at a time, those of other branches by getblockheader, coinbases and whole blocks, and
// waits for the next block with waitfornewblock. Bytes are decoded by btcd.
func TestForkObserver(t *testing.T) {
	s := serve(t)
	defer http.DefaultClient.CloseIdleConnections()
	left := s.mine(7, s.owner(ourWords).at(0))
	if err := rpc.InvalidateBlock.Do(s.ctx, s.Client, rpc.BlockArg{Block: left[4]}); err != nil {
		t.Fatal(err)
	}
	right := s.mine(5, s.owner(ourWords).at(1))
	if err := rpc.ReconsiderBlock.Do(s.ctx, s.Client, rpc.BlockArg{Block: left[4]}); err != nil {
		t.Fatal(err)
	}

	info, err := rpc.GetNetworkInfo.Call(s.ctx, s.Client, rpc.None{})
	if err != nil || !strings.HasPrefix(info.Subversion, "/Satoshi:28.") {
		t.Errorf("version %q, %v", info.Subversion, err)
	}
	tips, err := rpc.GetChainTips.Call(s.ctx, s.Client, rpc.None{})
	if err != nil || len(tips) != 2 || tips[0].Status != "active" || tips[0].Height != 9 || tips[1].Status != "valid-fork" || tips[1].BranchLen != 3 {
		t.Fatalf("tips %+v, %v", tips, err)
	}

	// The active branch, from min_fork_height on.
	start, err := rpc.GetBlockHash.Call(s.ctx, s.Client, rpc.HeightArg{Height: 0})
	if err != nil {
		t.Fatal(err)
	}
	raw := s.fetch(fmt.Sprintf("/rest/headers/2000/%s.bin", start))
	active := append(left[:4:4], right...)
	if len(raw) != 80*10 {
		t.Fatalf("%d bytes of headers, want ten headers", len(raw))
	}
	for i := 1; i < 10; i++ {
		if got := headerHash(t, raw[80*i:80*i+80]); got != active[i-1].String() {
			t.Errorf("header %d is %s, want %s", i, got, active[i-1])
		}
	}

	// The other branch, down to the fork.
	for next, i := tips[1].Hash, 2; i >= 0; i-- {
		text, err := rpc.As[string](rpc.GetBlockHeader).Call(s.ctx, s.Client, rpc.GetBlockHeaderArgs{Block: next, Verbose: new(false)})
		if err != nil || next != left[4+i] || headerHash(t, unhex(t, text)) != next.String() {
			t.Fatalf("header %d of the other branch: %s %v", i, text, err)
		}
		next = block.Hash(unhex(t, text)[4:36])
	}

	// Who mined it, and the whole of a stale block.
	var whole wire.MsgBlock
	if err := whole.Deserialize(bytes.NewReader(s.fetch(fmt.Sprintf("/rest/block/%s.bin", left[6])))); err != nil || whole.BlockHash().String() != left[6].String() {
		t.Errorf("a stale block by REST: %s, %v", whole.BlockHash(), err)
	}
	text, err := rpc.As[string](rpc.GetBlock).Call(s.ctx, s.Client, rpc.GetBlockArgs{Block: left[6], Verbosity: new(rpc.Verbosity(0))})
	if err != nil || text != hex.EncodeToString(s.fetch(fmt.Sprintf("/rest/block/%s.bin", left[6]))) {
		t.Errorf("getblock and REST differ: %v", err)
	}
	var tip rpc.BlockRef
	if err := s.Call(s.ctx, "waitfornewblock", []any{1}, &tip); err != nil || tip.Height != 9 {
		t.Errorf("waitfornewblock: %+v, %v", tip, err)
	}
}

// headerHash returns the hash of a header as btcd computes it.
func headerHash(t *testing.T, raw []byte) string {
	t.Helper()
	var h wire.BlockHeader
	if err := h.Deserialize(bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	return h.BlockHash().String()
}
