package lab

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"toychain/engine"
	"toychain/internal/chaingen"
	"toychain/mempool"
	"toychain/peer"
)

// watcher is a party of a run: a real engine that is given the blocks that the party heard of, in
// the order in which it did.
type watcher struct {
	engine *engine.Engine
	known  map[string]bool
}

// other is the peer from which an engine hears of blocks.
const other = peer.ID("other")

func watch(t *testing.T) *watcher {
	t.Helper()
	e := engine.New(chaingen.NewDisk().MustOpen(chaingen.Network()), mempool.New(mempool.DefaultPolicy()), "/lab/")
	_, err := e.Start(watchTime)
	if err == nil {
		_, err = e.Step(watchTime, engine.PeerJoined{Peer: other})
	}
	if err != nil {
		t.Fatal(err)
	}
	return &watcher{e, map[string]bool{}}
}

// watchTime is on the engines' clocks: no block is from the future.
var watchTime = time.Unix(1<<31-1, 0)

// blocks of a run, as real ones.
type minted struct {
	t       *testing.T
	parents map[string]string
	finders map[string]string
	real    map[string]*chaingen.Block
}

func (m *minted) block(name string) *chaingen.Block {
	if name == genesis {
		return m.real[genesis]
	}
	if m.real[name] == nil {
		m.real[name] = m.block(m.parents[name]).Mine(name)
	}
	return m.real[name]
}

// give adds a block and the ancestors that the party lacks.
func (m *minted) give(w *watcher, name string) {
	if name == genesis || w.known[name] {
		return
	}
	m.give(w, m.parents[name])
	w.known[name] = true
	effects, err := w.engine.Step(watchTime, engine.BlockReceived{Peer: other, Block: m.block(name).Block})
	if err != nil {
		m.t.Fatal(err)
	}
	for _, f := range effects {
		if f, refused := f.(engine.Penalize); refused {
			m.t.Fatalf("%s is refused: %v", name, f.Reason)
		}
	}
}

// replay gives each party what it heard of, and returns the parties and the blocks.
func replay(t *testing.T, events []Event) (map[string]*watcher, *minted) {
	t.Helper()
	m := &minted{t, map[string]string{}, map[string]string{}, map[string]*chaingen.Block{genesis: chaingen.Genesis(chaingen.Network())}}
	parties := map[string]*watcher{}
	of := func(name string) *watcher {
		if parties[name] == nil {
			parties[name] = watch(t)
		}
		return parties[name]
	}
	type arrival struct {
		at          float64
		party, name string
	}
	var all []arrival
	for _, e := range events {
		switch e.Kind {
		case Found:
			m.parents[e.Block], m.finders[e.Block] = e.Parent, e.From
			all = append(all, arrival{e.At, e.From, e.Block})
		case Sent:
			all = append(all, arrival{e.Until, e.To, e.Block})
		}
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	for _, a := range all {
		if m.parents[a.name] != "" { // payments are no blocks
			m.give(of(a.party), a.name)
		}
	}
	return parties, m
}

// TestModelsMeetTheEngine: where a model says that a party ended, its real engine is, after the same
// blocks in the same order.
func TestModelsMeetTheEngine(t *testing.T) {
	second := time.Second
	for name, run := range map[string]func(seed uint64) func(context.Context, Watch) (Result, error){
		"double-spend": func(s uint64) func(context.Context, Watch) (Result, error) {
			return of(DoubleSpendConfig{.4, 2, 1, second, 0, s}.Run)
		},
		"partition": func(s uint64) func(context.Context, Watch) (Result, error) {
			return of(PartitionConfig{Share: .45, Blocks: 9, Races: 2, Seed: s}.Run)
		},
		"eclipse": func(s uint64) func(context.Context, Watch) (Result, error) {
			return of(EclipseConfig{.5, 3, 1, .5, second, 2, s}.Run)
		},
		"feather": func(s uint64) func(context.Context, Watch) (Result, error) {
			return of(FeatherConfig{.4, 4, 1, s}.Run)
		},
		"threshold": func(s uint64) func(context.Context, Watch) (Result, error) {
			return of(ThresholdConfig{1, .4, 12, s}.Run)
		},
		"softfork": func(s uint64) func(context.Context, Watch) (Result, error) {
			return of(SoftforkConfig{.45, 20, second, 2, s}.Run)
		},
	} {
		ends := map[string]int{} // which branch won, by its first letter
		for seed := range uint64(30) {
			events := NewEvents(seed)
			if _, err := run(seed)(t.Context(), Watch{Events: events}); err != nil {
				t.Fatal(err)
			}
			parties, blocks := replay(t, events.List)
			for _, e := range events.List {
				if e.Kind != Tip || parties[e.From] == nil {
					continue
				}
				ends[e.Block[:1]]++
				if tip := parties[e.From].engine.Tree().Tip(); tip.Hash != blocks.block(e.Block).State.Hash {
					t.Errorf("%s, seed %d: %s ended at height %d, want %s", name, seed, e.From, tip.Height, e.Block)
				}
			}
		}
		if len(ends) < 2 {
			t.Errorf("%s: all ended alike, %v: this shows nothing", name, ends)
		}
	}
}

// TestWithholdingMeetsTheEngine: the blocks that each strategy shows leave the same numbers of blocks
// on a real chain as the model counts.
func TestWithholdingMeetsTheEngine(t *testing.T) {
	for _, p := range []policy{sm1, leadStubborn, equalForkStubborn} {
		for seed := range uint64(10) {
			rng, events := source(seed), NewEvents(seed)
			s := withheld{mine: p, log: newLedger(events)}
			for n := 0; n < 150 || s.branches != (branches{}); n++ { // until all agree
				s.step(rng.Float64() < .4, rng.Float64() < .5)
				if n >= 150 && p(s.branches) == adopt {
					s.log.act(adopt, s.branches)
					next, e := s.after(adopt)
					s.branches = next
					s.keep(e)
				}
			}
			parties, blocks := replay(t, events.List)
			got, tip := earned{}, parties["miners"].engine.Tree().Tip().Hash
			names := map[string]string{} // by hash
			for name, b := range blocks.real {
				names[b.State.Hash.String()] = name
			}
			for name := names[tip.String()]; name != genesis; name = blocks.parents[name] {
				if blocks.finders[name] == "attacker" {
					got.theirs++
				} else {
					got.others++
				}
			}
			if got != s.earned {
				t.Errorf("seed %d: %+v on the chain, the model counts %+v", seed, got, s.earned)
			}
		}
	}
}

// TestStaleMeetsTheEngine: each miner's engine ends where the model's miner does.
func TestStaleMeetsTheEngine(t *testing.T) {
	cfg := StaleConfig{LinearShares(4), time.Second, 200 * time.Millisecond, 900 * time.Millisecond, 120, 3}
	events := NewEvents(3)
	r, err := cfg.Run(t.Context(), Watch{Events: events})
	if err != nil {
		t.Fatal(err)
	}
	parties, blocks := replay(t, events.List)
	for name, p := range parties {
		if h := int(p.engine.Tree().Tip().Height); h != r.Height {
			t.Errorf("%s ended at height %d, want %d", name, h, r.Height)
		}
	}
	if len(blocks.real) != 1+cfg.Blocks || r.Height == cfg.Blocks {
		t.Errorf("%d blocks, a chain of %d: this shows nothing", len(blocks.real)-1, r.Height)
	}
}
