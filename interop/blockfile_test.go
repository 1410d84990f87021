package interop

import (
	"bytes"
	"compress/bzip2"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"toychain/block"
	"toychain/blockfile"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/payer"
	"toychain/rpc"
)

// program builds a command and returns its file.
func program(t *testing.T, dir, pkg string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), filepath.Base(pkg))
	cmd := exec.Command("go", "build", "-o", out, pkg)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", pkg, err, text)
	}
	return out
}

// run runs a program and returns what it prints.
func (s *served) run(program string, args ...string) string {
	s.t.Helper()
	text, err := exec.CommandContext(s.ctx, program, args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s %q: %v\n%s", filepath.Base(program), args, err, text)
	}
	return string(text)
}

// toychain runs a command of ours that asks this node.
func (s *served) toychain(program string, args ...string) string {
	s.t.Helper()
	return s.run(program, append(args, "--network", "regtest", "--rpc", s.addr, "--cookie", s.cookie, "--datadir", s.t.TempDir())...)
}

// Our chain export is what btcd's addblock reads; btcd judges each block and keeps it
// in its own database, from whose files chain import makes the same chain and the same
// coins in a node that had nothing.
func TestThereAndBackThroughBtcd(t *testing.T) {
	toychain, addblock := program(t, "..", "./cmd/toychain"), program(t, ".", "github.com/btcsuite/btcd/cmd/addblock")
	from, back := serve(t), serve(t)
	o := from.owner(ourWords)
	from.mine(102, o.at(0))
	o.pay(payer.To(to(chaingen.Miner), 20*block.Coin))
	from.mine(3, o.at(1))

	dir := t.TempDir()
	file := filepath.Join(dir, "bootstrap.dat")
	if got := from.toychain(toychain, "chain", "export", "-o", file); got != "105 blocks in "+file+"\n" {
		t.Fatalf("export says %q", got)
	}
	data := filepath.Join(dir, "btcd")
	if got := from.run(addblock, "--regtest", "-i", file, "-b", data); !strings.Contains(got, "Processed a total of 105 blocks (105 imported") {
		t.Fatalf("btcd's addblock says %s", got)
	}
	if got := back.toychain(toychain, "chain", "import", filepath.Join(data, "regtest")); got != "105 blocks new, 1 known before\n" {
		t.Fatalf("import says %q", got)
	}
	want, err := rpc.GetTxOutSetInfo.Call(from.ctx, from.Client, rpc.GetTxOutSetInfoArgs{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := rpc.GetTxOutSetInfo.Call(back.ctx, back.Client, rpc.GetTxOutSetInfoArgs{})
	if err != nil || got.BestBlock != want.BestBlock || got.HashSerialized != want.HashSerialized || got.Height != 105 {
		t.Errorf("there and back: %+v, %v; want %+v", got, err, want)
	}
}

// btcd's own files of blocks, as its tests use them.
func TestBtcdsFiles(t *testing.T) {
	for name, want := range map[string]int{"database/testdata/blocks1-256.bz2": 255, "blockchain/testdata/blk_0_to_4.dat.bz2": 5} {
		f := bytes.NewReader(moduleFile(t, "github.com/btcsuite/btcd", name))
		main := consensus.Main()
		order := blockfile.NewOrder(blockfile.Read(bzip2.NewReader(f), main.Magic()),
			func(h block.Hash) (bool, error) { return h == main.Genesis.Hash(), nil })
		n := 0
		for ; ; n++ {
			if _, err := order.Next(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if n != want {
			t.Errorf("%s: %d blocks, want %d", name, n, want)
		}
	}
}
