package engine

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/mempool"
	"toychain/peer"
)

// today is years after regtest's first blocks.
var today = time.Unix(1_800_000_000, 0)

// oldBlocks returns blocks of regtest from 2011.
func oldBlocks(n int) []*chaingen.Block {
	return chaingen.Genesis(consensus.Regtest()).MineEmpty("", n).Chain()
}

func onDisk(disk *chaingen.Disk) *Engine {
	return New(disk.MustOpen(consensus.Regtest()), mempool.New(mempool.DefaultPolicy()), "/test/")
}

// decide gives the engine an input and returns what Save did after it.
func decide(t *testing.T, e *Engine, at time.Time, in Input) ([]Effect, Saved) {
	t.Helper()
	effects, err := e.Decide(at, in)
	if err != nil {
		t.Fatal(err)
	}
	how, err := e.Save()
	if err != nil {
		t.Fatal(err)
	}
	return effects, how
}

// A block of our user's that is old is noted down before it is answered for, and
// written with others: at the next tick, or when they are many. A young one, and one
// that makes a reorganisation, is written at once with all before.
func TestOldBlocksWaitForEachOther(t *testing.T) {
	disk := chaingen.NewDisk()
	e := onDisk(disk)
	line := oldBlocks(flushBlocks + 10)
	give := func(b *block.Block) Saved {
		t.Helper()
		effects, how := decide(t, e, today, BlockReceived{Block: b})
		note := slices.IndexFunc(effects, func(f Effect) bool { n, ok := f.(Note); return ok && n.Block == b })
		answer := slices.Index(effects, Effect(Result{}))
		if answer < 0 || (how != SavedNow) != (note >= 0) || note > answer {
			t.Fatalf("saved %d, note is effect %d, answer %d", how, note, answer)
		}
		return how
	}
	decide(t, e, today, Tick{}) // writes genesis
	before := disk.Commits
	for _, b := range line[1:4] {
		if how := give(b.Block); how != SavedNothing || disk.Commits != before {
			t.Fatalf("an old block: saved %d, %d commits", how, disk.Commits-before)
		}
	}
	for _, want := range []Saved{SavedLater, SavedNow} {
		if _, how := decide(t, e, today, Tick{}); how != want || disk.Tip != line[3].Hash {
			t.Fatalf("a tick: saved %d, want %d; tip on disk %s, want %s", how, want, disk.Tip, line[3].Hash)
		}
	}
	for i, b := range line[4 : flushBlocks+4] {
		if how, want := give(b.Block), i+1 == flushBlocks; (how == SavedLater) != want {
			t.Fatalf("old block %d: saved %d", i, how)
		}
	}
	give(line[flushBlocks+4].Block)
	tip := line[flushBlocks+4]
	aDayOld := func(on *chaingen.Block, name string, and time.Duration) *chaingen.Block {
		b := on.Template(name)
		b.Header.Time = uint32(today.Add(-maxTipAge - and).Unix())
		return on.Follow(name, chaingen.Seal(b))
	}
	old := aDayOld(tip, "old", time.Second)
	if how := give(old.Block); how != SavedNothing {
		t.Fatalf("a block of more than a day: saved %d", how)
	}
	young := aDayOld(old, "young", 0)
	if how := give(young.Block); how != SavedNow || disk.Tip != young.Hash {
		t.Fatalf("a block of a day: saved %d, tip on disk %s", how, disk.Tip)
	}
	fork := tip.Mine("a").Mine("b").Mine("c").Chain()[flushBlocks+5:]
	give(fork[0].Block)
	give(fork[1].Block)
	if how := give(fork[2].Block); how != SavedNow || disk.Tip != fork[2].Hash {
		t.Fatalf("a reorganisation: saved %d, tip on disk %s", how, disk.Tip)
	}
}

