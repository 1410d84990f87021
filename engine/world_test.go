package engine

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/syndtr/goleveldb/leveldb/storage"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/mempool"
	"toychain/peer"
	"toychain/pow"
	"toychain/store"
	"toychain/wallet"
)

// world is several engines and nothing else: messages are delivered one by one
// from a queue, time passes when the test says so.
type world struct {
	t       *testing.T
	now     time.Time
	nodes   []*testNode
	queue   []message
	cut     map[[2]peer.ID]bool
	log     strings.Builder // every input and effect, in order
	blocked func(message) bool
	params  *consensus.Params
	forged  bool                 // the input at hand was made up by the test
	liar    func(Effect) []Input // what somebody who is no node answers; nil: nothing
}

type testNode struct {
	id     peer.ID
	engine *Engine
	db     *store.DB
	key    *btcec.PrivateKey
	events []Event
	blamed []Penalize
	answer error // its last Answer, whoever it was for
	fast   time.Duration
	passed int // blocks that it passed on before their Result
}

type message struct {
	to *testNode
	in Input
}

func newWorld(t *testing.T, n int) *world {
	t.Helper()
	return newWorldOf(t, consensus.Regtest(), n)
}

func newWorldOf(t *testing.T, params *consensus.Params, n int) *world {
	t.Helper()
	w := &world{t: t, now: time.Unix(1_800_000_000, 0), cut: make(map[[2]peer.ID]bool), params: params}
	for i := range n {
		w.add(fmt.Sprintf("n%d", i+1))
	}
	for i, a := range w.nodes {
		for _, b := range w.nodes[:i] {
			w.connect(a, b)
		}
	}
	w.settle()
	return w
}

// add makes a node that knows nobody.
func (w *world) add(name string) *testNode {
	w.t.Helper()
	params := w.params
	db, err := store.OpenStorage(storage.NewMemStorage(), params)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { db.Close() })
	entries, tip, err := db.Load()
	if err != nil {
		w.t.Fatal(err)
	}
	tree, err := chain.NewTree(params, chain.NewVerifier(consensus.P2PKH{}), db, entries, tip)
	if err != nil {
		w.t.Fatal(err)
	}
	seed := sha256.Sum256([]byte(name))
	key, _ := btcec.PrivKeyFromBytes(seed[:])
	n := &testNode{id: peer.ID(name), db: db, key: key,
		engine: New(tree, mempool.New(mempool.DefaultPolicy()), "/"+name+"/")}
	w.nodes = append(w.nodes, n)
	return n
}

func (w *world) node(id peer.ID) *testNode {
	for _, n := range w.nodes {
		if n.id == id {
			return n
		}
	}
	return nil
}

func pair(a, b peer.ID) [2]peer.ID { return [2]peer.ID{min(a, b), max(a, b)} }

func (w *world) connect(a, b *testNode) {
	delete(w.cut, pair(a.id, b.id))
	w.send(a, PeerJoined{b.id, false})
	w.send(a, PeerStatus{b.id, b.engine.Status()})
	w.send(b, PeerJoined{a.id, true})
	w.send(b, PeerStatus{a.id, a.engine.Status()})
}

// partition cuts every connection between nodes of different groups.
func (w *world) partition(groups ...[]*testNode) {
	for i, g := range groups {
		for _, other := range groups[i+1:] {
			for _, a := range g {
				for _, b := range other {
					w.cut[pair(a.id, b.id)] = true
					w.send(a, PeerLeft{b.id})
					w.send(b, PeerLeft{a.id})
				}
			}
		}
	}
	w.settle()
}

func (w *world) heal() {
	for i, a := range w.nodes {
		for _, b := range w.nodes[:i] {
			if w.cut[pair(a.id, b.id)] {
				w.connect(a, b)
			}
		}
	}
	w.settle()
}

func (w *world) send(to *testNode, in Input) { w.queue = append(w.queue, message{to, in}) }

// settle delivers until nothing is on its way.
func (w *world) settle() {
	w.t.Helper()
	for steps := 0; len(w.queue) > 0; steps++ {
		if steps > 200_000 {
			w.t.Fatal("the engines never come to rest")
		}
		m := w.queue[0]
		w.queue = w.queue[1:]
		w.step(m.to, m.in)
	}
}

