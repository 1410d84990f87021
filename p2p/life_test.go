package p2p

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"toychain/peer"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
)

// listenOn makes a node listen where another one did.
func listenOn(addr string) func(*Config) {
	where, _, _ := strings.Cut(addr, "/p2p/")
	return func(c *Config) { c.Listen = []string{where} }
}

func TestPortInUse(t *testing.T) {
	a := startNode(t)
	cfg := Config{Digest: testDigest}
	listenOn(a.Addrs()[0])(&cfg)
	_, err := New(cfg, newFake())
	if err == nil || !strings.Contains(err.Error(), cfg.Listen[0]) || !strings.Contains(err.Error(), "choose another port") {
		t.Errorf("second node on %s: %v", cfg.Listen[0], err)
	}
}

func TestNewErrors(t *testing.T) {
	for _, row := range []struct {
		change func(*Config)
		want   string
	}{
		{func(c *Config) { c.Digest = "" }, "8 hex digits"},
		{func(c *Config) { c.Digest = "0123ABCD" }, "lower case"},
		{func(c *Config) { c.MaxIn = -1 }, "-1 peers"},
		{func(c *Config) { c.Listen = []string{"localhost:7000"} }, "like /ip4/127.0.0.1/tcp/7000"},
		{func(c *Config) { c.Listen = []string{"/ip4/127.0.0.1/udp/7000"} }, "want a TCP one"},
		{func(c *Config) { c.Listen = []string{"/ip4/203.0.113.7/tcp/0"} }, "no such address"},
		{func(c *Config) { c.Seeds = []string{"/ip4/127.0.0.1/tcp/7000"} }, "/p2p/"},
		{func(c *Config) {
			c.KeyFile = filepath.Join(t.TempDir(), "f")
			os.WriteFile(c.KeyFile, []byte("?"), 0o600)
		}, "is damaged"},
		{func(c *Config) { c.KeyFile = t.TempDir() }, "node key"},
		{func(c *Config) { c.Key = "?" }, "node key: not base64"},
		{func(c *Config) { c.Key = "AAAA" }, "node key"},
	} {
		cfg := Config{Digest: testDigest}
		row.change(&cfg)
		if _, err := New(cfg, newFake()); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%+v: %v, want %q", cfg, err, row.want)
		}
	}
}

// A peer that the user named is never banned on the node's own account; others are.
func TestNamedPeersAreNotBanned(t *testing.T) {
	a, b, c := startNode(t), startNode(t), startNode(t)
	if err := a.Keep(b.Addrs()[0]); err != nil {
		t.Fatal(err)
	}
	a.waitBoth(b)
	a.connect(c)
	for _, n := range []*testNode{b, c} {
		a.Penalize(n.ID(), errors.New("a rule"))
	}
	if bans := a.Banned(); len(bans) != 1 || bans[c.ID()].Until.IsZero() {
		t.Errorf("banned are %v, want %s alone", bans, c.ID())
	}
	a.waitLeft(c)
	if _, joined := a.heard[b.ID()]; !joined {
		t.Error("the named peer was disconnected")
	}
}

// A Net that is thrown away is run with a context that has ended; nothing stays
// (TestMain looks for goroutines).
func TestRunOnce(t *testing.T) {
	n, err := New(Config{Digest: testDigest}, newFake())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(testContext(t))
	cancel()
	if err := n.Run(ctx); err != nil {
		t.Error(err)
	}
	if err := n.Run(ctx); err == nil {
		t.Error("ran twice")
	}
}

// A seed that is not there yet is called until it is, and again when it was
// restarted.
func TestSeedComesLate(t *testing.T) {
	for range 5 {
		if seedComesLate(t) {
			return
		}
	}
	t.Error("another program had the seed's port, five times")
}