// A large block of our user's is noted down too, and synced if it is young. What a peer
// brings meanwhile is written at once, with all before.
func TestLargeBlocksWaitForEachOther(t *testing.T) {
	disk := chaingen.NewDisk()
	e := onDisk(disk)
	small, large := youngBlock(chaingen.Genesis(consensus.Regtest()), "small", noteSize-1, today), (*chaingen.Block)(nil)
	if _, how := decide(t, e, today, BlockReceived{Block: small.Block}); how != SavedNow {
		t.Fatalf("a small block: saved %d", how)
	}
	note := func(on *chaingen.Block, name string, at time.Time) *chaingen.Block {
		t.Helper()
		b := youngBlock(on, name, noteSize, today)
		effects, how := decide(t, e, at, BlockReceived{Block: b.Block})
		want := Note{Block: b.Block, Time: at, Sync: true}
		if how != SavedNothing || !slices.Contains(effects, Effect(want)) || disk.Tip != small.Hash {
			t.Fatalf("a large block: saved %d, effects %v, tip on disk %s", how, effects, disk.Tip)
		}
		return b
	}
	large = note(small, "large", today.Add(time.Second))
	small = youngBlock(large, "from a peer", noteSize, today)
	if _, how := decide(t, e, today, BlockReceived{Peer: "p", Block: small.Block}); how != SavedNow || disk.Tip != small.Hash {
		t.Fatalf("a peer's block on a large one: saved %d, tip on disk %s", how, disk.Tip)
	}
	large = note(small, "large again", today)
	for _, want := range []Saved{SavedLater, SavedNow} {
		if _, how := decide(t, e, today, Tick{}); how != want || disk.Tip != large.Hash {
			t.Fatalf("a tick: saved %d, want %d; tip on disk %s", how, want, disk.Tip)
		}
	}
}

// A block that waited for its parent is noted down when that comes, but the parent may
// not be: then both are written.
func TestNotedOrphanComesWithItsParent(t *testing.T) {
	for _, peer := range []peer.ID{"", "p"} {
		disk := chaingen.NewDisk()
		e := onDisk(disk)
		parent := youngBlock(chaingen.Genesis(consensus.Regtest()), "parent", 1000, today)
		orphan := youngBlock(parent, "orphan", noteSize, today)
		decide(t, e, today, BlockReceived{Block: orphan.Block})
		if _, how := decide(t, e, today, BlockReceived{Peer: peer, Block: parent.Block}); how != SavedNow || disk.Tip != orphan.Hash {
			t.Errorf("parent from %q: saved %d, tip on disk %s, want %s", peer, how, disk.Tip, orphan.Hash)
		}
	}
}

// A block whose body is wrong leaves its header: what waited for it is not noted down,
// but written, and the header with it.
func TestNoNoteOnARefusedBlock(t *testing.T) {
	disk := chaingen.NewDisk()
	e := onDisk(disk)
	parent := youngBlock(chaingen.Genesis(consensus.Regtest()), "parent", noteSize, today)
	orphan := youngBlock(parent, "orphan", noteSize, today)
	decide(t, e, today, BlockReceived{Block: orphan.Block})
	body := *parent.Block
	body.Txs = []*block.Tx{body.Txs[0].Clone()}
	body.Txs[0].LockTime++
	_, how := decide(t, e, today, BlockReceived{Block: &body})
	if _, header := disk.Entries[parent.Hash]; how != SavedNow || !header || disk.Bodies[orphan.Hash] == nil {
		t.Errorf("saved %d; on disk: the refused block's header %v, the orphan %v", how, header, disk.Bodies[orphan.Hash] != nil)
	}
}

