package chain_test

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/internal/chaingen"
)

// Everything that a preset's nodes agree on, pinned: whoever changes one of these
// makes another network under the same name.
func TestPresetsArePinned(t *testing.T) {
	for name, want := range map[string][3]string{ // genesis, digest, magic
		"toy": {"0000cccb4f56c7619d81a609a1e14e17761ed40c7898d953c94912eec5930c89",
			"ac701afe09b9afe71aa588ba81d6a7577db00497c060870ca388b672bfd06f89", "ac701afe"},
		"regtest": {"0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206",
			"b4ee74f7a412ec0fe7d65a06566da41bfc618efcd0f6ddefdfe4d3f0cfb3cfb6", "fabfb5da"},
		"main": {"000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
			"94e3dc4796017a7d3d77dea6481cddcf6d86197c12f43b28ccec2e6e02f3b693", "f9beb4d9"},
	} {
		p, ok := chain.Preset(name)
		if !ok || p.Name != name {
			t.Fatalf("no preset %s", name)
		}
		if got := [3]string{p.Genesis.Hash().String(), p.Digest().String(), fmt.Sprintf("%x", p.Magic())}; got != want {
			t.Errorf("%s: %q", name, got)
		}
		if err := chain.CheckWork(p, &p.Genesis.Header); err != nil {
			t.Errorf("%s: genesis: %v", name, err)
		}
		if p.Spending != nil {
			t.Errorf("%s has a Spending of its own", name)
		}
	}
	if _, ok := chain.Preset("simnet"); ok {
		t.Error("a preset that nobody made")
	}
}

