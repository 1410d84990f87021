package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/peer"
)

// TestDue: a tick is wanted soon after something was written, when a request takes too long,
// and else only for the mempools of peers.
func TestDue(t *testing.T) {
	e := onDisk(chaingen.NewDisk())
	if _, err := e.Start(today); err != nil {
		t.Fatal(err)
	}
	if due := e.Due(); !due.IsZero() {
		t.Errorf("at rest a tick is due at %s", due)
	}
	g := chaingen.Genesis(consensus.Regtest())
	give(t, e, today, BlockReceived{Block: g.MineEmpty("", 1).Chain()[1].Block})
	if due := e.Due(); due.Sub(today) != syncWithin {
		t.Errorf("after a block a tick is due after %s, want %s", due.Sub(today), syncWithin)
	}
	for at := e.Due(); !e.Due().IsZero(); at = e.Due() { // what is written by one tick is synced by the next
		if at.Sub(today) > 2*syncWithin {
			t.Fatalf("ticks go on at %s", at)
		}
		give(t, e, at, Tick{})
	}
	later := today.Add(time.Minute)
	give(t, e, later, PeerJoined{Peer: "p"})
	work := e.Tree().Tip().Work.Add(e.Tree().Tip().Work)
	give(t, e, later, PeerStatus{"p", peer.Status{Height: 9, Work: work.Bytes()}})
	if due := e.Due(); due.Sub(later) != maxStall {
		t.Errorf("with headers requested a tick is due after %s, want %s", due.Sub(later), maxStall)
	}
}

// TestAnnouncesOnce: while bodies of a better chain are missing the peers are told of no tip between,
// or after announceWithin, if the rest does not come; a block at the tip is told at once.
func TestAnnouncesOnce(t *testing.T) {
	g := chaingen.Genesis(consensus.Regtest())
	old := g.MineEmpty("old", 2).Chain()[1:]
	blocks := g.MineEmpty("new", 6).Chain()[1:]
	var headers []block.Header
	for _, b := range blocks {
		headers = append(headers, b.Block.Header)
	}
	e := onDisk(chaingen.NewDisk())
	if _, err := e.Start(today); err != nil {
		t.Fatal(err)
	}
	now := today
	var told []string
	step := func(in Input) {
		for _, f := range give(t, e, now, in) {
			if f, ok := f.(Announce); ok {
				told = append(told, fmt.Sprintf("%d at %s", f.Status.Height, now.Sub(today)))
			}
		}
	}
	for _, b := range old {
		step(BlockReceived{Block: b.Block})
	}
	step(HeadersReceived{Headers: headers[:5]})
	for _, b := range blocks[:3] { // the third moves the tip
		now = now.Add(100 * time.Millisecond)
		step(BlockReceived{Block: b.Block})
	}
	moved := now
	for range 3 {
		if due := e.Due(); due.IsZero() || due.Sub(moved) > announceWithin {
			t.Errorf("a tick is due at %s, the tip moved at %s", due.Sub(today), moved.Sub(today))
		}
		now = now.Add(announceWithin / 3)
		step(Tick{})
	}
	now = moved.Add(announceWithin)
	step(Tick{})
	step(Tick{})
	for _, b := range blocks[3:] {
		now = now.Add(100 * time.Millisecond)
		step(BlockReceived{Block: b.Block})
	}
	if want := []string{"1 at 0s", "2 at 0s", "3 at 1.3s", "5 at 1.5s", "6 at 1.6s"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

// TestAnnouncesWithTheClockSet: a clock that is set back holds no announcement up.
func TestAnnouncesWithTheClockSet(t *testing.T) {
	blocks := chaingen.Genesis(consensus.Regtest()).MineEmpty("", 3).Chain()[1:]
	e := onDisk(chaingen.NewDisk())
	if _, err := e.Start(today); err != nil {
		t.Fatal(err)
	}
	give(t, e, today, HeadersReceived{Headers: []block.Header{blocks[0].Block.Header, blocks[1].Block.Header, blocks[2].Block.Header}})
	give(t, e, today, BlockReceived{Block: blocks[0].Block})
	back := today.Add(-time.Hour)
	give(t, e, back, ClockSet{})
	if due := e.Due(); due.Sub(back) > announceWithin {
		t.Fatalf("a tick is due %s after the clock was set", due.Sub(back))
	}
	announces := func(f Effect) bool { _, is := f.(Announce); return is }
	if effects := give(t, e, back.Add(announceWithin), Tick{}); !slices.ContainsFunc(effects, announces) {
		t.Error("the tip is not announced")
	}
}
