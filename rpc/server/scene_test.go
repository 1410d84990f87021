package server

import (
	"encoding/hex"
	"encoding/json"
	"testing"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// scene is a world in which something has happened:
//
//	genesis ── 1 … 5 ── 6          5 coinbases of chaingen.Miner, the first two spent in 6
//	                    6: miner ──► alice, miner ──► bob
//	             mempool: alice ──► bob ──► miner
type scene struct {
	*world
	blocks  []block.Hash // by height, genesis first
	toAlice *block.Tx    // in block 6
	toBob   *block.Tx    // in block 6
	parent  *block.Tx    // in the mempool, spends toAlice's output 0
	child   *block.Tx    // in the mempool, spends parent's output 0
}

// fee is the fee of every transaction of the scene.
const fee = block.Amount(10_000)

func play(t *testing.T) *scene {
	t.Helper()
	w := startIn(t, t.TempDir(), Config{REST: true})
	s := &scene{world: w, blocks: []block.Hash{w.params.Genesis.Hash()}}
	s.blocks = append(s.blocks, w.mine(5, chaingen.Miner)...)
	s.toAlice = pay(chaingen.Miner, w.coin(s.blocks[1], 0), alice)
	s.toBob = pay(chaingen.Miner, w.coin(s.blocks[2], 0), bob)
	w.send(s.toAlice)
	w.send(s.toBob)
	s.blocks = append(s.blocks, w.mine(1, chaingen.Miner)...)
	s.parent = pay(alice, chaingen.Output(s.toAlice, 0), bob)
	s.child = pay(bob, chaingen.Output(s.parent, 0), chaingen.Miner)
	w.send(s.parent)
	w.send(s.child)
	return s
}

func (w *world) send(tx *block.Tx) {
	w.t.Helper()
	if id, err := w.SendRaw(w.ctx, tx); err != nil || id != tx.ID() {
		w.t.Fatalf("sending a transaction: %s, %v", id, err)
	}
}

func (s *scene) tip() block.Hash { return s.blocks[len(s.blocks)-1] }

func txHex(tx *block.Tx) string { return hex.EncodeToString(tx.Bytes()) }

func blockHex(b *block.Block) string { return hex.EncodeToString(b.Bytes()) }

// is compares a value in a result.
func is[T comparable](s *scene, what string, got, want T) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// keys demands that an object has these members, and none that Core or we do not know.
func (s *scene) keys(method string, raw json.RawMessage, want ...string) {
	s.t.Helper()
	names, _ := members(raw)
	if len(names) < len(want) {
		s.t.Fatalf("%s: has %v, want %v", method, names, want)
	}
	for i := range want {
		if names[i] != want[i] {
			s.t.Fatalf("%s: member %d is %q, Core's is %q (%v)", method, i, names[i], want[i], names)
		}
	}
}

// branch returns the tree of the scene's blocks, ending at a height, for building
// other branches on it.
func (s *scene) branch(height block.Height) *chaingen.Block {
	s.t.Helper()
	b := chaingen.Genesis(s.params)
	for h := block.Height(1); h <= height; h++ {
		raw, err := s.RawBlock(s.ctx, s.blocks[h])
		if err != nil {
			s.t.Fatal(err)
		}
		if b = b.Follow("own", raw); b.Err != nil {
			s.t.Fatal(b.Err)
		}
	}
	return b
}

// submit hands in a block and returns BIP22's answer.
func (s *scene) submit(b *block.Block) string {
	s.t.Helper()
	reason, err := s.SubmitBlock(s.ctx, b)
	if err != nil {
		s.t.Fatal(err)
	}
	return reason
}

// spend returns a coin of the scene as a chaingen coin.
func spend(tx *block.Tx) []consensus.UTXO { return []consensus.UTXO{chaingen.Output(tx, 0)} }

// stranger is a peer that is nowhere.
const stranger = "12D3KooWBhMbLvQUVQPEsfn4xEGWkvGZZ1qSBWBfBzR5VjF8pqgq"
