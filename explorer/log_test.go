package explorer

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"toychain/block"
)

func hashOf(name string) block.Hash { return block.Sum([]byte(name)) }

// happen returns a random event about few blocks and nodes.
func happen(rng *rand.Rand) Event {
	e := Event{TimeMS: rng.Int64N(1000), Kind: "block"}
	for range rng.IntN(3) {
		name := fmt.Sprint("b", rng.IntN(9))
		e.Blocks = append(e.Blocks, Block{Hash: hashOf(name), Height: block.Height(rng.IntN(9)), Txs: rng.IntN(4), Known: rng.Uint64N(8)})
	}
	if rng.IntN(2) == 0 {
		e.Nodes = []Node{{Name: fmt.Sprint("n", rng.IntN(3)), Height: block.Height(rng.IntN(9))}}
	}
	if rng.IntN(5) == 0 {
		e.Groups = &[]string{fmt.Sprint("n", rng.IntN(3))}
	}
	return e
}

// TestSnapshotIsTheState: the state of a snapshot and the events after it make the present
// state, however much of the past was folded.
func TestSnapshotIsTheState(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	l := NewLog("test", true)
	l.Reset(State{Nodes: []Node{{Name: "n0"}}})
	for i := range 300 {
		l.Append(happen(rng))
		if i%50 == 20 {
			l.forget(rng.IntN(len(l.events)))
		}
		text, seq := l.Snapshot()
		var s Snapshot
		if err := json.Unmarshal(text, &s); err != nil || seq != s.Seq || s.Seq != l.seq {
			t.Fatalf("snapshot %d of %d: %v", s.Seq, l.seq, err)
		}
		for i := range s.Events {
			s.Base.apply(&s.Events[i])
		}
		want, _ := json.Marshal(&l.now)
		if got, _ := json.Marshal(&s.Base); string(got) != string(want) {
			t.Fatalf("after %d events the snapshot makes\n%s\nwant\n%s", i+1, got, want)
		}
	}
}

// TestSince: a reader gets every event once and in order, and must begin anew if it is too far
// behind, comes from another log, or the log began anew.
func TestSince(t *testing.T) {
	l := NewLog("test", true)
	l.Reset(State{})
	_, begin := l.Snapshot()
	for range maxBehind {
		l.Append(Event{Kind: "tip"})
	}
	at := begin
	for {
		texts, _, ok := l.since(at)
		if !ok {
			t.Fatalf("at %d a reader must begin anew", at)
		}
		if len(texts) == 0 {
			break
		}
		for _, text := range texts {
			var e Event
			if err := json.Unmarshal(text, &e); err != nil || e.Seq != at+1 {
				t.Fatalf("event %d follows %d: %v", e.Seq, at, err)
			}
			at = e.Seq
		}
	}
	if at != begin+maxBehind {
		t.Errorf("the last event is %d, want %d", at, begin+maxBehind)
	}
	_, changed, _ := l.since(at)
	l.Append(Event{Kind: "tip"})
	<-changed
	for what, seq := range map[string]int64{"one event more than a reader may lag behind": begin, "the future": at + 2, "another log": -1} {
		if _, _, ok := l.since(seq); ok {
			t.Errorf("%s: no snapshot is needed", what)
		}
	}
	l.Reset(State{})
	if _, _, ok := l.since(at + 1); ok {
		t.Error("the log began anew, and no snapshot is needed")
	}
}

// TestLogIsBounded: old events are folded, by number and by size, and a state that grows for ever
// is reported.
func TestLogIsBounded(t *testing.T) {
	l := NewLog("test", true)
	for range maxEvents + 1 {
		l.Append(Event{Kind: "tip"})
	}
	if len(l.events) > maxEvents || len(l.events) < maxEvents/2 || len(l.texts) != len(l.events) {
		t.Errorf("%d events are kept", len(l.events))
	}
	long := make([]byte, 1<<20)
	for i := range 20 {
		l.Append(Event{Text: string(long), Node: fmt.Sprint(i)})
	}
	sum := 0
	for _, text := range l.texts {
		sum += len(text)
	}
	if sum != l.bytes || sum > maxEventBytes {
		t.Errorf("%d bytes are kept, counted as %d", sum, l.bytes)
	}
	var many []Block
	for i := range maxBlocks {
		many = append(many, Block{Hash: hashOf(fmt.Sprint(i))})
	}
	if l.Append(Event{Blocks: many}) || !l.Append(Event{Blocks: []Block{{Hash: hashOf("more")}}}) {
		t.Error("a state of more than maxBlocks is not reported, or one of as many is")
	}
}

// TestReorgOfState: the move between two tips, also over blocks that are left out.
//
//	g ┄┄ 5 ── 6a ── 7a
//	     └─── 6b
func TestReorgOfState(t *testing.T) {
	b := func(name, prev string, h block.Height) Block {
		return Block{Hash: hashOf(name), Prev: hashOf(prev), Height: h}
	}
	five := b("5", "4", 5)
	five.Folded, five.Under = 4, hashOf("g")
	var s State
	s.apply(&Event{Blocks: []Block{b("g", "", 0), five, b("6a", "5", 6), b("7a", "6a", 7), b("6b", "5", 6)}})
	r := s.reorg(hashOf("6b"), hashOf("7a"))
	if r == nil || r.Fork.Hash != hashOf("5") || r.Depth != 1 || len(r.Joined) != 2 {
		t.Errorf("the move is %+v", r)
	}
	for _, grows := range [][2]string{{"g", "7a"}, {"6a", "7a"}, {"5", "5"}, {"5", "unknown"}} {
		if r := s.reorg(hashOf(grows[0]), hashOf(grows[1])); r != nil {
			t.Errorf("%v is a reorganisation: %+v", grows, r)
		}
	}
	if !reflect.DeepEqual(s.clone(), s) {
		t.Error("a copy differs")
	}
}
