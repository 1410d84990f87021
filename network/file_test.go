package network_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/network"
)

func TestNetworkFile(t *testing.T) {
	p, text := ownFile(t)
	want := `name = "classroom"
spacing = "5s"
future = "2m0s"
window = 20
limit = "207fffff"
subsidy = "12.5"
halving = 1000
maturity = 7

[genesis]
  time = 1700000000
  bits = "207fffff"
  nonce = 1
  hash = "` + p.Genesis.Hash().String() + `"
`
	if !strings.HasSuffix(text, "\n\n"+want) {
		t.Errorf("the file is\n%s\nwant at its end\n%s", text, want)
	}
	got, err := network.Parse(text)
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
		_, err := network.Parse(strings.Join(without, "\n"))
		want := strings.TrimSpace(key) + " is missing"
		if key == "future" { // as in files from before it could be another
			want = "damaged or was edited"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: %v", key, err)
		}
	}
	for _, row := range []struct{ old, new, want string }{
		{`"classroom"`, `"classroon"`, "damaged or was edited"},
		{`"5s"`, `"6s"`, "damaged or was edited"},
		{`"5s"`, `"5"`, "want a duration like 10s"},
		{`"5s"`, `"5.5s"`, "want whole seconds"},
		{`"5s"`, `5`, "not a network file"},
		{`"2m0s"`, `"2m1s"`, "damaged or was edited"},
		{`"2m0s"`, `"2"`, "want a duration like 2m0s"},
		{`"2m0s"`, `"0.5s"`, "want whole seconds"},
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
		{"nonce = 1", "nonce = 0", "damaged or was edited"},
		{"nonce = 1", "nonce = 4294967296", "not a network file"},
		{`hash = "`, `hash = "0`, "genesis.hash"},
		{"[genesis]", "[genesys]", "unknown key"},
		{"maturity = 7", "maturity = 7\nbip34 = 1", "unknown key"},
		{"maturity = 7", "maturity = 7\nmaturity = 7", "not a network file"},
		{"name = ", "name ", "not a network file"},
	} {
		_, err := network.Parse(strings.Replace(text, row.old, row.new, 1))
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s instead of %s: %v, want: %s", row.new, row.old, err, row.want)
		}
	}
	for _, text := range []string{"", "\x00", "name = \"x\"", text[:len(text)/2]} {
		if _, err := network.Parse(text); err == nil {
			t.Errorf("%.20q is a network", text)
		}
	}
}

// A file from before there was a key "future" is the network that it always was, with
// Bitcoin's two hours.
func TestNetworkFileWithoutFuture(t *testing.T) {
	old := own()
	old.Future = consensus.BitcoinFuture
	p, err := network.New(old, 0x207fffff, 1_700_000_000)
	if err != nil {
		t.Fatal(err)
	}
	chaingen.Search(&p.Genesis.Header)
	var b bytes.Buffer
	if err := network.Write(&b, p); err != nil {
		t.Fatal(err)
	}
	got, err := network.Parse(strings.Replace(b.String(), `future = "2h0m0s"`+"\n", "", 1))
	if err != nil || got.Future != 2*time.Hour || got.Digest() != p.Digest() {
		t.Fatalf("%v: %+v", err, got)
	}
	// The digest that such a network had: the parameter is not part of the text if it is Bitcoin's.
	if want := "703014ed"; got.Digest().Short() != want {
		t.Errorf("its digest is %s, was %s", got.Digest().Short(), want)
	}
}

// A hash that fits is not enough: the genesis block must have its proof of work.
func TestNetworkFileWithoutWork(t *testing.T) {
	p, err := network.New(own(), 0x1d00ffff, 1_700_000_000) // two tries will not do
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := network.Write(&b, p); err != nil {
		t.Fatal(err)
	}
	if _, err := network.Parse(b.String()); consensus.RuleOf(err) != "high-hash" {
		t.Errorf("got %v", err)
	}
}