// seedComesLate reports false when another program took the port while the seed was
// away.
func seedComesLate(t *testing.T) bool {
	t.Helper()
	key := filepath.Join(t.TempDir(), "node.key")
	withKey := func(c *Config) { c.KeyFile = key }
	seed := startNode(t, withKey)
	addr := seed.Addrs()[0]
	seed.stop()

	n := startNode(t, func(c *Config) { c.Seeds = []string{addr} })
	defer n.stop()
	for range 2 {
		var err error
		seed, err = tryStart(t, newFake(), withKey, listenOn(addr))
		if err != nil && strings.Contains(err.Error(), "another program has that port") {
			return false
		} else if err != nil {
			t.Fatal(err)
		}
		if got := seed.Addrs()[0]; got != addr {
			t.Fatalf("restarted as %s, was %s", got, addr)
		}
		n.waitJoined(seed)
		seed.waitJoined(n)
		if p := n.Peers(); len(p) != 1 || !p[0].Manual || p[0].Inbound {
			t.Errorf("peers %+v", p)
		}
		seed.stop()
		n.waitLeft(seed)
	}
	return true
}

// The user hears once that a peer he named does not answer, and why. Later
// failures are no news.
func TestSeedIsMissing(t *testing.T) {
	other, strange := startNode(t), startNode(t, func(c *Config) { c.Digest = "00000000" })
	where, _, _ := strings.Cut(other.Addrs()[0], "/p2p/")
	for addr, reason := range map[string]string{
		"/ip4/127.0.0.1/tcp/1/p2p/" + somebody: "connection refused",
		where + "/p2p/" + somebody:             "another peer listens there: " + string(other.ID()),
		strange.Addrs()[0]:                     "runs another network's rules",
	} {
		if err := again(t, func(context.Context) error {
			got := warningsOf(t, addr)
			if strings.Count(got, "cannot reach a peer; ") != 1 {
				t.Errorf("%s: logged %q, want one warning", addr, got)
			} else if !strings.Contains(got, reason) { // under load the call may not have come to it
				return fmt.Errorf("logged %q, want %q", got, reason)
			}
			return nil
		}); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

// warningsOf returns what a node warns of while it calls a seed in vain.
func warningsOf(t *testing.T, addr string) string {
	t.Helper()
	var log bytes.Buffer
	n := startNode(t, func(c *Config) {
		c.Seeds = []string{addr}
		c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	})
	n.wait("two failed calls and a warning", func() bool {
		n.Net.mu.Lock()
		defer n.Net.mu.Unlock()
		for _, c := range n.addrman.peers {
			if c.manual() && c.reported && c.fails >= 2 {
				return true
			}
			c.nextDial = time.Time{} // as if it was time for the next call
		}
		n.wakeDialer()
		return false
	})
	n.wait("what is missing", func() bool { return slices.Equal(n.Missing(), []string{addr}) })
	n.stop()
	return log.String()
}

// Keep is a seed at run time, Forget its end, Disconnect leaves both alone.
func TestKeepAndForget(t *testing.T) {
	a, b := startNode(t), startNode(t)
	if err := a.Keep(b.Addrs()[0]); err != nil {
		t.Fatal(err)
	}
	a.waitJoined(b)
	b.waitJoined(a)
	if p := a.Peers(); len(p) != 1 || !p[0].Manual {
		t.Errorf("peers %+v", p)
	}
	if err := a.Forget(b.ID()); err != nil {
		t.Fatal(err)
	}
	if err := a.Forget(b.ID()); err == nil {
		t.Error("forgotten twice")
	}
	if p := a.Peers(); len(p) != 1 || p[0].Manual {
		t.Errorf("peers %+v", p)
	}
	if err := b.Disconnect(a.ID()); err != nil {
		t.Fatal(err)
	}
	a.waitLeft(b)
	b.waitLeft(a)
	if err := a.Disconnect(b.ID()); err == nil {
		t.Error("disconnected twice")
	}
	for _, bad := range []error{a.Keep(a.Addrs()[0]), a.Keep("x"), a.Forget("x"), a.Disconnect("x"), a.Ban("x", 0),
		a.Unban("x"), a.SetBlocklist([]peer.ID{"x"})} {
		if bad == nil {
			t.Error("nonsense was accepted")
		}
	}
}

// Nodes remember good peers over a restart, without any seed.
func TestPeersFile(t *testing.T) {
	dir := t.TempDir()
	files := func(c *Config) {
		c.KeyFile, c.PeersFile = filepath.Join(dir, "sub", "node.key"), filepath.Join(dir, "sub", "peers.json")
	}
	a, b := startNode(t, files), startNode(t)
	id := a.ID()
	a.connect(b)
	a.stop()
	b.waitLeft(a)
	for _, f := range []string{"node.key", "peers.json"} {
		info, err := os.Stat(filepath.Join(dir, "sub", f))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f, info.Mode(), err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "sub", ".*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	a = startNode(t, files)
	if a.ID() != id {
		t.Errorf("the node changed its name from %s to %s", id, a.ID())
	}
	a.waitJoined(b)
}

// A damaged file is a warning, and is kept for whoever wants to look.
func TestPeersFileDamaged(t *testing.T) {
	for name, text := range map[string]string{
		"empty":       "",
		"cut":         `{"version": 1, "peers": [{"id": "12D3`,
		"trailing":    `{"version": 1, "peers": []} x`,
		"newer":       `{"version": 3, "tried": [], "new": []}`,
		"both":        `{"version": 2, "peers": [{"id": "` + somebody + `", "addrs": []}], "tried": [], "new": []}`,
		"unknown":     `{"version": 1, "peers": [], "more": 1}`,
		"bad id":      `{"version": 1, "peers": [{"id": "x", "addrs": []}]}`,
		"bad address": `{"version": 1, "peers": [{"id": "` + somebody + `", "addrs": ["x"]}]}`,
		"huge":        strings.Repeat(" ", maxPeersBytes+1),
	} {
		path := filepath.Join(t.TempDir(), "peers.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		a := startNode(t, func(c *Config) {
			c.PeersFile = path
			c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
		})
		b := startNode(t)
		a.connect(b)
		a.stop()
		b.stop()
		if !strings.Contains(log.String(), path) {
			t.Errorf("%s: warned of %q", name, &log)
		}
		if kept, err := os.ReadFile(path + ".damaged"); err != nil || string(kept) != text {
			t.Errorf("%s: not kept: %v", name, err)
		}
		if raw, err := os.ReadFile(path); err != nil || !strings.Contains(string(raw), string(b.ID())) {
			t.Errorf("%s: not written anew: %s %v", name, raw, err)
		}
	}
}

func TestKeyFileIsMadePrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node.key")
	a := startNode(t, func(c *Config) { c.KeyFile = path })
	a.stop()
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	b := startNode(t, func(c *Config) { c.KeyFile = path })
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || a.ID() != b.ID() {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

// Two nodes that call each other at the same moment join once.
func TestBothCallAtOnce(t *testing.T) {
	for range 10 {
		a, b := startNode(t), startNode(t)
		var both sync.WaitGroup
		for _, pair := range [][2]*testNode{{a, b}, {b, a}} {
			both.Go(func() {
				if err := pair[0].call(pair[1]); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		a.waitBoth(b)
		if err := a.PublishTx(testContext(t), []byte("once")); err != nil {
			t.Fatal(err)
		}
		b.wait("the transaction", func() bool { return len(b.txs) > 0 })
		a.stop()
		b.stop()
		if n := got(a.events, "joined "+string(b.ID())) + got(b.events, "joined "+string(a.ID())); n != 2 || len(b.txs) != 1 {
			t.Errorf("joined %d times, %d transactions", n, len(b.txs))
		}
	}
}

// Cut and healed again and again, at random moments of the connection's life,
// nodes always find together again; checkEvents watches what the Handlers hear.
func TestFlapping(t *testing.T) {
	a, b := startNode(t), startNode(t)
	a.connect(b)
	for i := range 60 {
		n, o := a, b
		if i%2 == 1 {
			n, o = b, a
		}
		switch i % 3 {
		case 0:
			n.SetBlocklist([]peer.ID{o.ID()})
			n.SetBlocklist(nil)
		case 1:
			n.SetActive(false)
			n.SetActive(true)
		case 2:
			n.Connect(testContext(t), o.Addrs()[0])
		}
	}
	a.SetBlocklist(nil)
	b.SetBlocklist(nil)
	a.wait("b for good", func() bool { return a.reaches(b) && b.reaches(a) })
}

// reaches reports whether a request to o succeeds now. It must not be called
// with the fake locked by the same goroutine that o's fake needs: it asks for
// nothing that o's fake answers.
func (n *testNode) reaches(o *testNode) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err := n.requestPeers(ctx, o.ID())
	return err == nil
}

// A full node takes nobody more; who is there stays and is served.
// pinged waits until a node knows the round trip to all of its peers, which protects them.
func pinged(n *testNode, peers int) {
	n.t.Helper()
	n.wait("pings", func() bool {
		list := n.Peers()
		return len(list) == peers && !slices.ContainsFunc(list, func(p PeerInfo) bool { return p.Latency == 0 })
	})
}

// A node whose inbound peers are all useful refuses another one, unless the user named it.
func TestMaxIn(t *testing.T) {
	hub := startNode(t, func(c *Config) { c.MaxIn = 2 })
	var in []*testNode
	for range 2 {
		n := startNode(t)
		n.connect(hub)
		in = append(in, n)
	}
	pinged(hub, 2)
	late, named := startNode(t), startNode(t)
	if err := late.Connect(testContext(t), hub.Addrs()[0]); err == nil {
		t.Error("a full node took another peer")
	} else if !strings.Contains(err.Error(), string(hub.ID())) {
		t.Errorf("the error names nobody: %v", err)
	}
	if err := hub.Keep("/ip4/127.0.0.1/tcp/1/p2p/" + string(named.ID())); err != nil {
		t.Fatal(err)
	}
	named.connect(hub)
	for _, n := range in {
		if _, err := n.RequestPool(testContext(t), hub.ID()); err != nil {
			t.Error(err)
		}
	}
	in[0].stop()
	hub.waitLeft(in[0])
	if err := late.call(hub); err != nil {
		t.Error(err)
	}
}

// A peer that was evicted cannot have another one evicted in turn.
func TestEvictedWaits(t *testing.T) {
	hub := startNode(t, func(c *Config) { c.MaxIn = 1 })
	first, second := rogue(t, hub, hear), rogue(t, hub, hear)
	hub.wait("the first to be evicted", func() bool { return len(hub.swarm.ConnsToPeer(first.ID())) == 0 })
	if err := first.Connect(testContext(t), corepeer.AddrInfo{ID: hub.host.ID(), Addrs: hub.host.Addrs()}); err != nil {
		t.Fatal(err)
	}
	hub.wait("it to be refused", func() bool { return len(first.Network().ConnsToPeer(hub.host.ID())) == 0 })
	if len(hub.swarm.ConnsToPeer(second.ID())) == 0 {
		t.Error("it took the place of the second")
	}
	hub.Net.mu.Lock()
	for id := range hub.evicted {
		hub.evicted[id] = time.Now().Add(-evictedWait - 1)
	}
	hub.Net.mu.Unlock()
	if err := first.Connect(testContext(t), corepeer.AddrInfo{ID: hub.host.ID(), Addrs: hub.host.Addrs()}); err != nil {
		t.Fatal(err)
	}
	hub.wait("the second to be evicted", func() bool { return len(hub.swarm.ConnsToPeer(second.ID())) == 0 })
}

// 64 keys that connect and do nothing do not lock a newcomer out, and do not keep the node
// from dialing others itself.
func TestIdleKeysDoNotLockOut(t *testing.T) {
	victim, late, found := startNode(t), startNode(t), startNode(t)
	for range DefaultMaxIn + 8 {
		rogue(t, victim, hear)
	}
	if err := late.call(victim); err != nil {
		t.Errorf("a newcomer: %v", err)
	}
	info, err := parseAddr(found.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	victim.hear(local, []corepeer.AddrInfo{info})
	victim.waitJoined(found)
	if in := len(victim.swarm.Peers()) - 1; in > DefaultMaxIn+2 { // two may be about to be closed
		t.Errorf("%d inbound peers", in)
	}
}

// Without anybody saying so, a node calls only as many as MaxOut.
func TestStopsCallingAtMaxOut(t *testing.T) {
	hub := startNode(t)
	var nodes []*testNode
	for range MaxOut + 3 {
		nodes = append(nodes, startNode(t, func(c *Config) { c.Seeds = hub.Addrs()[:1] }))
	}
	for _, n := range nodes {
		n.wait("enough peers", func() bool { return len(n.heard) >= MaxOut })
	}
	for _, n := range nodes {
		out := 0
		for _, p := range n.Peers() {
			if !p.Inbound {
				out++
			}
		}
		if out > MaxOut {
			t.Errorf("called %d", out)
		}
	}
}

// Two partitions and heals leave no more connections than there were: those that the cut closed are
// back, all that the user named among them, and those that took their places are gone.
func TestHealsKeepTheDegree(t *testing.T) {
	const seek = 3
	hub := startNode(t, func(c *Config) { c.maxOut = seek })
	nodes := []*testNode{hub}
	for range 11 {
		nodes = append(nodes, startNode(t, func(c *Config) { c.Seeds, c.maxOut = hub.Addrs()[:1], seek }))
	}
	outbound := func(n *testNode) (out []peer.ID) {
		for _, id := range n.swarm.Peers() {
			if n.counts(id, n.swarm.ConnsToPeer(id)) {
				out = append(out, text(id))
			}
		}
		return out
	}
	few := func() {
		t.Helper()
		for _, n := range nodes {
			n.wait("no more connections than it seeks", func() bool { return len(outbound(n)) <= seek })
			if n != hub {
				n.waitJoined(hub)
			}
		}
	}
	few()
	ids := func(some []*testNode) (out []peer.ID) {
		for _, n := range some {
			out = append(out, n.ID())
		}
		return out
	}
	small, large := nodes[:4], nodes[4:]
	for range 2 {
		before := map[*testNode][]peer.ID{}
		for _, n := range large {
			before[n] = slices.DeleteFunc(outbound(n), func(id peer.ID) bool { return !slices.Contains(ids(small), id) })
		}
		block := func(some []*testNode, blocked []peer.ID) {
			for _, n := range some {
				if err := n.SetBlocklist(blocked); err != nil {
					t.Fatal(err)
				}
			}
		}
		block(small, ids(large))
		block(large, ids(small))
		large[0].wait("replacements", func() bool {
			return slices.ContainsFunc(large, func(n *testNode) bool { return len(outbound(n)) >= seek })
		})
		block(small, nil)
		block(large, nil)
		few()
		large[0].wait("most of what was cut", func() bool {
			back, all := 0, 0
			for n, cut := range before {
				for _, id := range cut {
					all++
					if n.existing(mustDecode(t, string(id))) != nil {
						back++
					}
				}
			}
			return 2*back >= all
		})
		few()
	}
}

// The latency of a ping is measured, and a delay shows in it.
func TestLatency(t *testing.T) {
	a, b := startNode(t), startNode(t)
	for _, n := range [][2]*testNode{{a, b}, {b, a}} {
		n[0].link(n[1], Link{Delay: 30})
	}
	a.connect(b)
	a.wait("a ping", func() bool { p := a.Peers(); return len(p) == 1 && p[0].Latency > 0 })
	if p := a.Peers()[0]; p.Latency < 60*time.Millisecond || p.Link.Delay != 30 || fmt.Sprint(p.ID) != string(b.ID()) {
		t.Errorf("%+v", p)
	}
}

// A node that is alone has its seeds and nobody else: it is found by nobody, and
// finds nobody through them.
func TestAlone(t *testing.T) {
	seed, other := startNode(t), startNode(t)
	other.connect(seed)
	hermit := startNode(t, func(c *Config) { c.Alone, c.Seeds = true, seed.Addrs() })
	hermit.wait("the seed", func() bool { _, ok := hermit.heard[seed.ID()]; return ok })
	if err := other.Connect(testContext(t), hermit.Addrs()[0]); err == nil {
		t.Error("a node that is alone took a call")
	}
	if _, err := hermit.RequestPool(testContext(t), seed.ID()); err != nil {
		t.Errorf("it cannot ask its seed: %v", err)
	}
	if peers := hermit.Peers(); len(peers) != 1 || peers[0].ID != seed.ID() {
		t.Errorf("its peers are %v, want the seed alone", peers)
	}
}

// What a program writes on a raw stream is its own affair, and so is the ban.
func TestRawStream(t *testing.T) {
	victim, rogue := startNode(t), startNode(t)
	rogue.connect(victim)
	s, err := rogue.Stream(testContext(t), victim.ID(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Reset()
	if _, err := s.Write([]byte("no frame at all")); err != nil {
		t.Fatal(err)
	}
	victim.wait("ban", func() bool { _, ok := victim.Banned()[rogue.ID()]; return ok })
	if _, err := rogue.Stream(testContext(t), peer.ID("nobody"), false); err == nil {
		t.Error("a stream to nobody")
	}
}