// The disk begins early with what Decide will have noted down if the body is right, and
// with nothing else.
func TestForesee(t *testing.T) {
	e := onDisk(chaingen.NewDisk())
	g := chaingen.Genesis(consensus.Regtest())
	large := youngBlock(g, "large", noteSize, today)
	future := youngBlock(g, "future", noteSize, today.Add(3*time.Hour))
	noWork := *large.Block
	for noWork.Header.Nonce++; consensus.CheckWork(consensus.Regtest(), &noWork.Header) == nil; noWork.Header.Nonce++ {
	}
	for _, c := range []struct {
		what string
		in   Input
		want bool
	}{
		{"a large block", BlockReceived{Block: large.Block}, true},
		{"an old one", BlockReceived{Block: oldBlocks(1)[1].Block}, true},
		{"the largest", BlockReceived{Block: youngBlock(g, "largest", consensus.MaxBlockSize, today).Block}, true},
		{"a larger one", BlockReceived{Block: youngBlock(g, "larger", consensus.MaxBlockSize+1, today).Block}, false},
		{"a small one", BlockReceived{Block: youngBlock(g, "small", noteSize-1, today).Block}, false},
		{"a peer's", BlockReceived{Peer: "p", Block: large.Block}, false},
		{"many", BlocksSubmitted{[]*block.Block{large.Block}}, false},
		{"one on an unknown one", BlockReceived{Block: youngBlock(large, "next", noteSize, today).Block}, false},
		{"one from the future", BlockReceived{Block: future.Block}, false},
		{"one without work", BlockReceived{Block: &noWork}, false},
	} {
		if note, ok := e.Foresee(today, c.in); ok != c.want || ok && !note.Time.Equal(today) {
			t.Errorf("%s: %v, %v", c.what, note, ok)
		}
	}
	decide(t, e, today, BlockReceived{Block: large.Block})
	if _, ok := e.Foresee(today, BlockReceived{Block: large.Block}); ok {
		t.Error("a block that is here")
	}
}

// A block is not noted down on top of what waits in memory: a peer's blocks while it
// catches up, or a header.
func TestNoNoteOnWhatIsLoose(t *testing.T) {
	disk := chaingen.NewDisk()
	e := onDisk(disk)
	line := oldBlocks(6)
	full := onDisk(chaingen.NewDisk())
	for _, b := range line[1:] {
		decide(t, full, today, BlockReceived{Block: b.Block})
	}
	decide(t, e, today, PeerJoined{Peer: "p"})
	effects, _ := decide(t, e, today, PeerStatus{"p", full.Status()})
	for _, f := range effects {
		if ask, ok := f.(RequestHeaders); ok {
			decide(t, e, today, HeadersReceived{"p", full.Tree().HeadersAfter(ask.Locator, block.Hash{}, peer.MaxHeaders)})
		}
	}
	for _, b := range line[1:3] {
		if _, how := decide(t, e, today, BlockReceived{Peer: "p", Block: b.Block, Requested: true}); how != SavedNothing {
			t.Fatalf("a download: saved %d", how)
		}
	}
	own := youngBlock(line[2], "own", noteSize, today)
	if _, how := decide(t, e, today, BlockReceived{Block: own.Block}); how != SavedNow || disk.Tip != own.Hash {
		t.Errorf("on a download: saved %d, tip on disk %s, want %s", how, disk.Tip, own.Hash)
	}

	disk = chaingen.NewDisk()
	e = onDisk(disk)
	first := youngBlock(line[0], "first", noteSize, today)
	small := youngBlock(first, "small", 500, today)
	last := youngBlock(small, "last", noteSize, today)
	if _, how := decide(t, e, today, BlockReceived{Block: first.Block}); how != SavedNothing {
		t.Fatalf("a large block: saved %d", how)
	}
	decide(t, e, today, HeadersReceived{Headers: headersOf([]*chaingen.Block{small})})
	if _, how := decide(t, e, today, BlockReceived{Block: last.Block}); how != SavedNow {
		t.Errorf("on a header: saved %d", how)
	}
}

// youngBlock returns a block that is no older than this, and of this size.
func youngBlock(on *chaingen.Block, name string, size int, than time.Time, txs ...*block.Tx) *chaingen.Block {
	b := on.Template(name, txs...)
	b.Header.Time = max(b.Header.Time, uint32(than.Unix()))
	pad := make([]byte, size)
	b.Txs[0].Outputs = append(b.Txs[0].Outputs, block.Output{Script: pad})
	b.Txs[0].Outputs[1].Script = pad[b.Size()-size:]
	return on.Follow(name, chaingen.Seal(b))
}