// step gives one input to one engine and does what it wants done.
func (w *world) step(n *testNode, in Input) {
	w.t.Helper()
	w.now = w.now.Add(time.Millisecond)
	passed := false
	if got, is := in.(BlockReceived); is {
		if got, passed = n.engine.Check(w.now.Add(n.fast), got); passed {
			n.passed++
			w.gossip(n, func(to *testNode) Input { return BlockReceived{Peer: n.id, Block: got.Block} })
		}
		in = got
	}
	effects, err := n.engine.Step(w.now.Add(n.fast), in)
	if err != nil {
		w.t.Fatalf("%s: %T: %v", n.id, in, err)
	}
	if blocks, _ := n.engine.tree.Unflushed(); blocks > 0 && !n.engine.Syncing() {
		w.t.Fatalf("%s: %T: it is not catching up, and %d blocks were not handed to the disk", n.id, in, blocks)
	}
	fmt.Fprintf(&w.log, "%s %s %s\n", w.now.UTC().Format("05.000"), n.id, describe(in))
	for _, f := range effects {
		fmt.Fprintf(&w.log, "    %s\n", describe(f))
		w.perform(n, in, f, passed)
	}
}

func (w *world) perform(n *testNode, in Input, f Effect, passed bool) {
	switch f := f.(type) {
	case Result:
		n.answer = f.Err
		if got, ok := in.(BlockReceived); ok && f.Err == nil && !got.Requested && got.Peer != "" && !passed {
			w.gossip(n, func(to *testNode) Input { return BlockReceived{Peer: n.id, Block: got.Block} })
		}
		if got, ok := in.(TxReceived); ok && f.Err == nil && got.Peer != "" {
			w.gossip(n, func(to *testNode) Input { return TxReceived{Peer: n.id, Tx: got.Tx} })
		}
	case PublishBlock:
		w.gossip(n, func(to *testNode) Input { return BlockReceived{Peer: n.id, Block: f.Block} })
	case PublishTx:
		w.gossip(n, func(to *testNode) Input { return TxReceived{Peer: n.id, Tx: f.Tx} })
	case Announce:
		w.gossip(n, func(to *testNode) Input { return PeerStatus{n.id, f.Status} })
	case RequestHeaders:
		w.reply(n, f.Peer, f, func(from *testNode) []Input {
			return []Input{HeadersReceived{f.Peer, from.engine.Tree().HeadersAfter(f.Locator, block.Hash{}, peer.MaxHeaders)}}
		})
	case RequestBlocks:
		w.reply(n, f.Peer, f, func(from *testNode) (out []Input) {
			for _, id := range f.IDs {
				if b, err := from.engine.Tree().Block(id); err == nil {
					out = append(out, BlockReceived{Peer: f.Peer, Block: b, Requested: true})
				}
			}
			return out
		})
	case RequestMempool:
		w.reply(n, f.Peer, f, func(from *testNode) []Input { return []Input{MempoolReceived{f.Peer, from.engine.Pool().IDs()}} })
	case RequestTxs:
		w.reply(n, f.Peer, f, func(from *testNode) (out []Input) {
			for _, id := range f.IDs {
				if entry, ok := from.engine.Pool().Get(id); ok {
					out = append(out, TxReceived{Peer: f.Peer, Tx: entry.Tx})
				}
			}
			return out
		})
	case Penalize:
		if w.node(f.Peer) != nil && !w.forged {
			w.t.Errorf("%s penalizes %s, which is honest: %v", n.id, f.Peer, f.Reason)
		}
		n.blamed = append(n.blamed, f)
	case Emit:
		n.events = append(n.events, f.Event)
	}
}

func (w *world) reaches(a, b peer.ID) bool { return a != b && !w.cut[pair(a, b)] }

func (w *world) gossip(from *testNode, in func(to *testNode) Input) {
	for _, to := range w.nodes {
		if _, connected := to.engine.peers[from.id]; connected && w.reaches(from.id, to.id) {
			w.offer(to, in(to))
		}
	}
}

