package interop

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
)

// Bitcoin's first 14,131 blocks, in btcd's test data as Bitcoin Core's own files
// hold them, parse, are written again byte for byte, and chain under our parameters
// of main. They pay to bare public keys, so btcd's script engine judges the
// spending; everything else is ours.
func TestBitcoinsFirstBlocks(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/btcsuite/btcd").Output()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "blockchain", "testdata", "blk_0_to_14131.dat"))
	if err != nil {
		t.Fatal(err)
	}
	params := chain.Main()
	params.Spending = allScripts
	tree, _ := newTree(t, params)
	read := 0
	for len(raw) >= 8 && binary.LittleEndian.Uint32(raw) == 0xd9b4bef9 {
		size := binary.LittleEndian.Uint32(raw[4:])
		b, err := block.Parse(raw[8 : 8+size])
		if err != nil {
			t.Fatalf("block %d: %v", read, err)
		}
		if string(b.Bytes()) != string(raw[8:8+size]) {
			t.Fatalf("block %d: written again it differs", read)
		}
		raw = raw[8+size:]
		if b.Hash() != params.Genesis.Hash() {
			if _, err := tree.AddBlock(b, time.Unix(int64(b.Header.Time), 0)); err != nil {
				t.Fatalf("block %d: %v", read, err)
			}
		}
		if read++; read%1000 == 0 {
			if err := tree.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	tip := tree.Tip()
	t.Logf("%d blocks read; tip at height %d, bits %08x", read, tip.Height, tip.Header.Bits)
	if int(tip.Height) < 14_000 || tip.Header.Bits != 0x1d00ffff {
		t.Errorf("tip at height %d with bits %08x, want all 14,131 blocks at 1d00ffff", tip.Height, tip.Header.Bits)
	}
}
