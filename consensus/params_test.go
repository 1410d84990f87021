package consensus_test

import (
	"fmt"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
)

// Everything that a preset's nodes agree on, pinned: whoever changes one of these
// makes another network under the same name.
func TestPresetsArePinned(t *testing.T) {
	for name, want := range map[string][3]string{ // genesis, digest, magic
		"toy": {"000086568aca2f4f94ef1f4f926c37bfce89a14f53effa88a90b6238cb7b7c88",
			"dd7c0f29514079058c6caca3e171ae7d0b26530aeeba73f2c642094197da4284", "dd7c0f29"},
		"regtest": {"0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206",
			"b4ee74f7a412ec0fe7d65a06566da41bfc618efcd0f6ddefdfe4d3f0cfb3cfb6", "fabfb5da"},
		"main": {"000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
			"94e3dc4796017a7d3d77dea6481cddcf6d86197c12f43b28ccec2e6e02f3b693", "f9beb4d9"},
	} {
		p, ok := consensus.Preset(name)
		if !ok || p.Name != name {
			t.Fatalf("no preset %s", name)
		}
		if got := [3]string{p.Genesis.Hash().String(), p.Digest().String(), fmt.Sprintf("%x", p.Magic())}; got != want {
			t.Errorf("%s: %q", name, got)
		}
		if err := consensus.CheckWork(p, &p.Genesis.Header); err != nil {
			t.Errorf("%s: genesis: %v", name, err)
		}
	}
	if _, ok := consensus.Preset("simnet"); ok {
		t.Error("a preset that nobody made")
	}
}

// The table of the design, number by number.
func TestPresetsAreTheDesigns(t *testing.T) {
	type row struct {
		limit             uint32
		window            int
		spacing, future   time.Duration
		subsidy           block.Amount
		halving, maturity block.Height
		bip34, csv        block.Height
		prefixes          string
	}
	const test = "6f ef 04358394 043587cf 1"
	for name, want := range map[string]row{
		"toy":     {0x1f00ffff, 30, 10 * time.Second, 120 * time.Second, 5_000_000_000, 1_000, 10, 1, 1, test},
		"regtest": {0x207fffff, 0, 600 * time.Second, 2 * time.Hour, 5_000_000_000, 150, 100, 1, 1, test},
		"main":    {0x1d00ffff, 2016, 600 * time.Second, 2 * time.Hour, 5_000_000_000, 210_000, 100, 227_931, 419_328, "00 80 0488ade4 0488b21e 0"},
	} {
		p, _ := consensus.Preset(name)
		x := p.Prefixes
		got := row{p.Limit, p.Window, p.Spacing, p.Future, p.Subsidy, p.Halving, p.Maturity, p.BIP34, p.CSV,
			fmt.Sprintf("%02x %02x %x %x %d", x.PubKeyHash, x.WIF, x.HDPrivate, x.HDPublic, x.CoinType)}
		if got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// Twelve blocks' worth, two minutes at least, and Bitcoin's two hours without a window.
func TestFutureFor(t *testing.T) {
	for _, row := range []struct {
		window        int
		spacing, want time.Duration
	}{
		{0, 10 * time.Second, 2 * time.Hour},
		{30, 10 * time.Second, 2 * time.Minute},
		{30, 9 * time.Second, 2 * time.Minute},
		{30, 11 * time.Second, 132 * time.Second},
		{2016, 10 * time.Minute, 2 * time.Hour},
	} {
		if got := consensus.FutureFor(row.window, row.spacing); got != row.want {
			t.Errorf("window %d, spacing %s: %s, want %s", row.window, row.spacing, got, row.want)
		}
	}
}

// Any parameter that differs makes another digest.
func TestDigestCoversEverything(t *testing.T) {
	want := consensus.Regtest().Digest()
	seen := map[block.Hash]int{want: -1}
	for i, change := range []func(*consensus.Params){
		func(p *consensus.Params) { p.Name = "other" },
		func(p *consensus.Params) { p.Genesis = consensus.Main().Genesis },
		func(p *consensus.Params) { p.Limit-- },
		func(p *consensus.Params) { p.Window++ },
		func(p *consensus.Params) { p.Spacing += time.Second },
		func(p *consensus.Params) { p.Future += time.Second },
		func(p *consensus.Params) { p.Subsidy++ },
		func(p *consensus.Params) { p.Halving++ },
		func(p *consensus.Params) { p.Maturity++ },
		func(p *consensus.Params) { p.BIP34++ },
		func(p *consensus.Params) { p.BIP66++ },
		func(p *consensus.Params) { p.BIP65++ },
		func(p *consensus.Params) { p.CSV++ },
		func(p *consensus.Params) { p.Prefixes.PubKeyHash++ },
		func(p *consensus.Params) { p.Prefixes.WIF++ },
		func(p *consensus.Params) { p.Prefixes.HDPrivate[3]++ },
		func(p *consensus.Params) { p.Prefixes.HDPublic[3]++ },
		func(p *consensus.Params) { p.Prefixes.CoinType++ },
	} {
		p := consensus.Regtest()
		change(p)
		if j, taken := seen[p.Digest()]; taken {
			t.Errorf("changes %d and %d have one digest", i, j)
		}
		seen[p.Digest()] = i
	}
}
