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

// give gives the engine an input at a time and returns its effects.
func give(t *testing.T, e *Engine, at time.Time, in Input) []Effect {
	t.Helper()
	effects, err := e.Step(at, in)
	if err != nil {
		t.Fatal(err)
	}
	return effects
}

// A storedCase is a block, or what a user says, and what it is that a crash must leave of
// it once Step has returned.
type storedCase struct {
	name    string
	in      []Input         // the last is the one in question
	killed  *chaingen.Block // the tip after the process was killed
	powered *chaingen.Block // the tip after a power cut
}

// What Step's effects tell others is there after a crash. A block of a node that follows the
// tip outlives a power cut. While a node catches up, as it does with blocks of 2011, its own
// user's block outlives the process, and a power cut takes it back until the next tick.
// A start connects what was stored.
//
//	g ── 1 ── 2 ── 3 ── young        years lie between 3 and young
//	     └─── b2 ─ b3 ─ b4
func TestWhatACrashLeaves(t *testing.T) {
	line := oldBlocks(3)
	g, one, three := line[0], line[1], line[3]
	young := dated(three, "young", today)
	fork := one.Mine("b2").Mine("b3").Mine("b4").Chain()[2:]
	own := func(of ...*chaingen.Block) (out []Input) {
		for _, b := range of {
			out = append(out, BlockReceived{Block: b.Block})
		}
		return out
	}
	old := own(line[1:]...)
	gossip := BlockReceived{Peer: "p", Block: young.Block}
	for _, c := range []storedCase{
		{"our user's old block", old, three, g},
		{"an old block and a tick", append(old[:3:3], Tick{}), three, three},
		{"many old blocks", []Input{BlocksSubmitted{[]*block.Block{one.Block, line[2].Block, three.Block}}}, three, g},
		{"our user's young block", append(old[:3:3], own(young)...), young, young},
		{"a peer's young block", append(old[:3:3], gossip), young, young},
		{"the rest of a reorganisation", append(old[:3:3], own(fork...)...), fork[2], fork[2]},
		{"invalidated", append(old[:3:3], Override{three.Hash, Invalidate}), line[2], line[2]},
		{"a header of our user's", append(old[:3:3], HeadersReceived{Headers: []block.Header{young.Header}}), three, three},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, cut := range []bool{false, true} {
				disk := chaingen.NewDisk()
				e := onDisk(disk)
				give(t, e, today, Tick{}) // stores genesis
				for _, in := range c.in {
					give(t, e, today, in)
				}
				want := c.killed
				if cut {
					want = c.powered
					disk.CutPower(0)
				}
				again := disk.MustOpen(consensus.Regtest())
				if _, err := again.ConnectStored(today); err != nil {
					t.Fatal(err)
				}
				if got := again.Tip(); got.Hash != want.Hash {
					t.Errorf("after a power cut %v: tip at height %d, want %d", cut, got.Height, want.Height())
				}
				if in, ok := c.in[len(c.in)-1].(HeadersReceived); ok {
					if _, known := again.Info(in.Headers[0].Hash()); !known {
						t.Errorf("after a power cut %v: the header is gone", cut)
					}
				}
				if len(disk.Journal) == 0 && want == fork[2] {
					t.Errorf("after a power cut %v: the journal does not tell of the reorganisation", cut)
				}
			}
		})
	}
}

// dated returns a block that is no older than this.
func dated(on *chaingen.Block, name string, than time.Time) *chaingen.Block {
	b := on.Template(name)
	b.Header.Time = max(b.Header.Time, uint32(than.Unix()))
	return on.Follow(name, chaingen.Seal(b))
}

// A block of a day ago is one that a node follows the tip with, an older one is not.
func TestMaxTipAge(t *testing.T) {
	for age, follows := range map[time.Duration]bool{maxTipAge: true, maxTipAge + time.Second: false} {
		disk := chaingen.NewDisk()
		e := onDisk(disk)
		b := dated(oldBlocks(1)[0], "b", today.Add(-age))
		give(t, e, today, BlockReceived{Block: b.Block})
		if disk.CutPower(0); (disk.Bodies[b.Hash] != nil) != follows {
			t.Errorf("a block of %s ago: stored after a power cut %v", age, !follows)
		}
	}
}

// While it downloads, a node writes hundreds of blocks at once, however the requests
// are cut, and everything is written at the tick after the last one.
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
		give(t, full, today, BlockReceived{Block: b.Block})
	}
	queue := []Input{PeerJoined{Peer: "p"}, PeerStatus{"p", full.Status()}}
	before := disk.Commits
	for ; len(queue) > 0; queue = queue[1:] {
		effects := give(t, e, today, queue[0])
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
	give(t, e, today, Tick{})
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
		give(t, e, today, BlockReceived{Block: b.Block})
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
		effects := give(t, e, today, step.in)
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
