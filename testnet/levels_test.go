//go:build unix

package testnet

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/internal/chaingen"
	"toychain/testnet/slo"
	"toychain/wallet"
)

// TestEras reads a journal.
func TestEras(t *testing.T) {
	act := func(at, took int64, verb string, args ...string) Action {
		return Action{TimeMS: at, TookMS: took, Verb: verb, Args: args}
	}
	failed := act(900, 10, "restart", "n1")
	failed.Error = "no"
	from, all, heals := eras([]Action{
		act(1, 1, "up", "3"), act(5, 1, "kill", "n3"), act(6, 1, "down"),
		act(100, 50, "up", "3"),
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
	want := "150 [] \n200 [[n1 n2] [n3]] \n300 [[n1 n2] [n3]] n2\n410 [] n2\n510 [] \n600 [] n3\n610 [] \n800 [[n1] [n2 n3]] \n" +
		"900 [[n1] [n2 n3]] n1\n910 [[n1] [n2 n3]] n1\n"
	if text := strings.Join(got, ""); text != want {
		t.Errorf("eras\n%swant\n%s", text, want)
	}
	if from.UnixMilli() != 150 || len(heals) != 1 || heals[0].At.UnixMilli() != 400 || heals[0].Over.UnixMilli() != 800 {
		t.Errorf("since %d, heals %v", from.UnixMilli(), heals)
	}
}

// TestWrongClocks: whose times are left out.
func TestWrongClocks(t *testing.T) {
	clock := func(name string) Action { return Action{Verb: "clock", Args: []string{name, "2h0m0s"}} }
	got := wrongClocks([]Action{{Verb: "up"}, clock("n1"), {Verb: "up"}, clock("n3"), clock("n2"), clock("n3"), {Verb: "heal"}})
	if fmt.Sprint(got) != "[n3 n2]" {
		t.Errorf("left out %v", got)
	}
	l := newLookout()
	id := block.Sum([]byte("payment"))
	for i, name := range []string{"n1", "n2", "n3"} {
		l.entered[name] = map[block.Hash]time.Time{id: time.UnixMilli(int64(10 - i))}
	}
	if at := l.first(got)[id]; at.UnixMilli() != 10 {
		t.Errorf("first in a pool at %d", at.UnixMilli())
	}
	if at := l.first(nil)[id]; at.UnixMilli() != 8 {
		t.Errorf("by all clocks at %d", at.UnixMilli())
	}
}

func sorted(set map[string]bool) (out []string) {
	for name := range set {
		out = append(out, name)
	}
	return out
}

// TestMeasure: real nodes are paid, cut and healed while somebody watches, and one is
// killed; each level tells what was done.
func TestMeasure(t *testing.T) {
	realNodes(t)
	ctx := bounded(t)
	tn, err := Up(ctx, Config{Dir: t.TempDir(), Nodes: 3, Network: "toy", Detach: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tn.Down(bounded(t), true); err != nil {
			t.Error(err)
		}
	})
	alice := chaingen.NewKey("alice")
	coins := mineFor(t, tn, "n1", 11, alice)

	looking, stop := context.WithCancel(ctx)
	defer stop()
	l, came := newLookout(), make(chan bool)
	go func() { l.watch(looking, tn); close(came) }()
	until := func(f func() bool) {
		t.Helper()
		if err := poll(ctx, func() (bool, error) { l.mu.Lock(); defer l.mu.Unlock(); return f(), nil }); err != nil {
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
	s, err := tn.report(ctx, targets, l)
	if err != nil {
		t.Fatal(err)
	}
	// n3 is gone and tells nothing. From n1 to n2 went the blocks before the cut; of all 15
	// the one that n1 mined alone is stale.
	checkLevel(t, s.Levels[0], 12, 0, true)
	// The nodes count the same: what came after the heal was born before it. How long before,
	// they know to half the time of a question.
	dated(t, tn, "n1", 0, 2)
	dated(t, tn, "n2", 12, 1)
	checkLevel(t, s.Levels[1], 1, 0, true)
	checkLevel(t, s.Levels[2], 1, 0, true)
	checkLevel(t, s.Levels[3], 15, 1, true)
	n3 := s.Asked["n3"]
	checkLevel(t, s.Levels[4], n3.Asked, n3.Asked-n3.Answered, false)
	if s.Levels[4].Worst != "n3" || s.Asked["n1"].Answered == 0 {
		t.Errorf("availability %+v: n3 was killed, n1 never", s.Asked)
	}
}

// dated waits until a node knows how long so many blocks were under way, or a few more.
func dated(t *testing.T, tn *Testnet, name string, want, more int) {
	t.Helper()
	ctx := bounded(t)
	const series = "toychain_block_propagation_seconds_count "
	var got int
	err := poll(ctx, func() (bool, error) {
		text, err := metric(ctx, tn, name, series)
		if err != nil {
			return false, err
		}
		got, err = strconv.Atoi(text)
		return got >= want, err
	})
	if err != nil || got > want+more {
		t.Fatalf("%s%d at %s, want %d, or %d more: %v", series, got, name, want, more, err)
	}
}

// metric returns what follows some words in a node's /metrics.
func metric(ctx context.Context, tn *Testnet, name, words string) (string, error) {
	n := tn.node(name)
	cookie, err := os.ReadFile(n.Cookie)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.RPC+"/metrics", nil)
	if err != nil {
		return "", err
	}
	user, password, _ := strings.Cut(string(cookie), ":")
	req.SetBasicAuth(user, password)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	_, after, _ := strings.Cut(string(text), "\n"+words)
	value, _, _ := strings.Cut(after, "\n")
	return value, err
}

// liveThrough pays, cuts, mines on both sides, heals, and kills n3.
func liveThrough(t *testing.T, tn *Testnet, alice chaingen.Key, coin chain.Spend, l *lookout, until func(func() bool)) {
	t.Helper()
	ctx := bounded(t)
	payFrom(t, tn, "n1", alice, coin)
	until(func() bool { return len(l.first(nil)) == 1 })
	mineFor(t, tn, "n1", 1, alice)
	dated(t, tn, "n2", 12, 0) // by whoever knows, before that one is cut off
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
	// Others may be too busy to answer in time, once; n3 never answers again.
	rate := func(name string) float64 { return float64(l.asked[name].Answered) / float64(l.asked[name].Asked) }
	until(func() bool { return rate("n3") < min(rate("n1"), rate("n2")) })
}

// TestSlowHealth: a node that takes longer to answer than somebody watches has answered,
// unless the watching was given up.
func TestSlowHealth(t *testing.T) {
	for _, row := range []struct {
		long time.Duration
		want slo.Answers
	}{{time.Millisecond, slo.Answers{Asked: 1, Answered: 1}}, {time.Hour, slo.Answers{}}} {
		ctx, cancel := context.WithTimeout(t.Context(), row.long)
		s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			if row.long == time.Hour {
				cancel()
			}
			<-ctx.Done()
		}))
		n := Node{Name: "n1", RPC: s.Listener.Addr().String(), Cookie: filepath.Join(t.TempDir(), cookieFile)}
		if err := os.WriteFile(n.Cookie, []byte("user:pass"), 0o600); err != nil {
			t.Fatal(err)
		}
		l, tn := newLookout(), &Testnet{}
		tn.init()
		l.health(ctx, tn, n)
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

// mineFor mines on a node, waits until all who hear of it agree, and returns the coinbases.
func mineFor(t *testing.T, tn *Testnet, name string, n int, to chaingen.Key) (coins []chain.Spend) {
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

// payFrom spends a coin to its owner through a node.
func payFrom(t *testing.T, tn *Testnet, name string, from chaingen.Key, coin chain.Spend) {
	t.Helper()
	c, err := tn.Client(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.SendRaw(bounded(t), from.Pay([]chain.Spend{coin}, from.To(coin.Value-10_000))); err != nil {
		t.Fatal(err)
	}
}

// A node that hangs is asked as often as one that refuses at once.
func TestAnswersOfANodeThatHangs(t *testing.T) {
	var a slo.Answers
	a = answer(a, false, time.Millisecond)
	a = answer(a, false, healthTime)
	a = answer(a, true, healthTime/2)
	if want := (slo.Answers{Asked: 1 + int(healthTime/healthEvery) + 1, Answered: 1}); a != want {
		t.Errorf("%+v, want %+v", a, want)
	}
}
