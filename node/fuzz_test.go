package node

import (
	"testing"
	"time"

	"toychain/block"
	"toychain/p2p"
)

// Random inputs in random order, good ones and bad, from peers that exist and that
// do not: the engine never panics, never asks a stranger, never has more in flight
// than it may, and its pool and tree stay sound.
func FuzzEngine(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
	f.Add([]byte("joined told headers block block tick left"))
	f.Fuzz(func(t *testing.T, dice []byte) {
		if len(dice) > 400 {
			return
		}
		w := newWorld(t, 1)
		n := w.nodes[0]
		other := newWorld(t, 1)
		stock := fuzzStock(t, other)
		peers := []p2p.PeerID{"a", "b", "c", ""}
		for len(dice) >= 3 {
			kind, who, what := dice[0], peers[int(dice[1])%len(peers)], int(dice[2])
			dice = dice[3:]
			w.now = w.now.Add(time.Duration(kind) * 50 * time.Millisecond)
			effects, err := n.engine.Step(w.now, fuzzInput(other, stock, kind, who, what))
			if err != nil {
				t.Fatal(err)
			}
			checkEffects(t, n.engine, effects)
		}
		if err := n.engine.Pool().Check(n.engine.Tree()); err != nil {
			t.Fatal(err)
		}
		if findings, err := n.db.Verify(0, nil); err != nil || len(findings) > 0 {
			t.Fatalf("what is stored does not pass: %v %v", findings, err)
		}
	})
}

// stock is what fuzzed inputs are made of.
type stock struct {
	blocks  []*block.Block
	headers []block.Header
	tips    []p2p.Status
}

// fuzzStock mines a chain with a fork, some payments, and blocks that break a rule.
func fuzzStock(t *testing.T, w *world) *stock {
	n := w.nodes[0]
	s := &stock{tips: []p2p.Status{n.engine.Status()}}
	for _, h := range w.mine(n, 6) {
		b, err := n.engine.Tree().Block(h)
		if err != nil {
			t.Fatal(err)
		}
		s.blocks = append(s.blocks, b)
		bad := &block.Block{Header: b.Header, Txs: append([]*block.Tx{b.Txs[0].Clone()}, b.Txs[1:]...)}
		bad.Txs[0].Outputs[0].Value++
		s.blocks = append(s.blocks, bad) // not what its header commits to
		worse := &block.Block{Header: b.Header, Txs: bad.Txs}
		worse.Header.MerkleRoot, _ = block.MerkleRoot(worse.TxIDs())
		solve(t, &worse.Header)
		s.blocks = append(s.blocks, worse) // too much reward
		s.tips = append(s.tips, n.engine.Status())
	}
	for _, b := range s.blocks {
		s.headers = append(s.headers, b.Header)
	}
	return s
}

func fuzzInput(w *world, s *stock, kind byte, who p2p.PeerID, what int) Input {
	b := s.blocks[what%len(s.blocks)]
	from := what % len(s.headers)
	switch kind % 12 {
	case 0:
		return PeerJoined{who, what%2 == 0}
	case 1:
		return PeerLeft{who}
	case 2:
		status := s.tips[what%len(s.tips)]
		if what > 200 {
			status.Work[what%32] = 0xff // a liar
		}
		return PeerTold{who, status}
	case 3, 4, 5:
		return GotBlock{Peer: who, Block: b, Asked: what%2 == 0}
	case 6:
		return GotHeaders{who, s.headers[from:]}
	case 7:
		return GotHeaders{who, []block.Header{s.headers[from], {}}}
	case 8:
		return GotTx{who, b.Txs[0]}
	case 9:
		return GotPool{who, []block.Hash{b.Hash(), {}, b.Txs[0].ID()}}
	case 10:
		return Overrule{b.Hash(), Overruling(what % 3)}
	}
	if what%2 == 0 {
		return Tick{}
	}
	return AskEnded{Peer: who, Ask: AskBlocks{who, []block.Hash{b.Hash()}}}
}

func checkEffects(t *testing.T, e *Engine, effects []Effect) {
	t.Helper()
	known := func(id p2p.PeerID) {
		if e.peers[id] == nil {
			t.Fatalf("asks %q, who is not connected", id)
		}
	}
	for _, f := range effects {
		switch f := f.(type) {
		case AskHeaders:
			known(f.Peer)
		case AskPool:
			known(f.Peer)
		case AskTxs:
			known(f.Peer)
		case AskBlocks:
			known(f.Peer)
			if len(f.IDs) > blocksInFlight {
				t.Fatalf("asks for %d blocks at once", len(f.IDs))
			}
		}
	}
	inflight := make(map[p2p.PeerID]int)
	for _, from := range e.asked {
		known(from)
		inflight[from]++
	}
	for id, p := range e.peers {
		if p.inflight < inflight[id] || p.inflight > blocksInFlight {
			t.Fatalf("%q: %d in flight by count, %d by name", id, p.inflight, inflight[id])
		}
	}
	if len(e.orphans) > maxOrphanBlocks {
		t.Fatalf("%d orphans", len(e.orphans))
	}
}
