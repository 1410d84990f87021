//go:build unix

package testnet_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"toychain/block"
	"toychain/rpc"
	"toychain/testnet"
	"toychain/testnet/replay"
)

// miner is an address of regtest without a known key.
const miner = "mpQSC8uxYY4vx9QQUvySN1kdUHWYjes75w"

// TestReplayIsExact partitions, heals and kills three real nodes, records the events of two of
// them meanwhile, and then replays the time from their journals: every tip and every
// reorganisation, with its time, while they run and after they have ended.
func TestReplayIsExact(t *testing.T) {
	t.Setenv("TESTNET_NODE", "real")
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	tn, err := testnet.Up(ctx, testnet.Config{Dir: t.TempDir(), Nodes: 3, Network: "regtest", Detach: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		end, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := tn.Down(end, true); err != nil {
			t.Error(err)
		}
	})
	heard := listen(t, ctx, tn, "n1", "n3")
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	mine := func(node string, n int) {
		t.Helper()
		c, err := tn.Client(node)
		do(err)
		_, err = c.Generate(ctx, n, miner)
		do(err)
		do(tn.Settle(ctx))
	}
	mine("n1", 2)
	do(tn.Partition(ctx, [][]string{{"n1", "n2"}, {"n3"}}))
	mine("n2", 2)
	mine("n3", 3)
	do(tn.Heal(ctx))
	do(tn.Settle(ctx))
	do(tn.Kill(ctx, "n2"))
	mine("n1", 1)
	do(tn.Restart(ctx, "n2"))
	do(tn.Partition(ctx, [][]string{{"n1", "n2"}, {"n3"}}))
	mine("n3", 1)
	mine("n1", 2)
	do(tn.Heal(ctx))
	do(tn.Settle(ctx))

	run := play(t, ctx, tn)
	for name, events := range heard.until(t, ctx, tn) {
		compareMoves(t, name, events, run.Events)
	}
	checkEnd(t, ctx, tn, run)
	if got, want := actionsOf(run), "up partition heal kill:n2 restart:n2 partition heal"; got != want {
		t.Errorf("done to the testnet: %s, want %s", got, want)
	}

	before := run.Events
	do(tn.Down(ctx, false))
	after := play(t, ctx, tn).Events
	if n := len(after) - 1; n != len(before) || after[n].Event != "down" || !reflect.DeepEqual(tell(after[:n]), tell(before)) {
		t.Errorf("from the directories\n%s\nfrom the nodes\n%s", strings.Join(tell(after), "\n"), strings.Join(tell(before), "\n"))
	}
}

func play(t *testing.T, ctx context.Context, tn *testnet.Testnet) *replay.Run {
	t.Helper()
	journals, err := tn.Journals(ctx)
	if err != nil {
		t.Fatal(err)
	}
	actions, err := tn.Actions()
	if err != nil {
		t.Fatal(err)
	}
	run := replay.New(journals, actions)
	if len(run.Silent) > 0 {
		t.Fatalf("silent: %v", run.Silent)
	}
	return run
}

func tell(events []replay.Event) (out []string) {
	for i := range events {
		b, _ := json.Marshal(&events[i])
		out = append(out, string(b))
	}
	return out
}

func actionsOf(run *replay.Run) string {
	var out []string
	for _, e := range run.Events {
		switch {
		case slices.Contains([]string{replay.Header, replay.Block, replay.Tip, replay.Reorg}, e.Event):
		case e.Node != "":
			out = append(out, e.Event+":"+e.Node)
		default:
			out = append(out, e.Event)
		}
	}
	return strings.Join(out, " ")
}

// checkEnd replays everything: each node must end on its tip, and its whole journal must have
// been replayed.
func checkEnd(t *testing.T, ctx context.Context, tn *testnet.Testnet, run *replay.Run) {
	t.Helper()
	s := run.Begin()
	reorgs := map[string][]rpc.Reorg{}
	for e := s.Next(); e != nil; e = s.Next() {
		if e.Gap {
			t.Errorf("event %d has a gap", e.N)
		}
		if e.Event == replay.Reorg {
			reorgs[e.Node] = append(reorgs[e.Node], *e.Reorg)
		}
	}
	for _, name := range tn.Names() {
		c, err := tn.Client(name)
		if err != nil {
			t.Fatal(err)
		}
		tip, err := c.BestBlockHash(ctx)
		if err != nil || s.Tip(name) != tip {
			t.Errorf("%s: replayed up to %s, its tip is %s (%v)", name, s.Tip(name), tip, err)
		}
		journal, err := c.Reorgs(ctx, 0)
		if err != nil || !reflect.DeepEqual(reorgs[name], journal) && len(journal) > 0 {
			t.Errorf("%s: played %v, its journal has %v (%v)", name, reorgs[name], journal, err)
		}
	}
	if n := len(reorgs["n1"]) + len(reorgs["n2"]) + len(reorgs["n3"]); n < 3 {
		t.Errorf("%d reorganisations: the run was to have three", n)
	}
}

