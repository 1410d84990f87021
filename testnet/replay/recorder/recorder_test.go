package recorder

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
	"time"

	"toychain/block"
	"toychain/sim"
	"toychain/sim/swarm"
	"toychain/testnet/draw"
	"toychain/testnet/replay"
)

// moment is what a world was like after so many events.
type moment struct {
	events int
	tips   map[string]block.Hash
	up     map[string]bool
}

// TestRecorder: at every moment the replay shows what the world was: tips, and who is down.
func TestRecorder(t *testing.T) {
	r := &Recorder{All: true}
	w, err := sim.New(sim.Config{Nodes: 4, Seed: 7, Interval: 5 * time.Second, Delay: sim.Uniform(20*time.Millisecond, 80*time.Millisecond), Topology: sim.Mesh, Faults: true, Trace: r.Record})
	if err != nil {
		t.Fatal(err)
	}
	nodes := w.Nodes()
	var moments []moment
	look := func() {
		m := moment{len(r.events), map[string]block.Hash{}, map[string]bool{}}
		for _, n := range nodes {
			if m.up[n.Name()] = n.Engine() != nil && !n.Paused(); n.Engine() != nil {
				m.tips[n.Name()] = n.Engine().Tree().Tip().Hash
			}
		}
		moments = append(moments, m)
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for range 8 {
			if err := w.RunFor(t.Context(), time.Second); err != nil {
				t.Fatal(err)
			}
			look()
		}
	}
	mine := func(n *sim.Node) error { _, err := w.Mine(n); return err }
	do(mine(nodes[0]))
	do(w.Cut(nodes[:2], nodes[2:]))
	do(mine(nodes[0]))
	do(mine(nodes[2]))
	do(mine(nodes[2]))
	do(w.CutPower(nodes[1], 2))
	w.Pause(nodes[3])
	do(w.SetClock(nodes[2], time.Minute))
	do(w.Heal())
	do(w.Resume(nodes[3]))
	do(mine(nodes[2]))
	do(w.Restart(nodes[1]))

	run, err := r.Run()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for i := range run.Events {
		kinds[run.Events[i].Event]++
		if i > 0 && run.Events[i].TimeMS < run.Events[i-1].TimeMS {
			t.Errorf("event %d is earlier than the one before", i+1)
		}
	}
	for _, want := range []string{"up", "partition", "heal", "kill", "restart", "pause", "resume", "clock", replay.Block, replay.Tip, replay.Reorg, "gets", "sees", "loses"} {
		if kinds[want] == 0 {
			t.Errorf("no event %q: %v", want, kinds)
		}
	}
	stage := read(t, run).Begin()
	for i, m := range moments {
		stage.To(m.events)
		gone := map[string]bool{}
		tree := stage.Tree()
		for _, at := range tree.LastTips {
			gone[at.Node] = true
		}
		for _, n := range nodes {
			tip, known := m.tips[n.Name()]
			if tip == nodes[2].Engine().Tree().Params().Genesis.Hash() && stage.Tip(n.Name()).IsZero() {
				continue
			}
			if known && stage.Tip(n.Name()) != tip || gone[n.Name()] == m.up[n.Name()] {
				t.Errorf("moment %d: %s is on %s, gone: %t; want %s, up: %t", i, n.Name(), stage.Tip(n.Name()).Short(), gone[n.Name()], tip.Short(), m.up[n.Name()])
			}
		}
	}
}

// read writes a run and reads it again.
func read(t *testing.T, run *replay.Run) *replay.Run {
	t.Helper()
	var text bytes.Buffer
	for i := range run.Events {
		if err := json.NewEncoder(&text).Encode(&run.Events[i]); err != nil {
			t.Fatal(err)
		}
	}
	again, err := replay.ReadTrace(&text)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// TestSwarms: whatever a search plays can be recorded, read and drawn.
func TestSwarms(t *testing.T) {
	for seed := uint64(1); seed <= 8; seed++ {
		r := &Recorder{All: seed%2 == 0}
		if _, err := swarm.Play(t.Context(), swarm.Draw(seed), r.Record); err != nil {
			t.Fatal(err)
		}
		run, err := r.Run()
		if err != nil {
			t.Fatal(err)
		}
		stage := read(t, run).Begin()
		for at := 0; at < len(run.Events); at += 50 {
			if stage.To(at); stage.Draw(t.Context(), io.Discard, draw.Style{}) != nil {
				t.Errorf("seed %d: no picture after %d events", seed, at)
			}
		}
	}
}
