package engine

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"reflect"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/mempool"
	"toychain/peer"
)

// Random inputs of every kind in random order, good ones and bad, from peers that exist
// and that do not. The engine never panics, and after each step holds what sound says.
func FuzzEngine(f *testing.F) {
	s := newStock()
	for _, seed := range s.stories() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, dice []byte) {
		disk := chaingen.NewDisk()
		e := New(disk.MustOpen(s.params), mempool.New(mempool.DefaultPolicy()), "/fuzz/")
		now := time.Unix(1_800_000_000, 0)
		for dice = dice[:min(len(dice), 600)]; len(dice) >= 3; dice = dice[3:] {
			now = now.Add(time.Duration(dice[0]) * 50 * time.Millisecond)
			in := s.input(dice[0], strangers[int(dice[1])%len(strangers)], int(dice[2]))
			effects, err := e.Step(now, in)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(answered(in, effects), asks(e, effects), s.sound(e)); err != nil {
				t.Fatalf("after %s: %v", describe(in), err)
			}
		}
		if err := e.Tree().Flush(); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(disk.Set, s.coinSet(e.Tree().Tip().Hash)) {
			t.Fatalf("the coins on disk are not those of the chain to %s", e.Tree().Tip().Hash)
		}
	})
}

var strangers = []peer.ID{"a", "b", "c", ""}

// stock is what fuzzed inputs are made of.
type stock struct {
	params *consensus.Params
	blocks []*block.Block // good ones, bad ones, and bad ones on top of good ones
	txs    []*block.Tx
	drawn  map[block.Hash]*chaingen.Block // those that have a good header
	coins  []block.Outpoint               // all that any of them makes
}

// newStock draws
//
//	            ┌── 4b ── 5b ── 6b ── 7b     with another payment of the same coin
//	g ── … 3 ───┤
//	            └── 4a ── 5a ── 6a           with payments; 5x on 4a breaks a rule
//
// and payments that are good, bad, in conflict, and of unknown coins.
func newStock() *stock {
	s := &stock{params: chaingen.Network(), drawn: make(map[block.Hash]*chaingen.Block)}
	g := chaingen.Genesis(s.params)
	s.draw(g)
	one := s.draw(g.Mine("1"))
	three := s.draw(s.draw(one.Mine("2")).Mine("3"))
	bob, carol := chaingen.NewKey("bob"), chaingen.NewKey("carol")
	toBob := chaingen.Miner.Pay([]consensus.UTXO{one.Reward()}, bob.To(one.Reward().Value-1000))
	toCarol := chaingen.Miner.Pay([]consensus.UTXO{one.Reward()}, carol.To(one.Reward().Value-2000))
	onwards := bob.Pay([]consensus.UTXO{chaingen.Output(toBob, 0)}, carol.To(toBob.Outputs[0].Value-1000))
	forged := toBob.Clone()
	forged.Outputs[0].Value-- // not what was signed
	minted := toBob.Clone()
	minted.Outputs[0].Value = -1
	s.txs = []*block.Tx{toBob, toCarol, onwards, forged, minted, one.Txs[0]}

	fourA := s.draw(three.Mine("4a", toBob))
	s.draw(s.draw(fourA.Mine("5a", onwards)).Mine("6a"))
	fourB := s.draw(three.Mine("4b", toCarol))
	s.draw(s.draw(s.draw(fourB.Mine("5b")).Mine("6b")).Mine("7b"))
	greedy := fourA.Template("5x")
	greedy.Txs[0].Outputs[0].Value++
	s.draw(fourA.Follow("5x", chaingen.Seal(greedy)))
	s.draw(fourA.Follow("5y", chaingen.Seal(fourA.Template("5y", toCarol)))) // spends it again
	for _, b := range []*chaingen.Block{three, fourB} {
		wrong := &block.Block{Header: b.Header, Txs: append([]*block.Tx{b.Txs[0].Clone()}, b.Txs[1:]...)}
		wrong.Txs[0].Outputs[0].Value++ // not what its header commits to
		s.blocks = append(s.blocks, wrong)
	}
	late := three.Template("late")
	late.Header.Time = 1_900_000_000
	lone := three.Template("lone")
	lone.Header.Prev = block.Hash{1}
	s.blocks = append(s.blocks, chaingen.Seal(late), chaingen.Seal(lone))
	return s
}