// While it downloads, a node writes hundreds of blocks at once, however the requests
// are cut, and everything is written when the last one is here.
func TestDownloadIsWrittenInBatches(t *testing.T) {
	disk := chaingen.NewDisk()
	e := onDisk(disk)
	const blocks = 2*flushBlocks + 100
	line := oldBlocks(blocks)
	bodies := make(map[block.Hash]*block.Block)
	for _, b := range line {
		bodies[b.Hash] = b.Block
	}
	full := onDisk(chaingen.NewDisk())
	for _, b := range line[1:] {
		decide(t, full, today, BlockReceived{Block: b.Block})
	}
	queue := []Input{PeerJoined{Peer: "p"}, PeerStatus{"p", full.Status()}}
	before := disk.Commits
	for ; len(queue) > 0; queue = queue[1:] {
		effects, _ := decide(t, e, today, queue[0])
		for _, f := range effects {
			switch f := f.(type) {
			case RequestHeaders:
				queue = append(queue, HeadersReceived{"p", full.Tree().HeadersAfter(f.Locator, block.Hash{}, peer.MaxHeaders)}, RequestDone{Peer: "p", Request: f})
			case RequestBlocks:
				for _, id := range f.IDs {
					queue = append(queue, BlockReceived{Peer: "p", Block: bodies[id], Requested: true})
				}
				queue = append(queue, RequestDone{Peer: "p", Request: f})
			}
		}
	}
	if disk.Tip != line[blocks].Hash {
		t.Errorf("tip on disk %s, want %s", disk.Tip, line[blocks].Hash)
	}
	if n := disk.Commits - before; n < 3 || n > 6 {
		t.Errorf("%d blocks in %d commits", blocks, n)
	}
}

// counted is P2PKH that counts how often it is asked.
type counted struct {
	consensus.P2PKH
	checks atomic.Int64
}

func (c *counted) Check(tx *block.Tx, i int, output block.Output) error {
	c.checks.Add(1)
	return c.P2PKH.Check(tx, i, output)
}

// Each signature is checked once, whether it comes with a payment or with a block,
// and whatever becomes of the block afterwards.
func TestSignaturesOnceEach(t *testing.T) {
	count := &counted{}
	p := consensus.Regtest()
	disk := chaingen.NewDisk()
	disk.Verifier = chain.NewVerifier(count)
	e := New(disk.MustOpen(p), mempool.New(mempool.DefaultPolicy()), "/test/")
	base := oldBlocks(102)
	tip := base[102]
	first, second := base[1].Reward(), base[2].Reward()
	pay := func(coin consensus.UTXO) *block.Tx {
		return chaingen.Miner.Pay([]consensus.UTXO{coin}, chaingen.Miner.To(coin.Coin.Value-10_000))
	}
	known, unknown := pay(first), pay(second)
	holds := tip.Mine("holds both", known, unknown)
	other := tip.Mine("other", known, unknown)
	more := other.Mine("more")
	for _, b := range base[1:] {
		decide(t, e, today, BlockReceived{Block: b.Block})
	}
	for _, step := range []struct {
		what string
		in   Input
		want int64
	}{
		{"a payment", TxReceived{Tx: known}, 1},
		{"a block with it and another", BlockReceived{Block: holds.Block}, 2},
		{"the block leaves", Override{holds.Hash, Invalidate}, 2},
		{"and returns", Override{holds.Hash, Reconsider}, 2},
		{"another block with both", BlockReceived{Block: other.Block}, 2},
		{"its branch takes over", BlockReceived{Block: more.Block}, 2},
	} {
		effects, _ := decide(t, e, today, step.in)
		if !slices.Contains(effects, Effect(Result{})) {
			t.Fatalf("%s: %v", step.what, effects)
		}
		if got := count.checks.Load(); got != step.want {
			t.Errorf("%s: %d signatures checked so far, want %d", step.what, got, step.want)
		}
	}
	if got := e.Tree().Tip().Hash; got != more.Hash {
		t.Errorf("tip %s, want %s", got, more.Hash)
	}
}
