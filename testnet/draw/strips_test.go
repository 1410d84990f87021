package draw

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
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
		if err := Write(&out, in, Style{Width: 40}); err != nil {
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
	if err := Write(&out, in, Style{}); err != nil {
		t.Fatal(err)
	}
	blocks, strips := drawnBlocks(t, out.String())
	if lines := strings.Count(out.String(), "\n"); blocks != len(in.Blocks) || strips != 0 || lines > 13*21 {
		t.Errorf("%d of %d blocks in %d lines, %d strips:\n%s", blocks, len(in.Blocks), lines, strips, out.String())
	}
}

func BenchmarkDrawLarge(b *testing.B) {
	text := "g\nt*4000 g\n"
	for i := range 20 {
		text += fmt.Sprintf("s%d_*50 t%d\n", i, 100+i*150)
	}
	in, _ := plantTree(b, text+"node n1 t4000\nnode n2 s3_50\n")
	for b.Loop() {
		if err := Write(&bytes.Buffer{}, in, Style{}); err != nil {
			b.Fatal(err)
		}
	}
}