// draw puts a block into the stock.
func (s *stock) draw(b *chaingen.Block) *chaingen.Block {
	s.drawn[b.Hash] = b
	s.blocks = append(s.blocks, b.Block)
	for _, tx := range b.Txs {
		for i := range tx.Outputs {
			s.coins = append(s.coins, block.Outpoint{TxID: tx.ID(), Index: uint32(i)})
		}
	}
	return b
}

// stories are inputs that get somewhere: all blocks and payments in order; the same
// backwards, so that nearly all are orphans; headers first and bodies afterwards, from
// three peers; and everything that there is.
func (s *stock) stories() [][]byte {
	join := []byte{0, 0, 0, 0, 1, 0, 0, 2, 0}
	ordered, backwards, synced := bytes.Clone(join), bytes.Clone(join), bytes.Clone(join)
	n := byte(len(s.blocks))
	for i := range n {
		ordered = append(ordered, 4, i, i, 8, i, i)
		backwards = append(backwards, 4, i, n-1-i, 8, i, n-1-i)
		synced = append(synced, 2, i, i, 6, i, i)
	}
	for i := range n {
		synced = append(synced, 4, 0, i, 5, 1, i+n, 12, i, 3)
	}
	var all []byte
	for kind := range byte(inputKinds) {
		for what := range byte(14) {
			all = append(all, kind, what%4, what)
		}
	}
	return [][]byte{ordered, backwards, synced, all, []byte("joined told headers block block tick left")}
}

const inputKinds = 15

// input makes an input of a kind.
func (s *stock) input(kind byte, who peer.ID, what int) Input {
	b, tx := s.blocks[what%len(s.blocks)], s.txs[what%len(s.txs)]
	status := peer.Status{Tip: b.Hash(), Height: block.Height(what)}
	if d := s.drawn[status.Tip]; d != nil {
		status.Height, status.Work = d.Height(), d.State.Work.Bytes()
	}
	if what > 200 {
		status.Work[what%32] = 0xff // a liar
	}
	ids := []block.Hash{b.Hash(), {}, tx.ID()}
	switch kind % inputKinds {
	case 0:
		return PeerJoined{who, what%2 == 0}
	case 1:
		return PeerLeft{who}
	case 2, 3:
		return PeerStatus{who, status}
	case 4, 5:
		return BlockReceived{Peer: who, Block: b, Requested: what%2 == 0}
	case 6:
		var chain []block.Header
		for d := s.drawn[b.Hash()]; d != nil && d.Parent != nil; d = d.Parent {
			chain = append([]block.Header{d.Header}, chain...)
		}
		return HeadersReceived{who, chain[min(what/16, len(chain)):]}
	case 7:
		return HeadersReceived{who, []block.Header{b.Header, {}}}
	case 8:
		return TxReceived{Peer: who, Tx: tx, Since: time.Unix(1_800_000_000+int64(what-100)*10, 0).Add(time.Duration(what%2) * -time.Hour)}
	case 9:
		return MempoolReceived{who, ids}
	case 10:
		return Override{b.Hash(), Action(what % 3)}
	case 11:
		switch what % 4 {
		case 0:
			return ClockSet{}
		case 1:
			return Prioritise{tx.ID(), block.Amount(what-128) * 1000}
		}
		return Tick{}
	case 14:
		blocks := make([]*block.Block, what%4)
		for i := range blocks {
			blocks[i] = s.blocks[(what/4+i)%len(s.blocks)]
		}
		return BlocksSubmitted{blocks}
	case 12:
		asks := []Effect{RequestHeaders{Peer: who}, RequestMempool{who}, RequestTxs{who, ids}, RequestBlocks{who, ids}}
		return RequestDone{Peer: who, Request: asks[what%len(asks)]}
	}
	return RequestDone{Peer: who, Request: RequestBlocks{who, ids}, Err: &peer.MissingError{Peer: who, IDs: ids[:1]}}
}

// answered says whether an input has as many Answers as it is to have.
func answered(in Input, effects []Effect) error {
	want, got := 0, 0
	switch in := in.(type) {
	case BlockReceived, TxReceived, HeadersReceived, Override:
		want = 1
	case BlocksSubmitted:
		want = len(in.Blocks)
	}
	for _, f := range effects {
		if _, ok := f.(Result); ok {
			got++
		}
	}
	if got != want {
		return fmt.Errorf("%d answers, want %d", got, want)
	}
	return nil
}

