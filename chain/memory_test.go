package chain_test

import (
	"fmt"
	"testing"

	"toychain/block"
	"toychain/chain"
	"toychain/internal/alloc"
	"toychain/internal/chaingen"
)

// A coin in memory must not hold on to the block that it came in: a script is a part
// of the bytes that the whole block was read from.
func TestCoinsDoNotKeepBlocks(t *testing.T) {
	tree := chaingen.NewDisk().MustOpen(chaingen.Network())
	one, err := block.Parse(chaingen.Genesis(tree.Params()).Mine("1").Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tree.AddBlock(one, now); err != nil {
		t.Fatal(err)
	}
	if err := tree.Flush(); err != nil {
		t.Fatal(err)
	}
	name := block.Outpoint{TxID: one.Txs[0].ID()}
	coins, err := tree.Coins([]block.Outpoint{name})
	if err != nil || string(coins[name].Script) != string(miner.Script()) {
		t.Fatalf("coin %+v, %v", coins[name], err)
	}
	if &coins[name].Script[0] == &one.Txs[0].Outputs[0].Script[0] {
		t.Error("the coin's script is the block's own memory")
	}
}

// Strangers may ask for any number of coins that are not there; it costs no memory.
func TestUnknownCoinsAreNotNoted(t *testing.T) {
	tree, _ := reopened(t)
	before, _ := tree.MemoryUse()
	for i := range 1000 {
		if _, err := tree.Coins([]block.Outpoint{{TxID: block.Hash{1}, Index: uint32(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if after, _ := tree.MemoryUse(); after != before {
		t.Errorf("%d coins in memory, before %d", after, before)
	}
}

// At most 50,000 coins stay in memory after a flush, and those that went are found
// on the disk.
func TestCoinsInMemoryAreBounded(t *testing.T) {
	disk := chaingen.NewDisk()
	tree := disk.MustOpen(chaingen.Network())
	tip := chaingen.Genesis(tree.Params())
	for i := range 3 {
		b := tip.Template(fmt.Sprint(i))
		for range 19_999 {
			b.Txs[0].Outputs = append(b.Txs[0].Outputs, block.Output{Script: []byte{0x51}})
		}
		tip = tip.Follow("", chaingen.Seal(b))
		if _, err := tree.AddBlock(tip.Block, now); err != nil {
			t.Fatal(err)
		}
	}
	if n, _ := tree.MemoryUse(); n != 60_000 {
		t.Errorf("%d coins before the flush", n)
	}
	if err := tree.Flush(); err != nil {
		t.Fatal(err)
	}
	if n, _ := tree.MemoryUse(); n != 50_000 {
		t.Errorf("%d coins after the flush", n)
	}
	set := tip.CoinSet()
	var all []block.Outpoint
	for o := range set {
		all = append(all, o)
	}
	if err := tree.CheckCoins(set, all); err != nil {
		t.Error(err)
	}
}

// Bodies that come before their ancestors are kept in memory up to a limit, beyond
// it only on the disk, and let go when their branch is complete, whether it wins or
// not. No body is read twice for nothing.
//
//	  ┌─ 1a ─ … ─ 14a
//	g ┼─ 1b ─ … ─ 12b       comes from the end
//	  └─ 1c ─ … ─ 20c       comes from the end, with large blocks
func TestBodiesAheadAreBounded(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		as, bs := names("a", 14), names("b", 12)
		s.draw("g", as)
		s.draw("g", bs)
		parent := "g"
		for i := range 20 {
			name := fmt.Sprintf("%dc", i+1)
			b := s.spoil(parent, name, func(b *block.Block) {
				b.Txs[0].Outputs = append(b.Txs[0].Outputs, block.Output{Script: make([]byte, 600_000)})
			})
			if parent = name; b.Err != nil {
				s.t.Fatal(b.Err)
			}
		}
		s.all(as)
		s.header(bs)
		for i := 12; i > 1; i-- {
			s.add(fmt.Sprintf("%db", i), "")
		}
		s.flush()
		_, waiting := s.tree.MemoryUse()
		s.add("1b", "")
		s.flush()
		if _, bytes := s.tree.MemoryUse(); bytes != 0 || waiting > 11*500 {
			s.t.Errorf("%d bytes waited, %d bytes still do", waiting, bytes)
		}
		s.header(names("c", 20))
		want := ""
		for i := 14; i > 0; i-- {
			want += fmt.Sprintf("-%da ", i)
		}
		for i := 20; i > 1; i-- {
			s.add(fmt.Sprintf("%dc", i), "")
		}
		s.flush()
		if _, bytes := s.tree.MemoryUse(); bytes > 8<<20 {
			s.t.Errorf("%d bytes wait", bytes)
		}
		for i := range 20 {
			want += fmt.Sprintf("+%dc ", i+1)
		}
		s.add("1c", want[:len(want)-1])
		s.flush()
		if _, bytes := s.tree.MemoryUse(); bytes != 0 {
			s.t.Errorf("%d bytes still wait", bytes)
		}
	})
}

// What is asked for next is found without going through all the headers.
func TestMissingIsCheap(t *testing.T) {
	tree := chaingen.NewDisk().MustOpen(chaingen.Network())
	deliverHeaders(t, tree, chaingen.Genesis(tree.Params()).MineEmpty("", 5000).Chain()[1:])
	var lacks []chain.Point
	if n := alloc.Bytes(func() { lacks = missing(tree, tree.BestHeader().Hash, 128, 16) }); n > 10_000 || len(lacks) != 16 {
		t.Errorf("%d missing, %d bytes allocated", len(lacks), n)
	}
}

// How much waits to be written, which tells when to flush.
func TestUnflushed(t *testing.T) {
	tree := chaingen.NewDisk().MustOpen(chaingen.Network())
	g := chaingen.Genesis(tree.Params())
	if err := tree.Flush(); err != nil {
		t.Fatal(err)
	}
	size := 0
	for i, b := range g.MineEmpty("", 5).Chain()[1:] {
		if _, err := tree.AddBlock(b.Block, now); err != nil {
			t.Fatal(err)
		}
		size += len(b.Bytes())
		if blocks, bytes := tree.Unflushed(); blocks != i+1 || bytes != size {
			t.Errorf("%d blocks, %d bytes; want %d, %d", blocks, bytes, i+1, size)
		}
	}
	if err := tree.Flush(); err != nil {
		t.Fatal(err)
	}
	if blocks, bytes := tree.Unflushed(); blocks != 0 || bytes != 0 {
		t.Errorf("%d blocks, %d bytes after a flush", blocks, bytes)
	}
}

// A tree does not start on what is not its own or does not hang together.
func TestDamagedEntries(t *testing.T) {
	tree, last := reopened(t)
	good := tree.Entries()
	for what, damage := range map[string]func([]chain.Entry) ([]chain.Entry, block.Hash){
		"another network's genesis": func(e []chain.Entry) ([]chain.Entry, block.Hash) {
			e[0].Header.Time++
			return e, last.Hash
		},
		"a header is missing": func(e []chain.Entry) ([]chain.Entry, block.Hash) {
			return append(e[:5], e[6:]...), last.Hash
		},
		"a header at another height": func(e []chain.Entry) ([]chain.Entry, block.Hash) {
			e[5].Height++
			return e, last.Hash
		},
		"a tip that nobody knows": func(e []chain.Entry) ([]chain.Entry, block.Hash) {
			return e, block.Hash{1}
		},
	} {
		entries, tip := damage(append([]chain.Entry{}, good...))
		if _, err := chain.NewTree(tree.Params(), tree.Verifier(), chaingen.NewDisk(), entries, tip); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if _, err := chain.NewTree(tree.Params(), tree.Verifier(), chaingen.NewDisk(), good, last.Hash); err != nil {
		t.Error(err)
	}
}

// reopened returns a tree of twelve blocks, opened from a disk, and the last of them.
func reopened(t *testing.T) (*chain.Tree, *chaingen.Block) {
	t.Helper()
	disk := chaingen.NewDisk()
	tree := disk.MustOpen(chaingen.Network())
	tip := chaingen.Genesis(tree.Params()).MineEmpty("", 12)
	for _, b := range tip.Chain()[1:] {
		if _, err := tree.AddBlock(b.Block, now); err != nil {
			t.Fatal(err)
		}
	}
	if err := tree.Flush(); err != nil {
		t.Fatal(err)
	}
	return disk.MustOpen(tree.Params()), tip
}