// compareMoves compares a node's events of its tips with the replay. Several blocks that join at
// once are one event.
func compareMoves(t *testing.T, node string, told []rpc.Event, played []replay.Event) {
	t.Helper()
	type move struct {
		hash block.Hash
		ms   int64
	}
	var want, got []move
	var wantReorgs, gotReorgs []string
	for _, e := range told {
		switch e.Event {
		case "tip":
			want = append(want, move{e.Hash, e.TimeMS})
		case "reorg":
			wantReorgs = append(wantReorgs, fmt.Sprint(e.TimeMS, e.Reorg.From, e.Reorg.To, e.Reorg.Fork, e.Reorg.Depth))
		}
	}
	var skipped *replay.Event
	for i := range played {
		e := &played[i]
		if e.Node != node || e.Event != replay.Tip && e.Event != replay.Reorg {
			continue
		}
		if skipped != nil && skipped.TimeMS != e.TimeMS {
			t.Errorf("%s never reported event %d: %s", node, skipped.N, skipped)
		}
		if skipped = e; slices.Contains(want, move{e.Block.Hash, e.TimeMS}) {
			got, skipped = append(got, move{e.Block.Hash, e.TimeMS}), nil
		}
		if e.Event == replay.Reorg {
			gotReorgs = append(gotReorgs, fmt.Sprint(e.TimeMS, e.Reorg.From, e.Reorg.To, e.Reorg.Fork, e.Reorg.Depth))
		}
	}
	if !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("%s: replayed the tips\n%v\nit reported\n%v", node, got, want)
	}
	if !slices.Equal(gotReorgs, wantReorgs) {
		t.Errorf("%s: replayed the reorganisations\n%v\nit reported\n%v", node, gotReorgs, wantReorgs)
	}
}

// ears collect the events of nodes.
type ears struct {
	mu    sync.Mutex
	heard map[string][]rpc.Event
}

// listen follows the events of some nodes from now on.
func listen(t *testing.T, ctx context.Context, tn *testnet.Testnet, names ...string) *ears {
	t.Helper()
	e := &ears{heard: map[string][]rpc.Event{}}
	for _, n := range tn.Nodes() {
		if !slices.Contains(names, n.Name) {
			continue
		}
		cookie, err := os.ReadFile(n.Cookie)
		if err != nil {
			t.Fatal(err)
		}
		user, pass, _ := strings.Cut(strings.TrimSpace(string(cookie)), ":")
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.RPC+"/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(user, pass)
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v, %v", n.Name, resp, err)
		}
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		lines.Scan() // the greeting: no event after it is missed
		go func() {
			defer resp.Body.Close()
			for lines.Scan() {
				if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
					var ev rpc.Event
					if json.Unmarshal([]byte(data), &ev) == nil {
						e.mu.Lock()
						e.heard[n.Name] = append(e.heard[n.Name], ev)
						e.mu.Unlock()
					}
				}
			}
		}()
	}
	return e
}

// until waits until each node has reported the tip that all agree on.
func (e *ears) until(t *testing.T, ctx context.Context, tn *testnet.Testnet) map[string][]rpc.Event {
	t.Helper()
	c, err := tn.Client("n1")
	if err != nil {
		t.Fatal(err)
	}
	tip, err := c.BestBlockHash(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for {
		e.mu.Lock()
		all := map[string][]rpc.Event{}
		for _, n := range []string{"n1", "n3"} {
			if slices.ContainsFunc(e.heard[n], func(ev rpc.Event) bool { return ev.Event == "tip" && ev.Hash == tip }) {
				all[n] = slices.Clone(e.heard[n])
			}
		}
		e.mu.Unlock()
		if len(all) == 2 {
			return all
		}
		select {
		case <-ctx.Done():
			t.Fatal("the nodes never reported their tip")
		case <-time.After(10 * time.Millisecond):
		}
	}
}