// Every kind of input that io.go names is among those that the fuzzer makes.
func TestFuzzEngineMakesEveryInput(t *testing.T) {
	s, made := newStock(), make(map[string]bool)
	for kind := range byte(inputKinds) {
		for what := range 256 {
			made[strings.TrimPrefix(fmt.Sprintf("%T", s.input(kind, "a", what)), "engine.")] = true
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "io.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	inputs := 0
	for _, d := range file.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "input" {
			inputs++
			if name := types.ExprString(fn.Recv.List[0].Type); !made[name] {
				t.Errorf("the fuzzer never makes %s", name)
			}
		}
	}
	if inputs != len(made) || inputs < 12 {
		t.Errorf("%d inputs in io.go, %d are made", inputs, len(made))
	}
}

// asks says which effect asks somebody who is not there, or for too much.
func asks(e *Engine, effects []Effect) error {
	for _, f := range effects {
		var who peer.ID
		switch f := f.(type) {
		case RequestHeaders:
			if who = f.Peer; len(f.Locator) > peer.MaxLocator {
				return fmt.Errorf("a locator of %d hashes", len(f.Locator))
			}
		case RequestMempool:
			who = f.Peer
		case RequestTxs:
			if who = f.Peer; len(f.IDs) > txsPerRequest {
				return fmt.Errorf("asks for %d transactions at once", len(f.IDs))
			}
		case RequestBlocks:
			if who = f.Peer; len(f.IDs) > peer.MaxBlocksAsked {
				return fmt.Errorf("asks for %d blocks at once", len(f.IDs))
			}
		default:
			continue
		}
		if e.peers[who] == nil {
			return fmt.Errorf("asks %q, who is not connected", who)
		}
	}
	return nil
}

// sound says what does not hold of an engine that has been given nothing but stock:
// bounded memory, the tip with the most work of those blocks that are complete, and
// the coins that a naive fold over its chain leaves.
func (s *stock) sound(e *Engine) error {
	inflight := make(map[peer.ID]int)
	for id, from := range e.inFlight {
		if inflight[from]++; e.peers[from] == nil {
			return fmt.Errorf("block %s is asked of %q, who is not connected", id, from)
		}
	}
	for id, p := range e.peers {
		if p.txRequests < 0 || p.txRequests > maxTxRequests+peer.MaxPoolIDs/txsPerRequest {
			return fmt.Errorf("%q: %d requests for transactions", id, p.txRequests)
		}
		if p.inFlight < inflight[id] || p.inFlight > peer.MaxBlocksAsked {
			return fmt.Errorf("%q: %d in flight by count, %d by name", id, p.inFlight, inflight[id])
		}
	}
	size := 0
	for _, o := range e.orphans {
		size += len(o.raw)
	}
	if len(e.orphans) > maxOrphanBlocks || size != e.orphanBytes || size > maxOrphanBytes {
		return fmt.Errorf("%d orphans of %d bytes, by count %d", len(e.orphans), size, e.orphanBytes)
	}
	if len(e.order) != len(e.peers) || e.pool.Orphans() > mempool.DefaultMaxOrphans {
		return fmt.Errorf("%d peers, %d in order, %d orphan payments", len(e.peers), len(e.order), e.pool.Orphans())
	}
	tip := e.tree.Tip()
	for _, entry := range e.tree.Entries() {
		info, _ := e.tree.Info(entry.Header.Hash())
		if entry.Seq != 0 && !entry.Status.Invalid() && info.Work.Cmp(tip.Work) > 0 {
			return fmt.Errorf("block %s has more work than the tip %s", info.State.Hash, tip.Hash)
		}
	}
	coins, err := e.tree.Coins(s.coins)
	if err != nil {
		return err
	}
	if want := s.coinSet(tip.Hash); !reflect.DeepEqual(coins, want) {
		return fmt.Errorf("%d coins at the tip %s, a fold over its chain leaves %d", len(coins), tip.Hash, len(want))
	}
	return e.pool.Check(e.tree)
}

// coinSet is the naive fold over the chain up to a block.
func (s *stock) coinSet(tip block.Hash) consensus.Coins { return s.drawn[tip].CoinSet() }
