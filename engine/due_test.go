package engine

import (
	"testing"
	"time"

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
