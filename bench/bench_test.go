package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
)

// The script measures every row, so that it cannot rot. What it measured on a busy
// machine in a moment means nothing, only that there is something.
func TestQuick(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "run", "--quick", "--json", "--timeout", "9m")
	talk := new(bytes.Buffer)
	cmd.Stderr = talk
	out, err := cmd.Output()
	if strings.Contains(talk.String(), errBuild.Error()+" btcd") {
		t.Skipf("btcd cannot be built here, so nothing can be measured beside it:\n%s", talk)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, talk)
	}
	var got report
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v in:\n%s", err, out)
	}
	all := names()
	if len(got.Rows) != len(all) {
		t.Fatalf("%d rows, want %d", len(got.Rows), len(all))
	}
	for i, r := range got.Rows {
		if r.Name != all[i].name || r.Toychain <= 0 || r.Rival == nil || *r.Rival <= 0 || r.Ratio == nil || r.Target == "" {
			t.Errorf("row %d: %+v, want figures of %s", i, r, all[i].name)
		}
	}
}

// What makes simnet's genesis block is right if its hash is the one in btcd's
// chaincfg.
func TestSimnetGenesis(t *testing.T) {
	const want = "683e86bd5c6d110d91b94b97137ba6bfe02dbbdb8e3dff722a669b5d69d77af6"
	if got := simnet(consensus.Regtest().Genesis).Hash(); got != block.MustHash(want) {
		t.Errorf("%s, want %s", got, want)
	}
}

// The chains are what the rows take them for: the full blocks and both branches
// stand on base, and the branches hold different payments.
func TestChains(t *testing.T) {
	z := quick
	c := makeChains(z, time.Now())
	if len(c.empty) != z.empty || len(c.full) != z.full || len(c.strangers) != z.full || len(c.pays) != z.full || len(c.thin) != z.spread ||
		len(c.left) != z.reorg || len(c.right) != z.reorg+1 {
		t.Fatalf("sizes: %d empty, %d full, %d pays, %d thin, %d left, %d right",
			len(c.empty), len(c.full), len(c.pays), len(c.thin), len(c.left), len(c.right))
	}
	tip := c.base[len(c.base)-1].hash
	ids := make(map[string][]block.Hash)
	for name, on := range map[string][]sealed{"full": c.full, "strangers": c.strangers, "thin": c.thin, "left": c.left, "right": c.right} {
		b := parsed(t, on[0])
		if b.Header.Prev != tip {
			t.Errorf("%s stands on %s, want %s", name, b.Header.Prev, tip)
		}
		ids[name] = b.TxIDs()
	}
	if len(ids["full"]) != 1+z.payments || len(ids["left"]) != 1+z.light || len(ids["thin"]) != 1 {
		t.Errorf("transactions: %d full, %d left, %d thin", len(ids["full"]), len(ids["left"]), len(ids["thin"]))
	}
	for _, id := range ids["left"] {
		if slices.Contains(ids["right"], id) {
			t.Errorf("both branches hold %s", id)
		}
	}
}

func parsed(t *testing.T, s sealed) *block.Block {
	t.Helper()
	raw, err := hex.DecodeString(s.hex)
	if err != nil {
		t.Fatal(err)
	}
	b, err := block.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMedian(t *testing.T) {
	for _, row := range []struct {
		of   []float64
		want float64
	}{{nil, 0}, {[]float64{7}, 7}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 100, 2}, 3}} {
		if got := median(row.of); got != row.want {
			t.Errorf("median of %v: %v, want %v", row.of, got, row.want)
		}
	}
}

func TestFigure(t *testing.T) {
	for v, want := range map[float64]string{0.0123: "0.01 ms", 1.234: "1.23 ms", 12.34: "12.3 ms", 123.4: "123 ms",
		8999: "8,999 ms", 12_345: "12,300 ms", 1_234_567: "1,234,600 ms"} {
		if got := figure(v, "ms"); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}

// More is better, or less is; the ratio says how many times better toychain is.
func TestRatio(t *testing.T) {
	for _, less := range []bool{false, true} {
		r := row{unit: "x", less: less, rival: contender{name: "the other"}}
		r.target, r.met = ahead()
		got := settle(&r, []float64{2}, []float64{1}, time.Second)
		if got.Met == less || *got.Ratio != map[bool]float64{false: 2, true: 0.5}[less] {
			t.Errorf("less is better %v: ratio %v, met %v", less, *got.Ratio, got.Met)
		}
	}
}

// What is not a command line is exit code 2, before anything is built.
func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"--no-such-flag"}, {"word"}, {"--rounds", "-1"}, {"--only", "no such row"}} {
		_, err := parse(args)
		if !errors.Is(err, errUsage) {
			t.Errorf("%q: %v, want a usage error", args, err)
		}
	}
}