// The table of the design, number by number.
func TestPresetsAreTheDesigns(t *testing.T) {
	type row struct {
		limit             uint32
		window            int
		spacing           time.Duration
		subsidy           block.Amount
		halving, maturity block.Height
		bip34, csv        block.Height
		prefixes          string
	}
	const test = "6f ef 04358394 043587cf 1"
	for name, want := range map[string]row{
		"toy":     {0x1f00ffff, 30, 10 * time.Second, 5_000_000_000, 1_000, 10, 1, 1, test},
		"regtest": {0x207fffff, 0, 600 * time.Second, 5_000_000_000, 150, 100, 1, 1, test},
		"main":    {0x1d00ffff, 2016, 600 * time.Second, 5_000_000_000, 210_000, 100, 227_931, 419_328, "00 80 0488ade4 0488b21e 0"},
	} {
		p, _ := chain.Preset(name)
		x := p.Prefixes
		got := row{p.Limit, p.Window, p.Spacing, p.Subsidy, p.Halving, p.Maturity, p.BIP34, p.CSV,
			fmt.Sprintf("%02x %02x %x %x %d", x.PubKeyHash, x.WIF, x.HDPrivate, x.HDPublic, x.CoinType)}
		if got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// Any parameter that differs makes another digest; who judges signatures does not.
func TestDigestCoversEverything(t *testing.T) {
	same := chain.Regtest()
	same.Spending = chain.NewMemo(chain.P2PKH{})
	want := chain.Regtest().Digest()
	if same.Digest() != want {
		t.Error("a Memo makes another network")
	}
	seen := map[block.Hash]int{want: -1}
	for i, change := range []func(*chain.Params){
		func(p *chain.Params) { p.Name = "other" },
		func(p *chain.Params) { p.Genesis = chain.Main().Genesis },
		func(p *chain.Params) { p.Limit-- },
		func(p *chain.Params) { p.Window++ },
		func(p *chain.Params) { p.Spacing += time.Second },
		func(p *chain.Params) { p.Subsidy++ },
		func(p *chain.Params) { p.Halving++ },
		func(p *chain.Params) { p.Maturity++ },
		func(p *chain.Params) { p.BIP34++ },
		func(p *chain.Params) { p.BIP66++ },
		func(p *chain.Params) { p.BIP65++ },
		func(p *chain.Params) { p.CSV++ },
		func(p *chain.Params) { p.Prefixes.PubKeyHash++ },
		func(p *chain.Params) { p.Prefixes.WIF++ },
		func(p *chain.Params) { p.Prefixes.HDPrivate[3]++ },
		func(p *chain.Params) { p.Prefixes.HDPublic[3]++ },
		func(p *chain.Params) { p.Prefixes.CoinType++ },
	} {
		p := chain.Regtest()
		change(p)
		if j, taken := seen[p.Digest()]; taken {
			t.Errorf("changes %d and %d have one digest", i, j)
		}
		seen[p.Digest()] = i
	}
}

// own returns a network with a name and values of its own.
func own() chain.Params {
	return chain.Params{
		Name: "classroom", Limit: 0x207fffff, Window: 20, Spacing: 5 * time.Second,
		Subsidy: 12*coin + 50_000_000, Halving: 1000, Maturity: 7,
	}
}

func ownFile(t testing.TB) (*chain.Params, string) {
	t.Helper()
	p, err := chain.NewNetwork(own(), 0x207fffff, 1_700_000_000)
	if err != nil {
		t.Fatal(err)
	}
	chaingen.Search(&p.Genesis.Header)
	var b bytes.Buffer
	if err := chain.WriteParams(&b, p); err != nil {
		t.Fatal(err)
	}
	return p, b.String()
}

func TestNetworkFile(t *testing.T) {
	p, text := ownFile(t)
	want := `name = "classroom"
spacing = "5s"
window = 20
limit = "207fffff"
subsidy = "12.5"
halving = 1000
maturity = 7

[genesis]
  time = 1700000000
  bits = "207fffff"
  nonce = 0
  hash = "` + p.Genesis.Hash().String() + `"
`
	if !strings.HasSuffix(text, "\n\n"+want) {
		t.Errorf("the file is\n%s\nwant at its end\n%s", text, want)
	}
	got, err := chain.ReadParams(text)
	if err != nil {
		t.Fatal(err)
	}
	if got.Digest() != p.Digest() || got.Spacing != p.Spacing || got.Subsidy != p.Subsidy || got.Window != p.Window {
		t.Errorf("read %+v, wrote %+v", got, p)
	}
	tip := chaingen.Genesis(got).MineEmpty("", 45) // it can be lived on, through two windows
	if tip.Header.Bits == 0x207fffff {
		t.Error("blocks at twice the speed wanted left the target as it was")
	}
	if tip.State.Params.SubsidyAt(1) != 1_250_000_000 {
		t.Error("another subsidy")
	}
}

// Each value of a file is part of its genesis block's hash: a file that lost or
// changed anything is refused, with words that help.
func TestDamagedNetworkFile(t *testing.T) {
	_, text := ownFile(t)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		key, _, isKey := strings.Cut(line, " = ")
		if !isKey || strings.HasPrefix(line, "#") {
			continue
		}
		without := append(append([]string{}, lines[:i]...), lines[i+1:]...)
		_, err := chain.ReadParams(strings.Join(without, "\n"))
		if key = strings.TrimSpace(key); err == nil || !strings.Contains(err.Error(), key+" is missing") {
			t.Errorf("without %s: %v", key, err)
		}
	}
	for _, row := range []struct{ old, new, want string }{
		{`"classroom"`, `"classroon"`, "damaged or was edited"},
		{`"5s"`, `"6s"`, "damaged or was edited"},
		{`"5s"`, `"5"`, "want a duration like 10s"},
		{`"5s"`, `"5.5s"`, "want whole seconds"},
		{`"5s"`, `5`, "not a network file"},
		{"window = 20", "window = 21", "damaged or was edited"},
		{"window = 20", "window = -1", "want 0, or 2 to 10,000"},
		{"window = 20", "window = 1000000000000000000000", "not a network file"},
		{`limit = "207fffff"`, `limit = "207ffffe"`, "no easier than the limit"},
		{`limit = "207fffff"`, `limit = "1"`, "want eight hex digits"},
		{`limit = "207fffff"`, `limit = "200000ff"`, "not in normal form"},
		{"12.5", "12.6", "damaged or was edited"},
		{"12.5", "-12.5", "want more than nothing"},
		{"12.5", "twelve", "subsidy"},
		{"halving = 1000", "halving = 1001", "damaged or was edited"},
		{"halving = 1000", "halving = 4294968296", "not a network file"},
		{"maturity = 7", "maturity = 8", "damaged or was edited"},
		{"maturity = 7", "maturity = 0", "at least 1 block"},
		{"time = 1700000000", "time = 1700000001", "damaged or was edited"},
		{"time = 1700000000", "time = 5994967296", "not a network file"},
		{"time = 1700000000", "time = -1", "not a network file"},
		{`bits = "207fffff"`, `bits = "207ffffe"`, "damaged or was edited"},
		{`bits = "207fffff"`, `bits = "00000000"`, "target is zero"},
		{"nonce = 0", "nonce = 1", "damaged or was edited"},
		{"nonce = 0", "nonce = 4294967296", "not a network file"},
		{`hash = "`, `hash = "0`, "genesis.hash"},
		{"[genesis]", "[genesys]", "unknown key"},
		{"maturity = 7", "maturity = 7\nbip34 = 1", "unknown key"},
		{"maturity = 7", "maturity = 7\nmaturity = 7", "not a network file"},
		{"name = ", "name ", "not a network file"},
	} {
		_, err := chain.ReadParams(strings.Replace(text, row.old, row.new, 1))
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s instead of %s: %v, want: %s", row.new, row.old, err, row.want)
		}
	}
	for _, text := range []string{"", "\x00", "name = \"x\"", text[:len(text)/2]} {
		if _, err := chain.ReadParams(text); err == nil {
			t.Errorf("%.20q is a network", text)
		}
	}
}

// A hash that fits is not enough: the genesis block must have its proof of work.
func TestNetworkFileWithoutWork(t *testing.T) {
	p, err := chain.NewNetwork(own(), 0x1d00ffff, 1_700_000_000) // two tries will not do
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := chain.WriteParams(&b, p); err != nil {
		t.Fatal(err)
	}
	if _, err := chain.ReadParams(b.String()); chain.RuleOf(err) != "high-hash" {
		t.Errorf("got %v", err)
	}
}

