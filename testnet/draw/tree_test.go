package draw

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"toychain/block"
	"toychain/rpc"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestDraw draws every tree of testdata/tree. A file is a txtar archive: what it
// shows, the blocks, the picture. Each line of the blocks is one of
//
//	g                          genesis
//	NAME PARENT [OPTION]...    a block; options: txs=N msg=TEXT status=WORD work=N bits=HEX
//	NAME*20 PARENT             NAME1 to NAME20, one on the other
//	node n1 NAME               the tip of n1
//	gone n3 NAME               n3 does not run, and this was its tip
//	silent n4                  n4 does not answer
//	objects n2 NAME            n2's user has invalidated it
//	style [OPTION]...          names (those above, in place of hashes) legend colour ascii width=N
func TestDraw(t *testing.T) {
	files, err := filepath.Glob("testdata/tree/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no pictures to draw: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil || len(a.Files) != 2 {
				t.Fatalf("want two files, blocks and picture: %v", err)
			}
			in, style := plantTree(t, string(a.Files[0].Data))
			var out bytes.Buffer
			if err := Write(t.Context(), &out, in, style); err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(out.String(), "\x1b", "ESC") // so that the file can be read
			if *update {
				a.Files[1].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := string(a.Files[1].Data); got != want {
				t.Errorf("drew\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// plantTree reads the blocks of a golden file.
func plantTree(t testing.TB, text string) (in Tree, s Style) {
	t.Helper()
	blocks := map[string]rpc.TreeBlock{}
	add := func(name, parent string, options []string) {
		p, ok := blocks[parent]
		if !ok {
			t.Fatalf("block %s: no block %s before it", name, parent)
		}
		b := rpc.TreeBlock{Hash: block.Sum([]byte(name)), Prev: p.Hash, Height: p.Height + 1,
			Txs: 1, Status: "valid-fork", ReceivedMS: int64(len(blocks))}
		work := uint64(65_536)
		for _, o := range options {
			key, value, _ := strings.Cut(o, "=")
			switch key {
			case "txs":
				b.Txs = number(t, value)
			case "msg":
				b.Message = strings.ReplaceAll(value, "\\e", "\x1b")
			case "status":
				b.Status = value
			case "bits":
				b.Bits = value
			case "work":
				work = uint64(number(t, value))
			default:
				t.Fatalf("block %s: no option %q", name, o)
			}
		}
		setWork(t, &b, p.ChainWork.Float()+float64(work))
		blocks[name] = b
		in.Blocks = append(in.Blocks, b)
	}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		f := strings.Fields(line)
		switch {
		case f[0] == "g":
			b := rpc.TreeBlock{Hash: block.Sum([]byte("g")), Txs: 1}
			setWork(t, &b, 65_536)
			blocks["g"] = b
			in.Blocks = append(in.Blocks, b)
		case f[0] == "node":
			in.Tips = append(in.Tips, NodeTip{Node: f[1], Tip: blocks[f[2]].Hash, Height: blocks[f[2]].Height})
		case f[0] == "gone":
			in.LastTips = append(in.LastTips, NodeTip{Node: f[1], Tip: blocks[f[2]].Hash, Height: blocks[f[2]].Height})
		case f[0] == "objects":
			in.Objections = append(in.Objections, Objection{Node: f[1], Hash: blocks[f[2]].Hash})
		case f[0] == "silent":
			in.Silent = append(in.Silent, f[1:]...)
		case f[0] == "cut":
			in.Blocks = slices.DeleteFunc(in.Blocks, func(b rpc.TreeBlock) bool { return int(b.Height) < number(t, f[1]) })
		case f[0] == "style":
			s = styleOf(t, f[1:], blocks)
		case strings.Contains(f[0], "*"):
			name, count, _ := strings.Cut(f[0], "*")
			parent := f[1]
			for i := range number(t, count) {
				next := fmt.Sprintf("%s%d", name, i+1)
				add(next, parent, f[2:])
				parent = next
			}
		default:
			add(f[0], f[1], f[2:])
		}
	}
	return in, s
}

func styleOf(t testing.TB, options []string, blocks map[string]rpc.TreeBlock) (s Style) {
	t.Helper()
	names := map[block.Hash]string{}
	for name, b := range blocks {
		names[b.Hash] = name
	}
	for _, o := range options {
		key, value, _ := strings.Cut(o, "=")
		switch key {
		case "names":
			s.Call = func(h block.Hash) string { return names[h] }
		case "legend":
			s.Legend = true
		case "colour":
			s.Colour = true
		case "ascii":
			s.ASCII = true
		case "width":
			s.Width = number(t, value)
		default:
			t.Fatalf("no style %q", o)
		}
	}
	return s
}

func number(t testing.TB, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// setWork sets the work of the history up to b, in hashes.
func setWork(t testing.TB, b *rpc.TreeBlock, hashes float64) {
	t.Helper()
	if err := b.ChainWork.UnmarshalText(fmt.Appendf(nil, "%064x", uint64(hashes))); err != nil {
		t.Fatal(err)
	}
}

// TestDrawNothing: a tree without blocks is drawn too.
func TestDrawNothing(t *testing.T) {
	var out bytes.Buffer
	if err := Write(t.Context(), &out, Tree{Silent: []string{"n1", "n2"}}, Style{Legend: true}); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "no blocks\n         no answer from n1 n2\n"; got != want {
		t.Errorf("drew %q, want %q", got, want)
	}
}

// TestDrawIsRight checks the columns of random trees: no two blocks share a place, each is
// straight below its parent or below the line that leads from it, and no line crosses a branch.
func TestDrawIsRight(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		in := randomTree(t, rng)
		f := grow(in)
		width := f.lanes()
		type place struct {
			col    int
			height block.Height
		}
		seen := map[place]*treeNode{}
		for _, n := range f.all {
			at := place{n.col, n.Height}
			if other := seen[at]; other != nil || n.col >= width {
				t.Fatalf("seed %d: %s and %v share column %d at height %d", seed, n.Hash, other, n.col, n.Height)
			}
			seen[at] = n
			if len(n.kids) > 0 && n.kids[0].col != n.col {
				t.Fatalf("seed %d: nothing goes straight on from %s", seed, n.Hash)
			}
		}
		for _, n := range f.all {
			for i, k := range n.kids[min(1, len(n.kids)):] {
				if k.col <= n.kids[i].col {
					t.Fatalf("seed %d: the branches of %s are out of order", seed, n.Hash)
				}
				for c := n.col + 1; c < k.col; c++ {
					other := seen[place{c, n.Height}]
					next := seen[place{c, n.Height + 1}]
					if other != nil && len(other.kids) > 0 || next != nil && next.parent != n {
						t.Fatalf("seed %d: the line from %s to %s crosses a branch in column %d", seed, n.Hash, k.Hash, c)
					}
				}
			}
		}
	}
}

// randomTree returns a tree of up to 60 blocks, each on one of the last ones.
func randomTree(t *testing.T, rng *rand.Rand) Tree {
	t.Helper()
	var text strings.Builder
	text.WriteString("g\n")
	names := []string{"g"}
	for i := range 1 + rng.IntN(60) {
		parent := names[len(names)-1-min(rng.IntN(1+rng.IntN(8)), len(names)-1)]
		name := fmt.Sprintf("x%d", i)
		fmt.Fprintf(&text, "%s %s\n", name, parent)
		names = append(names, name)
	}
	for i := range 1 + rng.IntN(4) {
		fmt.Fprintf(&text, "node n%d %s\n", i+1, names[rng.IntN(len(names))])
	}
	in, _ := plantTree(t, text.String())
	return in
}

// TestMerge merges what two nodes know about the same blocks.
func TestMerge(t *testing.T) {
	g := rpc.TreeBlock{Hash: block.Sum([]byte("g")), Txs: 1}
	seen := func(name string, ms int64, txs int, status string) rpc.TreeBlock {
		return rpc.TreeBlock{Hash: block.Sum([]byte(name)), Prev: g.Hash, Height: 1, ReceivedMS: ms, Txs: txs, Status: status}
	}
	in := Merge([]View{
		{Node: "n1", Tree: rpc.Tree{Tip: seen("a", 0, 0, "").Hash, Height: 1, Blocks: []rpc.TreeBlock{g, seen("a", 20, 1, "active"), seen("b", 30, 0, "headers-only")}}},
		{Node: "n2", Tree: rpc.Tree{Tip: g.Hash, Blocks: []rpc.TreeBlock{g, seen("b", 10, 2, "valid-fork"), seen("a", 25, 1, "invalid")}}},
	})
	var got []string
	for _, b := range in.Blocks {
		got = append(got, fmt.Sprintf("%s %dms %dtx %s", hex.EncodeToString(b.Hash[:2]), b.ReceivedMS, b.Txs, b.Status))
	}
	name := func(s string) string { h := block.Sum([]byte(s)); return hex.EncodeToString(h[:2]) }
	want := []string{name("g") + " 0ms 1tx ", name("b") + " 10ms 2tx valid-fork", name("a") + " 20ms 1tx active"}
	if !slices.Equal(got, want) {
		t.Errorf("merged\n%q\nwant\n%q", got, want)
	}
	if want := []Objection{{"n2", block.Sum([]byte("a"))}}; !slices.Equal(in.Objections, want) {
		t.Errorf("objections %v, want %v", in.Objections, want)
	}
	for _, c := range []struct{ a, b, want string }{ // the node that checked more rules decides
		{"invalid", "valid-headers", "invalid"}, {"invalid", "headers-only", "invalid"}, {"invalid", "valid-fork", "valid-fork"},
		{"valid-headers", "valid-fork", "valid-fork"}, {"valid-fork", "active", "active"},
	} {
		for _, turn := range [][2]string{{c.a, c.b}, {c.b, c.a}} {
			if got := merge(seen("a", 1, 1, turn[0]), seen("a", 1, 1, turn[1])).Status; got != c.want {
				t.Errorf("%s and %s make %s, want %s", turn[0], turn[1], got, c.want)
			}
		}
	}
	if len(in.Tips) != 2 || in.Tips[0].Node != "n1" || in.Tips[1].Tip != g.Hash {
		t.Errorf("stands: %v", in.Tips)
	}
}

// TestSINumber: three digits for a number of any size.
func TestSINumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 2: "2", 999: "999", 1000: "1.00 k", 65_536: "65.5 k", 999_600: "1.00 M", 8_388_608: "8.39 M",
		123_456_789: "123 M", 9.9951e9: "10.0 G", 5e21: "5e+03 E",
	} {
		if got := siNumber(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}
