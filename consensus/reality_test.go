package consensus_test

import (
	"encoding/hex"
	"errors"
	"math"
	"testing"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// What Bitcoin itself says.

func TestGenesisOfBitcoin(t *testing.T) {
	for _, row := range []struct {
		p    *consensus.Params
		hash string
	}{
		{consensus.Main(), "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"},
		{consensus.Regtest(), "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"},
	} {
		g := row.p.Genesis
		if g.Hash().String() != row.hash || len(g.Bytes()) != 285 {
			t.Errorf("%s: genesis %s of %d bytes, want %s of 285", row.p.Name, g.Hash(), len(g.Bytes()), row.hash)
		}
		if err := consensus.CheckBody(consensus.NewBlock(g)); err != nil {
			t.Errorf("%s: %v", row.p.Name, err)
		}
		if err := consensus.CheckWork(row.p, &g.Header); err != nil {
			t.Errorf("%s: %v", row.p.Name, err)
		}
	}
}

// Block 1 of Bitcoin, of version 1 and without a height in its coinbase, byte for
// byte, judged by the rules of its time.
func TestBitcoinsFirstBlock(t *testing.T) {
	raw, err := hex.DecodeString("010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000" +
		"982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299" +
		"0101000000010000000000000000000000000000000000000000000000000000000000000000ffffffff" +
		"0704ffff001d0104ffffffff0100f2052a0100000043410496b538e853519c726a2c91e61ec11600ae1390813a627c66fb8be7947be63c52" +
		"da7589379515d4e0a604f8141781e62294721166bf621e73a82cbf2342c858eeac00000000")
	if err != nil {
		t.Fatal(err)
	}
	b, err := block.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Hash().String(); got != "00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048" {
		t.Fatalf("hash %s", got)
	}
	state, delta, err := consensus.ApplyBlock(consensus.Genesis(consensus.Main()), consensus.NewBlock(b), nil, consensus.InOrder(consensus.P2PKH{}))
	if err != nil {
		t.Fatal(err)
	}
	if len(delta.Created) != 1 || delta.Created[0].Value != 5_000_000_000 || state.Work.String() !=
		"0000000000000000000000000000000000000000000000000000000200020002" {
		t.Errorf("%d coins, work %s", len(delta.Created), state.Work)
	}
}

// follow applies headers from the state after height from to the one at height to,
// spread evenly between the times of the two. There is no proof of work in them;
// ApplyHeader judges everything else.
func follow(t *testing.T, s consensus.State, n int, last uint32) consensus.State {
	t.Helper()
	first := int64(s.Header.Time)
	for i := range n {
		h := block.Header{
			Version: 4, Prev: s.Hash, Bits: s.NextBits(),
			Time: uint32(first + (int64(last)-first)*int64(i+1)/int64(n)),
		}
		next, err := s.ApplyHeader(&h)
		if err != nil {
			t.Fatalf("height %d: %v", s.Height+1, err)
		}
		s = next
	}
	return s
}

// Bitcoin's difficulty changed for the first time at block 32,256. Its last 2,016
// blocks had taken 2,015 intervals of 507 seconds on average; whoever divides by
// another number of intervals gets other bits. All windows before had been slower
// than wanted, which cannot be made easier than the easiest target.
func TestRetargetHistory(t *testing.T) {
	s := consensus.Genesis(consensus.Main())
	s = follow(t, s, 30_240, 1_261_130_161)
	if s.Height != 30_240 || s.Header.Bits != 0x1d00ffff {
		t.Fatalf("height %d, bits %08x", s.Height, s.Header.Bits)
	}
	s = follow(t, s, 2_015, 1_262_152_739)
	if s.Height != 32_255 || s.Header.Bits != 0x1d00ffff {
		t.Fatalf("height %d, bits %08x", s.Height, s.Header.Bits)
	}
	if got := s.NextBits(); got != 0x1d00d86a {
		t.Errorf("block 32,256 wants %08x, Bitcoin's has 1d00d86a", got)
	}
	wrong := block.Header{Version: 4, Prev: s.Hash, Bits: 0x1d00ffff, Time: s.Header.Time + 600}
	if _, err := s.ApplyHeader(&wrong); !errors.Is(err, consensus.BadDiffBits) {
		t.Errorf("the old bits: %v", err)
	}
	s = follow(t, s, 1, s.Header.Time+600)
	if got := s.NextBits(); got != 0x1d00d86a {
		t.Errorf("block 32,257 wants %08x", got)
	}
}

// Single windows of Bitcoin, and one that Core's own test makes up. The first block
// of each stands as a genesis, so that the window starts there.
func TestRetargetWindows(t *testing.T) {
	for _, row := range []struct {
		what        string
		first, last uint32
		old, want   uint32
	}{
		{"block 2,016: slow, but already the easiest", 1231006505, 1233061996, 0x1d00ffff, 0x1d00ffff},
		{"block 32,256", 1261130161, 1262152739, 0x1d00ffff, 0x1d00d86a},
		{"block 68,544: faster than four times", 1279008237, 1279297671, 0x1c05a3f4, 0x1c0168fd},
		{"made up: slower than four times", 1263163443, 1269211443, 0x1c387f6f, 0x1d00e1fd},
	} {
		p := consensus.Main()
		p.Genesis = &block.Block{Header: block.Header{Time: row.first, Bits: row.old}, Txs: p.Genesis.Txs}
		p.BIP34, p.BIP66, p.BIP65 = 1, 1, 1
		s := follow(t, consensus.Genesis(p), 2_015, row.last)
		if got := s.NextBits(); got != row.want {
			t.Errorf("%s: %08x, want %08x", row.what, got, row.want)
		}
	}
}

// A window may end at an earlier time than it began. That counts as very fast, not
// as very slow, which is what its length would be without a sign.
func TestWindowThatEndsBeforeItStarts(t *testing.T) {
	p := chaingen.Windowed(4)
	s := consensus.Genesis(p)
	start := s.Header.Time
	for i, after := range []uint32{10, 20, 30, 100, 50, 60, 70} { // heights 1 to 7; the window is 4 to 7
		if got := s.NextBits(); got != 0x207fffff && i < 3 {
			t.Fatalf("height %d wants %08x", i+1, got)
		}
		s = follow(t, s, 1, start+after)
	}
	// The window before took 30 of 40 seconds; then the target is a quarter of that.
	if got := s.Header.Bits; got != 0x205fffff {
		t.Errorf("the window's own bits are %08x", got)
	}
	if got := s.NextBits(); got != 0x2017ffff {
		t.Errorf("after a window of -30 s: %08x, want a quarter, 2017ffff", got)
	}
}

func TestHalvings(t *testing.T) {
	main, regtest := consensus.Main(), consensus.Regtest()
	for _, row := range []struct {
		p      *consensus.Params
		height block.Height
		want   block.Amount
	}{
		{main, 0, 5_000_000_000}, {main, 209_999, 5_000_000_000}, {main, 210_000, 2_500_000_000},
		{main, 420_000, 1_250_000_000}, {main, 630_000, 625_000_000}, {main, 840_000, 312_500_000},
		{main, 6_929_999, 1}, {main, 6_930_000, 0}, {main, 210_000 * 63, 0}, {main, 210_000 * 64, 0},
		{main, 210_000 * 65, 0}, {main, math.MaxInt32, 0},
		{regtest, 149, 5_000_000_000}, {regtest, 150, 2_500_000_000}, {regtest, math.MaxInt32, 0},
	} {
		if got := row.p.SubsidyAt(row.height); got != row.want {
			t.Errorf("%s, height %d: %d, want %d", row.p.Name, row.height, got, row.want)
		}
	}
}

// All the money that main will ever make is a little less than 21 million coins.
func TestMoneySupply(t *testing.T) {
	var sum block.Amount
	for h := block.Height(0); ; h += 210_000 {
		each := consensus.Main().SubsidyAt(h)
		if each == 0 {
			break
		}
		sum += 210_000 * each
	}
	if sum != 2_099_999_997_690_000 {
		t.Errorf("%d, want 20,999,999.9769 coins", sum)
	}
}

// at returns main's state as if its block of this height had just been judged.
func at(height block.Height) consensus.State {
	s := consensus.Genesis(consensus.Main())
	s.Height = height
	return s
}

// Miners gave up old block versions at these heights of main.
func TestVersionsOfMain(t *testing.T) {
	for _, row := range []struct {
		height block.Height
		least  int32
	}{
		{1, math.MinInt32}, {227_930, math.MinInt32}, {227_931, 2}, {363_724, 2}, {363_725, 3}, {388_380, 3}, {388_381, 4},
	} {
		s := at(row.height - 1)
		for _, v := range []int32{math.MinInt32, -1, 0, 1, 2, 3, 4, math.MaxInt32} {
			h := block.Header{Version: v, Prev: s.Hash, Bits: s.NextBits(), Time: s.Header.Time + 1}
			_, err := s.ApplyHeader(&h)
			if (err == nil) != (v >= row.least) || err != nil && !errors.Is(err, consensus.BadVersion) {
				t.Errorf("height %d, version %d: %v", row.height, v, err)
			}
		}
	}
}

// The height must be in the coinbase from block 227,931 of main on.
func TestBIP34OfMain(t *testing.T) {
	for height, rule := range map[block.Height]consensus.Rule{1: "", 227_930: "", 227_931: "bad-cb-height", 300_000: "bad-cb-height"} {
		s := at(height - 1)
		b := (&chaingen.Block{Block: &block.Block{Header: s.Header}, Hash: s.Hash, State: s}).Template("no height")
		b.Txs[0].Inputs[0].Script = []byte{0x04, 0xff, 0xff, 0x00, 0x1d, 0x01, 0x04}
		b.Header.MerkleRoot = b.Txs[0].ID()
		if _, _, err := consensus.ApplyUnmined(s, consensus.NewBlock(b), nil, consensus.InOrder(consensus.P2PKH{})); consensus.RuleOf(err) != rule {
			t.Errorf("height %d: %v", height, err)
		}
		b.Txs[0].Inputs[0].Script = block.HeightPush(height)
		b.Txs[0].Inputs[0].Script = append(b.Txs[0].Inputs[0].Script, 0)
		b.Header.MerkleRoot = b.Txs[0].ID()
		if _, _, err := consensus.ApplyUnmined(s, consensus.NewBlock(b), nil, consensus.InOrder(consensus.P2PKH{})); err != nil {
			t.Errorf("height %d, with the height: %v", height, err)
		}
	}
}