// Parameters that no chain could live by are refused, those just beside them are not.
func TestBadValues(t *testing.T) {
	for _, row := range []struct {
		what   string
		change func(*chain.Params)
		ok     bool
	}{
		{"as it is", func(*chain.Params) {}, true},
		{"no name", func(p *chain.Params) { p.Name = "" }, false},
		{"a name with a space", func(p *chain.Params) { p.Name = "a b" }, false},
		{"a name with a slash", func(p *chain.Params) { p.Name = "../a" }, false},
		{"a name in capitals", func(p *chain.Params) { p.Name = "Classroom" }, false},
		{"a name of 32", func(p *chain.Params) { p.Name = strings.Repeat("a", 32) }, true},
		{"a name of 33", func(p *chain.Params) { p.Name = strings.Repeat("a", 33) }, false},
		{"a preset's name", func(p *chain.Params) { p.Name = "main" }, false},
		{"limit zero", func(p *chain.Params) { p.Limit = 0 }, false},
		{"limit negative", func(p *chain.Params) { p.Limit = 0x1d80ffff }, false},
		{"limit easier than regtest's", func(p *chain.Params) { p.Limit = 0x2100ffff }, false},
		{"no retargeting", func(p *chain.Params) { p.Window = 0 }, true},
		{"a window of one", func(p *chain.Params) { p.Window = 1 }, false},
		{"a window of two", func(p *chain.Params) { p.Window = 2 }, true},
		{"a window of 10,000", func(p *chain.Params) { p.Window, p.Spacing = 10_000, 24*time.Hour }, true},
		{"a window of 10,001", func(p *chain.Params) { p.Window = 10_001 }, false},
		{"no spacing", func(p *chain.Params) { p.Spacing = 0 }, false},
		{"negative spacing", func(p *chain.Params) { p.Spacing = -time.Second }, false},
		{"half a second", func(p *chain.Params) { p.Spacing = 500 * time.Millisecond }, false},
		{"a second", func(p *chain.Params) { p.Spacing = time.Second }, true},
		{"more than a day", func(p *chain.Params) { p.Spacing = 24*time.Hour + time.Second }, false},
		{"no subsidy", func(p *chain.Params) { p.Subsidy = 0 }, false},
		{"no halving", func(p *chain.Params) { p.Halving = 0 }, false},
		{"one block to halve", func(p *chain.Params) { p.Halving = 1 }, true},
		{"no maturity", func(p *chain.Params) { p.Maturity = 0 }, false},
		{"all the money", func(p *chain.Params) { p.Subsidy, p.Halving = 10_500*coin, 1000 }, true},
		{"more than all the money", func(p *chain.Params) { p.Subsidy, p.Halving = 10_500*coin+1, 1000 }, false},
		{"much more", func(p *chain.Params) { p.Subsidy, p.Halving = maxMoney, math.MaxInt32 }, false},
		{"beyond all numbers", func(p *chain.Params) { p.Subsidy = math.MaxInt64 }, false},
	} {
		p := own()
		row.change(&p)
		got, err := chain.NewNetwork(p, min(p.Limit, 0x207fffff), 1_700_000_000)
		if (err == nil) != row.ok {
			t.Errorf("%s: %v", row.what, err)
		}
		if err == nil && got.BIP34 != 1 {
			t.Errorf("%s: heights are in coinbases from block %d", row.what, got.BIP34)
		}
	}
	for bits, ok := range map[uint32]bool{0x207fffff: true, 0x1d00ffff: true, 0x207ffffe: true, 0x2100ffff: false, 0: false, 0x200000ff: false} {
		if _, err := chain.NewNetwork(own(), bits, 0); (err == nil) != ok {
			t.Errorf("starting bits %08x: %v", bits, err)
		}
	}
}

// The harder the start, the same the network otherwise; and other values are
// another chain from the first block.
func TestNetworksDifferFromTheStart(t *testing.T) {
	a, _ := ownFile(t)
	p := own()
	p.Maturity++
	b, err := chain.NewNetwork(p, 0x207fffff, 1_700_000_000)
	if err != nil {
		t.Fatal(err)
	}
	b.Genesis.Header.Nonce = a.Genesis.Header.Nonce
	if a.Genesis.Hash() == b.Genesis.Hash() {
		t.Error("another maturity, the same genesis block")
	}
}

// Whatever text is given, ReadParams answers; and what it takes it writes again.
func FuzzReadParams(f *testing.F) {
	_, text := ownFile(f)
	f.Add(text)
	f.Add(text[:len(text)-3])
	f.Add(strings.Replace(text, "5s", "5h", 1))
	f.Add("window = 99999999999999999999")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := chain.ReadParams(text)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := chain.WriteParams(&b, p); err != nil {
			t.Fatal(err)
		}
		q, err := chain.ReadParams(b.String())
		if err != nil || q.Digest() != p.Digest() {
			t.Fatalf("written again: %v\n%s", err, b.String())
		}
	})
}
