package draw

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"toychain/block"
	"toychain/rpc"
)

var (
	blockSign = regexp.MustCompile(`[●○◌✗]`)
	foldSign  = regexp.MustCompile(`┊  (\d+) blocks`)
)

// drawnBlocks counts the blocks of a picture, including the folded ones. The block at which a
// strip begins is in an earlier strip too.
func drawnBlocks(t *testing.T, text string) (blocks, strips int) {
	t.Helper()
	blocks = len(blockSign.FindAllString(text, -1))
	for _, m := range foldSign.FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		blocks += n
	}
	strips = strings.Count(text, "\nheight ")
	return blocks - strips, strips
}

// TestStrips draws random trees into 40 columns: every block is in the picture once,
// and no line is too long.
func TestStrips(t *testing.T) {
	most := 0
	for seed := range uint64(200) {
		in := randomTree(t, rand.New(rand.NewPCG(seed, 2)))
		var out bytes.Buffer
		if err := Write(t.Context(), &out, in, Style{Width: 40}); err != nil {
			t.Fatal(err)
		}
		blocks, strips := drawnBlocks(t, out.String())
		if blocks != len(in.Blocks) {
			t.Fatalf("seed %d: %d blocks are drawn, of %d:\n%s", seed, blocks, len(in.Blocks), out.String())
		}
		for line := range strings.Lines(out.String()) {
			if width(strings.TrimSuffix(line, "\n")) > 40 {
				t.Fatalf("seed %d: a line of more than 40 columns:\n%s", seed, out.String())
			}
		}
		most = max(most, strips)
	}
	if most < 3 {
		t.Errorf("no tree was divided into more than %d further strips: too little was tested", most)
	}
}

// TestDrawLarge: of 5,000 blocks, most of them in long lines, only forks and ends are shown, and
// every block is counted.
func TestDrawLarge(t *testing.T) {
	text := "g\nt*4000 g\n"
	for i := range 20 {
		text += fmt.Sprintf("s%d_*50 t%d\n", i, 100+i*150)
	}
	in, _ := plantTree(t, text+"node n1 t4000\nnode n2 s3_50\n")
	var out bytes.Buffer
	if err := Write(t.Context(), &out, in, Style{}); err != nil {
		t.Fatal(err)
	}
	blocks, strips := drawnBlocks(t, out.String())
	if lines := strings.Count(out.String(), "\n"); blocks != len(in.Blocks) || strips != 0 || lines > 13*21 {
		t.Errorf("%d of %d blocks in %d lines, %d strips:\n%s", blocks, len(in.Blocks), lines, strips, out.String())
	}
}

// bushes are trees of many branches: all from one block, each from another one, and fifty from
// the first of fifty others.
var bushes = map[string]func(i int) string{
	"one fork":   func(int) string { return "t1" },
	"many forks": func(i int) string { return fmt.Sprintf("t%d", 4*i+1) },
	"forks of forks": func(i int) string {
		if i%50 == 0 {
			return fmt.Sprintf("t%d", 4*i+1)
		}
		return fmt.Sprintf("s%d", i-i%50)
	},
}

func bush(t testing.TB, branches int, from func(int) string) Tree {
	text := ("g\nt g\nt1 t\nt2 t1\nt3 t2\nt4 t3\nt5 t4\n")
	for i := 6; i <= 4*branches+4; i++ {
		text += fmt.Sprintf("t%d t%d\n", i, i-1)
	}
	for i := range branches {
		text += fmt.Sprintf("s%d %s\n", i, from(i))
	}
	in, _ := plantTree(t, fmt.Sprintf("%snode n1 t%d\n", text, 4*branches+4))
	return in
}

// TestManyBranches: every block of 300 branches is drawn, whatever they fork off from, and a
// drawing that is no longer wanted ends.
func TestManyBranches(t *testing.T) {
	for name, from := range bushes {
		in := bush(t, 300, from)
		var out bytes.Buffer
		if err := Write(t.Context(), &out, in, Style{}); err != nil {
			t.Fatal(err)
		}
		if blocks, strips := drawnBlocks(t, out.String()); blocks != len(in.Blocks) {
			t.Errorf("%s: %d blocks are drawn in %d strips, of %d", name, blocks, strips, len(in.Blocks))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := Write(ctx, &out, in, Style{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: a cancelled drawing ends with %v", name, err)
		}
	}
}

// BenchmarkDraw shows how the time grows with the number of branches.
func BenchmarkDraw(b *testing.B) {
	for _, name := range []string{"one fork", "many forks", "forks of forks"} {
		for _, branches := range []int{500, 1500, 5000} {
			in := bush(b, branches, bushes[name])
			b.Run(fmt.Sprintf("%s/%d", name, branches), func(b *testing.B) {
				for b.Loop() {
					if err := Write(b.Context(), &bytes.Buffer{}, in, Style{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// patience is a context that ends when it has been asked some times whether it has ended.
type patience struct {
	context.Context
	left, asked int
}

func (p *patience) Err() error {
	if p.asked++; p.left > 0 {
		p.left--
		return nil
	}
	return context.Canceled
}

// TestOneForkIsCancelled: among thousands of branches of one fork a drawing asks for each whether
// it is still wanted, and stops where it is not.
func TestOneForkIsCancelled(t *testing.T) {
	const count = 3000
	root := block.Sum([]byte("g"))
	in := Tree{Blocks: []rpc.TreeBlock{{Hash: root, Txs: 1}}}
	for i := range count {
		in.Blocks = append(in.Blocks, rpc.TreeBlock{Hash: block.Sum(fmt.Append(nil, i)), Prev: root, Height: 1, Txs: 1})
	}
	whole := &patience{Context: t.Context(), left: 1 << 30}
	if err := Write(whole, io.Discard, in, Style{}); err != nil || whole.asked < count {
		t.Errorf("asked %d times for %d branches: %v", whole.asked, count, err)
	}
	short := &patience{Context: t.Context(), left: 1000}
	if err := Write(short, io.Discard, in, Style{}); err != context.Canceled || short.asked != 1001 {
		t.Errorf("ended with %v after %d questions", err, short.asked)
	}
}
