//go:build unix

package measure

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/testnet"
	"toychain/testnet/history"
	"toychain/testnet/slo"
	"toychain/testnet/topology"
	"toychain/wallet"
)

// program is toychain, built once for all tests.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "measure-")
	code := 1
	if err == nil {
		program = filepath.Join(dir, "toychain")
		out, err := exec.Command("go", "build", "-o", program, "toychain/cmd/toychain").CombinedOutput()
		if err == nil {
			code = m.Run()
		} else {
			fmt.Fprintf(os.Stderr, "building toychain: %v\n%s", err, out)
		}
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// bounded is a context for one step of a test.
func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// TestIntervals reads events.
func TestIntervals(t *testing.T) {
	act := func(at, took int64, verb string, args ...string) history.Action {
		return history.Action{TimeMS: at, TookMS: took, Verb: verb, Args: args}
	}
	failed := act(900, 10, "restart", "n1")
	failed.Error = "no"
	from, all, heals := intervals([]history.Action{
		act(1, 1, "up", "3"), act(5, 1, "kill", "n3"), act(6, 1, "down"),
		act(100, 50, "up", "3"), act(160, 10, "heal"), // without a partition
		act(200, 10, "partition", "n1,n2", "n3"),
		act(300, 10, "pause", "n2"),
		act(400, 10, "heal"),
		act(500, 10, "resume", "n2"),
		act(600, 10, "restart", "n3"),
		act(700, 10, "link", "n1", "n2"),
		act(800, 10, "partition", "n1", "n2,n3"),
		failed,
	})
	var got []string
	for _, e := range all {
		got = append(got, fmt.Sprintln(e.From.UnixMilli(), e.Groups, strings.Join(sorted(e.Away), "+")))
	}
	want := "150 [] \n170 [] \n200 [[n1 n2] [n3]] \n300 [[n1 n2] [n3]] n2\n410 [] n2\n510 [] \n600 [] n3\n610 [] \n800 [[n1] [n2 n3]] \n" +
		"900 [[n1] [n2 n3]] n1\n910 [[n1] [n2 n3]] n1\n"
	if text := strings.Join(got, ""); text != want {
		t.Errorf("eras\n%swant\n%s", text, want)
	}
	if from.UnixMilli() != 150 || len(heals) != 1 || heals[0].At.UnixMilli() != 400 || heals[0].Over.UnixMilli() != 800 {
		t.Errorf("since %d, heals %v", from.UnixMilli(), heals)
	}
}

// TestShapes: which nodes can reach each other, also through others, after connect and partition.
func TestShapes(t *testing.T) {
	_, all, _ := intervals([]history.Action{
		{TimeMS: 1, Verb: "up", Args: []string{"5"}},
		{TimeMS: 10, TookMS: 1, Verb: "connect", Args: []string{"n1-n2", "n2-n3", "n4-n5"}},
		{TimeMS: 20, TookMS: 1, Verb: "partition", Args: []string{"n1,n3", "n2,n4,n5"}},
		{TimeMS: 30, TookMS: 1, Verb: "heal"},
		{TimeMS: 40, TookMS: 1, Verb: "connect", Args: []string{"n1-n2", "n2-n3", "n3-n4", "n4-n5"}},
		{TimeMS: 50, TookMS: 1, Verb: "connect"},
	})
	var got []string
	for _, e := range all {
		got = append(got, fmt.Sprint(e.From.UnixMilli(), e.Groups))
	}
	if want := "1 [] 10 [[n1 n2 n3] [n4 n5]] 11 [[n1 n2 n3] [n4 n5]] 20 [[n1] [n2] [n3] [n4 n5]] 31 [[n1 n2 n3] [n4 n5]] 40 [] 41 [] 50 [] 51 []"; strings.Join(got, " ") != want {
		t.Errorf("eras %q, want %q", strings.Join(got, " "), want)
	}
	_, all, _ = intervals([]history.Action{ // nodes with names, and one that is added
		{TimeMS: 1, Verb: "up", Args: []string{"n1", "eve"}},
		{TimeMS: 10, Verb: "partition", Args: []string{"n1", "eve"}},
		{TimeMS: 20, TookMS: 1, Verb: "add", Args: []string{"carol"}},
		{TimeMS: 30, Verb: "add", Args: []string{"dave"}, Error: "it does not start"},
		{TimeMS: 40, Verb: "heal"},
		{TimeMS: 50, Verb: "connect", Args: []string{"n1-carol"}},
	})
	got = nil
	for _, e := range all {
		got = append(got, fmt.Sprint(e.From.UnixMilli(), e.Groups))
	}
	if want := "1 [] 10 [[n1] [eve]] 21 [[n1 carol] [eve]] 30 [[n1 carol] [eve]] 40 [] 50 [[n1 carol] [eve]] 50 [[n1 carol] [eve]]"; strings.Join(got, " ") != want {
		t.Errorf("with names: %q, want %q", strings.Join(got, " "), want)
	}
	_, all, heals := intervals([]history.Action{ // what was undone, and a testnet that did not come up
		{TimeMS: 1, Verb: "up", Args: []string{"2"}},
		{TimeMS: 10, TookMS: 5, Verb: "partition", Args: []string{"n1", "n2"}, Error: "no", Undone: true},
		{TimeMS: 20, Verb: "partition", Args: []string{"n1", "n2"}},
		{TimeMS: 30, TookMS: 5, Verb: "heal", Error: "no", Undone: true},
		{TimeMS: 40, Verb: "up", Args: []string{"9"}, Error: "no"},
	})
	got = nil
	for _, e := range all {
		got = append(got, fmt.Sprint(e.From.UnixMilli(), e.Groups))
	}
	if want := "1 [] 10 [[n1] [n2]] 15 [] 20 [[n1] [n2]] 35 [] 35 [[n1] [n2]]"; strings.Join(got, " ") != want || len(heals) != 0 {
		t.Errorf("undone: %q, want %q; heals %v", strings.Join(got, " "), want, heals)
	}
	for _, row := range []struct {
		pairs, groups, want string
	}{
		{"", "", "[]"},
		{"", "n1,n2 n3,n4,n5", "[[n1 n2] [n3 n4 n5]]"},
		{"n1-n2 n2-n3 n4-n5", "", "[[n1 n2 n3] [n4 n5]]"},
		{"n1-n2 n2-n3 n4-n5", "n1,n3 n2,n4,n5", "[[n1] [n2] [n3] [n4 n5]]"},
		{"n5-n4 n4-n3 n3-n2 n2-n1", "", "[]"},
		{"n1-n2", "", "[[n1 n2] [n3] [n4] [n5]]"},
	} {
		net := topology.Network{Nodes: topology.Names(5)}
		for _, p := range strings.Fields(row.pairs) {
			one, other, _ := strings.Cut(p, "-")
			net.Pairs = append(net.Pairs, topology.Pair{one, other})
		}
		for _, g := range strings.Fields(row.groups) {
			net.Groups = append(net.Groups, strings.Split(g, ","))
		}
		if got := fmt.Sprint(parts(&net)); got != row.want {
			t.Errorf("pairs %q, groups %q: %s, want %s", row.pairs, row.groups, got, row.want)
		}
	}
}

// TestFirst: when a payment entered its first mempool, by corrected clocks.
func TestFirst(t *testing.T) {
	at := time.UnixMilli
	const hour = 3_600_000
	clock := func(at int64, name, by string) history.Action {
		return history.Action{TimeMS: at, TookMS: 10, Verb: "clock", Args: []string{name, by}}
	}
	logs := history.Clocks([]history.Action{clock(1000, "n1", "2h0m0s"), clock(2000, "n1", "0s"), clock(1000, "n2", "-1s")})
	l := newMonitor()
	id := block.Sum([]byte("payment"))
	l.entered["n1"] = map[block.Hash]time.Time{id: at(1700 + 2*hour)} // today that was twice
	l.entered["n2"] = map[block.Hash]time.Time{id: at(1500)}
	l.entered["n5"] = map[block.Hash]time.Time{id: at(2501)}
	if first := l.first(logs)[id]; first.UnixMilli() != 2500 {
		t.Errorf("first in a pool at %d", first.UnixMilli())
	}
}

func sorted(set map[string]bool) (out []string) {
	for name := range set {
		out = append(out, name)
	}
	return out
}

// TestMeasure: real nodes get payments, are partitioned and healed while a monitor watches, and
// one is killed; each level is as it should be after that.
func TestMeasure(t *testing.T) {
	ctx := bounded(t)
	tn := threeRealNodes(t)
	alice := chaingen.NewKey("alice")
	coins := mineFor(t, tn, "n1", 11, alice)

	looking, stop := context.WithCancel(ctx)
	defer stop()
	l, came := newMonitor(), make(chan bool)
	go func() { l.watch(looking, looking, tn); close(came) }()
	until := func(f func() bool) {
		t.Helper()
		if err := testnet.Poll(ctx, func() (bool, error) { l.mu.Lock(); defer l.mu.Unlock(); return f(), nil }); err != nil {
			t.Fatal(err)
		}
	}
	until(func() bool { return len(l.entered) == 3 })

	liveThrough(t, tn, alice, coins[0], l, until)
	stop()
	<-came

	targets, err := slo.Parse("[propagation]\np95 = \"1m\"\n[agreement]\np95 = \"1m\"\n[confirmation]\np95 = \"1m\"\n" +
		"[stale]\nratio = 0.1\n[availability]\nratio = 0.999")
	if err != nil {
		t.Fatal(err)
	}
	s, err := report(ctx, tn, targets, l)
	if err != nil {
		t.Fatal(err)
	}
	// n3 is gone, and its journal is on its disk. The 12 blocks from before the partition went to
	// n2 and n3, and the two of n2 to n3; of all 15 blocks the one that n1 mined alone is stale.
	checkLevel(t, s.Levels[0], 26, 0, true)
	if len(s.Silent) > 0 || len(s.LeftOut) > 0 {
		t.Errorf("silent %v, left out %v", s.Silent, s.LeftOut)
	}
	checkLevel(t, s.Levels[1], 1, 0, true)
	checkLevel(t, s.Levels[2], 1, 0, true)
	checkLevel(t, s.Levels[3], 15, 1, true)
	n3 := s.Asked["n3"]
	checkLevel(t, s.Levels[4], n3.Asked, n3.Asked-n3.Answered, false)
	if s.Levels[4].Worst != "n3" || s.Asked["n1"].Answered == 0 {
		t.Errorf("availability %+v: n3 was killed, n1 never", s.Asked)
	}
}

// threeRealNodes are up until the test ends.
func threeRealNodes(t *testing.T) *testnet.Testnet {
	t.Helper()
	tn, err := testnet.Up(bounded(t), testnet.Config{Binary: program, Dir: t.TempDir(), Nodes: 3, Network: "toy", Detach: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tn.Down(bounded(t), true); err != nil {
			t.Error(err)
		}
	})
	return tn
}

// liveThrough pays, partitions, mines on both sides, heals, and kills n3.
func liveThrough(t *testing.T, tn *testnet.Testnet, alice chaingen.Key, coin consensus.UTXO, l *monitor, until func(func() bool)) {
	t.Helper()
	ctx := bounded(t)
	payFrom(t, tn, "n1", alice, coin)
	until(func() bool { return len(l.first(nil)) == 1 })
	mineFor(t, tn, "n1", 1, alice)
	if err := tn.Partition(ctx, [][]string{{"n1"}, {"n2", "n3"}}); err != nil {
		t.Fatal(err)
	}
	mineFor(t, tn, "n1", 1, alice)
	mineFor(t, tn, "n2", 2, alice)
	if err := tn.Heal(ctx); err != nil {
		t.Fatal(err)
	}
	if err := tn.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if err := tn.Kill(ctx, "n3"); err != nil {
		t.Fatal(err)
	}
	// The others may once be too busy to answer in time; n3 never answers again.
	rate := func(name string) float64 { return float64(l.asked[name].Answered) / float64(l.asked[name].Asked) }
	until(func() bool { return rate("n3") < min(rate("n1"), rate("n2")) })
}

// TestSlowHealth: an answer that takes longer than the monitor watches counts, unless the
// context has ended.
func TestSlowHealth(t *testing.T) {
	for _, row := range []struct {
		long time.Duration
		want slo.Answers
	}{{time.Millisecond, slo.Answers{Asked: 1, Answered: 1}}, {time.Hour, slo.Answers{}}} {
		user, cancel := context.WithCancel(t.Context())
		ctx, done := context.WithTimeout(user, row.long)
		s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			if row.long == time.Hour {
				cancel()
			}
			<-ctx.Done()
		}))
		n := testnet.Node{Name: "n1", RPC: s.Listener.Addr().String(), Cookie: filepath.Join(t.TempDir(), ".cookie")}
		if err := os.WriteFile(n.Cookie, []byte("user:pass"), 0o600); err != nil {
			t.Fatal(err)
		}
		l, tn := newMonitor(), &testnet.Testnet{}
		l.health(user, ctx, tn, n)
		done()
		cancel()
		s.Close()
		if got := l.asked["n1"]; got != row.want {
			t.Errorf("watched for %v: %+v, want %+v", row.long, got, row.want)
		}
	}
}