// Parameters that no chain could live by are refused, those just beside them are not.
func TestBadValues(t *testing.T) {
	for _, row := range []struct {
		what   string
		change func(*consensus.Params)
		ok     bool
	}{
		{"as it is", func(*consensus.Params) {}, true},
		{"no name", func(p *consensus.Params) { p.Name = "" }, false},
		{"a name with a space", func(p *consensus.Params) { p.Name = "a b" }, false},
		{"a name with a slash", func(p *consensus.Params) { p.Name = "../a" }, false},
		{"a name in capitals", func(p *consensus.Params) { p.Name = "Classroom" }, false},
		{"a name of 32", func(p *consensus.Params) { p.Name = strings.Repeat("a", 32) }, true},
		{"a name of 33", func(p *consensus.Params) { p.Name = strings.Repeat("a", 33) }, false},
		{"a preset's name", func(p *consensus.Params) { p.Name = "main" }, false},
		{"limit zero", func(p *consensus.Params) { p.Limit = 0 }, false},
		{"limit negative", func(p *consensus.Params) { p.Limit = 0x1d80ffff }, false},
		{"limit easier than regtest's", func(p *consensus.Params) { p.Limit = 0x2100ffff }, false},
		{"no retargeting", func(p *consensus.Params) { p.Window = 0 }, true},
		{"a window of one", func(p *consensus.Params) { p.Window = 1 }, false},
		{"a window of two", func(p *consensus.Params) { p.Window = 2 }, true},
		{"a window of 10,000", func(p *consensus.Params) { p.Window, p.Spacing = 10_000, 24*time.Hour }, true},
		{"a window of 10,001", func(p *consensus.Params) { p.Window = 10_001 }, false},
		{"no spacing", func(p *consensus.Params) { p.Spacing = 0 }, false},
		{"negative spacing", func(p *consensus.Params) { p.Spacing = -time.Second }, false},
		{"half a second", func(p *consensus.Params) { p.Spacing = 500 * time.Millisecond }, false},
		{"a second", func(p *consensus.Params) { p.Spacing = time.Second }, true},
		{"more than a day", func(p *consensus.Params) { p.Spacing = 24*time.Hour + time.Second }, false},
		{"half a second ahead", func(p *consensus.Params) { p.Future = 500 * time.Millisecond }, false},
		{"behind", func(p *consensus.Params) { p.Future = -time.Second }, false},
		{"twelve days ahead", func(p *consensus.Params) { p.Future = 12 * 24 * time.Hour }, true},
		{"more", func(p *consensus.Params) { p.Future = 12*24*time.Hour + time.Second }, false},
		{"no subsidy", func(p *consensus.Params) { p.Subsidy = 0 }, false},
		{"no halving", func(p *consensus.Params) { p.Halving = 0 }, false},
		{"one block to halve", func(p *consensus.Params) { p.Halving = 1 }, true},
		{"no maturity", func(p *consensus.Params) { p.Maturity = 0 }, false},
		{"all the money", func(p *consensus.Params) { p.Subsidy, p.Halving = 10_500*block.Coin, 1000 }, true},
		{"more than all the money", func(p *consensus.Params) { p.Subsidy, p.Halving = 10_500*block.Coin+1, 1000 }, false},
		{"much more", func(p *consensus.Params) { p.Subsidy, p.Halving = block.MaxMoney, math.MaxInt32 }, false},
		{"beyond all numbers", func(p *consensus.Params) { p.Subsidy = math.MaxInt64 }, false},
	} {
		p := own()
		row.change(&p)
		got, err := network.New(p, min(p.Limit, 0x207fffff), 1_700_000_000)
		if (err == nil) != row.ok {
			t.Errorf("%s: %v", row.what, err)
		}
		if err == nil && got.BIP34 != 1 {
			t.Errorf("%s: heights are in coinbases from block %d", row.what, got.BIP34)
		}
	}
	for bits, ok := range map[uint32]bool{0x207fffff: true, 0x1d00ffff: true, 0x207ffffe: true, 0x2100ffff: false, 0: false, 0x200000ff: false} {
		if _, err := network.New(own(), bits, 0); (err == nil) != ok {
			t.Errorf("starting bits %08x: %v", bits, err)
		}
	}
}

// The harder the start, the same the network otherwise; and other values are
// another chain from the first block.
// TestWithWindow: the same network each time, which differs from the one that it is made of.
func TestWithWindow(t *testing.T) {
	toy := consensus.Toy()
	if p, err := network.WithWindow(toy, toy.Window); err != nil || p != toy {
		t.Errorf("its own window: %v, %v", p, err)
	}
	p, err := network.WithWindow(toy, 0)
	if err != nil || p.Window != 0 || p.Name != "toy-window0" || p.Spacing != toy.Spacing || p.Future != consensus.BitcoinFuture {
		t.Fatalf("%+v, %v", p, err)
	}
	if again, err := network.WithWindow(toy, 0); err != nil || again.Digest() != p.Digest() {
		t.Errorf("another one the second time: %v", err)
	}
	if err := consensus.CheckWork(p, &p.Genesis.Header); err != nil {
		t.Error(err)
	}
	if p.Digest() == toy.Digest() {
		t.Error("nodes of the two would connect")
	}
	for _, bad := range []int{-1, 1, 10_001} {
		if p, err := network.WithWindow(toy, bad); err == nil {
			t.Errorf("window %d: %v", bad, p)
		}
	}
}

func TestNetworksDifferFromTheStart(t *testing.T) {
	a, _ := ownFile(t)
	p := own()
	p.Maturity++
	b, err := network.New(p, 0x207fffff, 1_700_000_000)
	if err != nil {
		t.Fatal(err)
	}
	b.Genesis.Header.Nonce = a.Genesis.Header.Nonce
	if a.Genesis.Hash() == b.Genesis.Hash() {
		t.Error("another maturity, the same genesis block")
	}
}

// Whatever text is given, Read answers; and what it takes it writes again.
func FuzzParse(f *testing.F) {
	_, text := ownFile(f)
	f.Add(text)
	f.Add(text[:len(text)-3])
	f.Add(strings.Replace(text, "5s", "5h", 1))
	f.Add("window = 99999999999999999999")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := network.Parse(text)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := network.Write(&b, p); err != nil {
			t.Fatal(err)
		}
		q, err := network.Parse(b.String())
		if err != nil || q.Digest() != p.Digest() {
			t.Fatalf("written again: %v\n%s", err, b.String())
		}
	})
}

// own returns a network with a name and values of its own.
func own() consensus.Params {
	return consensus.Params{
		Name: "classroom", Limit: 0x207fffff, Window: 20, Spacing: 5 * time.Second,
		Subsidy: 12*block.Coin + 50_000_000, Halving: 1000, Maturity: 7,
	}
}

func ownFile(t testing.TB) (*consensus.Params, string) {
	t.Helper()
	p, err := network.New(own(), 0x207fffff, 1_700_000_000)
	if err != nil {
		t.Fatal(err)
	}
	chaingen.Search(&p.Genesis.Header)
	var b bytes.Buffer
	if err := network.Write(&b, p); err != nil {
		t.Fatal(err)
	}
	return p, b.String()
}