func (w *world) reply(n *testNode, peer peer.ID, ask Effect, answer func(from *testNode) []Input) {
	from := w.node(peer)
	if from == nil && w.liar != nil {
		for _, in := range w.liar(ask) {
			w.offer(n, in)
		}
		return
	}
	if from != nil && w.reaches(n.id, peer) {
		for _, in := range answer(from) {
			w.offer(n, in)
		}
	}
	w.offer(n, RequestDone{Peer: peer, Request: ask})
}

// offer delivers unless the test loses the message on purpose.
func (w *world) offer(to *testNode, in Input) {
	if w.blocked == nil || !w.blocked(message{to, in}) {
		w.send(to, in)
	}
}

// script is what pays to a node.
func (n *testNode) script() []byte {
	return wallet.KeyAddress(n.key.PubKey().SerializeCompressed()).Script()
}

// mine makes blocks on n's tip and hands them to n.
func (w *world) mine(n *testNode, count int) (hashes []block.Hash) {
	w.t.Helper()
	for range count {
		w.now = w.now.Add(10 * time.Second)
		height := n.engine.Tree().Tip().Height
		tmpl, err := n.engine.Template(n.script(), uint64(height), string(n.id), w.now.Add(n.fast))
		if err != nil {
			w.t.Fatal(err)
		}
		solve(w.t, &tmpl.Block.Header)
		if err := w.give(n, BlockReceived{Block: tmpl.Block}); err != nil {
			w.t.Fatalf("%s refuses its own block: %v", n.id, err)
		}
		hashes = append(hashes, tmpl.Block.Hash())
	}
	return hashes
}

func solve(t *testing.T, h *block.Header) {
	t.Helper()
	target, err := pow.TargetFromBits(h.Bits)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := pow.Search(h, target, 0, 1<<32); !ok {
		t.Fatal("no nonce")
	}
}

// payment spends one coin of from's whole to another node, less a fee.
func (w *world) payment(from, to *testNode, coin consensus.UTXO, fee block.Amount) *block.Tx {
	w.t.Helper()
	tx := &block.Tx{Version: 2,
		Inputs:  []block.Input{{Prev: coin.Outpoint, Sequence: block.SequenceFinal}},
		Outputs: []block.Output{{Value: coin.Value - fee, Script: to.script()}}}
	own := wallet.KeyAddress(from.key.PubKey().SerializeCompressed())
	err := wallet.Sign(tx, []block.Output{coin.Output}, func(h [20]byte) (*btcec.PrivateKey, bool) { return from.key, h == own.Hash })
	if err != nil {
		w.t.Fatal(err)
	}
	return tx
}

// coins returns n's own coins as its store has them, the oldest first.
func (w *world) coins(n *testNode) []consensus.UTXO {
	w.t.Helper()
	coins, err := n.db.Unspent(n.script())
	if err != nil {
		w.t.Fatal(err)
	}
	slices.SortFunc(coins, func(a, b consensus.UTXO) int { return int(a.Height) - int(b.Height) })
	return coins
}

// give hands an input to a node, returns its answer, and lets everything that
// follows come to rest.
func (w *world) give(n *testNode, in Input) error {
	w.t.Helper()
	w.forged = true
	w.step(n, in)
	w.forged = false
	answer := n.answer
	w.settle()
	return answer
}

func describe(v any) string {
	switch v := v.(type) {
	case BlockReceived:
		return fmt.Sprintf("GotBlock from %q %s asked %t", v.Peer, v.Block.Hash(), v.Requested)
	case TxReceived:
		return fmt.Sprintf("GotTx from %q %s", v.Peer, v.Tx.ID())
	case PublishBlock:
		return fmt.Sprintf("PublishBlock %s", v.Block.Hash())
	case PublishTx:
		return fmt.Sprintf("PublishTx %s", v.Tx.ID())
	case Emit:
		return fmt.Sprintf("Happened %s %+v %+v %+v %s %s", v.Kind, v.Block, v.Tip, v.Reorg, v.Tx, v.Reason)
	}
	return fmt.Sprintf("%T %+v", v, v)
}