func checkLevel(t *testing.T, l slo.Level, events, bad int, met bool) {
	t.Helper()
	if l.Events != events || l.Bad != bad || l.Met == nil || *l.Met != met {
		t.Errorf("%s: %d events, %d bad, %+v; want %d, %d, met %v", l.Name, l.Events, l.Bad, l, events, bad, met)
	}
}

// mineFor mines on a node, waits until all nodes that it reaches agree, and returns the coinbases.
func mineFor(t *testing.T, tn *testnet.Testnet, name string, n int, to chaingen.Key) (coins []consensus.UTXO) {
	t.Helper()
	c, err := tn.Client(name)
	if err != nil {
		t.Fatal(err)
	}
	address, _ := wallet.AddressOf(to.Script())
	hashes, err := c.Generate(bounded(t), n, address.Encode(tn.Params().Prefixes))
	if err != nil {
		t.Fatal(err)
	}
	for _, hash := range hashes {
		b, err := c.RawBlock(bounded(t), hash)
		if err != nil {
			t.Fatal(err)
		}
		coins = append(coins, chaingen.Output(b.Txs[0], 0))
	}
	if err := tn.Settle(bounded(t)); err != nil {
		t.Fatal(err)
	}
	return coins
}

// payFrom spends a coin to its own address through a node.
func payFrom(t *testing.T, tn *testnet.Testnet, name string, from chaingen.Key, coin consensus.UTXO) {
	t.Helper()
	c, err := tn.Client(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.SendRaw(bounded(t), from.Pay([]consensus.UTXO{coin}, from.To(coin.Value-10_000))); err != nil {
		t.Fatal(err)
	}
}

// A node that hangs gets as many health checks as one that refuses at once.
func TestAnswersOfANodeThatHangs(t *testing.T) {
	var a slo.Answers
	a = answer(a, false, time.Millisecond)
	a = answer(a, false, healthTime)
	a = answer(a, true, healthTime/2)
	if want := (slo.Answers{Asked: 1 + int(healthTime/healthEvery) + 1, Answered: 1}); a != want {
		t.Errorf("%+v, want %+v", a, want)
	}
}
