package p2p

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

func addrsOf(t testing.TB, ss ...string) (out []ma.Multiaddr) {
	for _, s := range ss {
		a, err := ma.NewMultiaddr(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, a)
	}
	return out
}

func anybody(corepeer.ID) bool { return true }

// dueIDs is due, as sorted names.
func dueIDs(b *addrMan, now time.Time, room int) (ids []string) {
	for _, info := range b.toDial(now, room, anybody) {
		ids = append(ids, string(info.ID))
	}
	slices.Sort(ids)
	return ids
}

// That a peer is missed is news once until it joins again, and only of a peer that the
// user named.
func TestBookMissed(t *testing.T) {
	b := newAddrMan("self")
	at := addrsOf(t, "/ip4/127.0.0.1/tcp/1")
	b.add("kept", at, true)
	b.add("found", at, false)
	var news []bool
	miss := func(id corepeer.ID) { news = append(news, b.reportOnce(id)) }
	miss("found")
	miss("nobody")
	miss("kept")
	miss("kept")
	b.retry()
	b.heal("kept")
	miss("kept")
	b.joined("kept", at, time.Unix(0, 0))
	miss("kept")
	miss("kept")
	if want := []bool{false, false, true, false, false, true, false}; !slices.Equal(news, want) {
		t.Errorf("news %v, want %v", news, want)
	}
}

// The waits double from 250 ms to 10 s for a peer the user named, and to a
// minute for one found by hearsay, which is forgotten in the end.
func TestBookBackoff(t *testing.T) {
	b := newAddrMan("self")
	at := addrsOf(t, "/ip4/127.0.0.1/tcp/1")
	b.add("kept", at, true)
	b.add("found", at, false)
	now := time.Unix(0, 0)
	waits := map[string][]string{}
	for range 12 {
		for _, id := range []corepeer.ID{"kept", "found"} {
			b.failed(id, now)
			waits[string(id)] = append(waits[string(id)], b.peers[id].nextDial.Sub(now).String())
		}
	}
	for id, want := range map[string][]string{
		"kept":  {"250ms", "500ms", "1s", "2s", "4s", "8s", "10s", "10s", "10s", "10s", "10s", "10s"},
		"found": {"250ms", "500ms", "1s", "2s", "4s", "8s", "16s", "32s", "1m0s", "1m0s", "1m0s", "1m0s"},
	} {
		if !slices.Equal(waits[id], want) {
			t.Errorf("%s waits %v, want %v", id, waits[id], want)
		}
	}
	for range 100 {
		b.failed("kept", now)
		b.failed("found", now)
	}
	if b.peers["kept"] == nil || b.peers["found"] != nil {
		t.Error("who was forgotten?")
	}
	if got := b.nextDial(now); got.Sub(now) != 10*time.Second {
		t.Errorf("next call after %v", got.Sub(now))
	}
	b.heal("kept")
	if got := dueIDs(b, now, 0); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("healed, due are %v", got)
	}
}

// Kept and healed peers are called whether there is room or not; of the others
// only as many as there is room for, and nobody twice at a time.
func TestBookDue(t *testing.T) {
	b := newAddrMan("self")
	at := addrsOf(t, "/ip4/127.0.0.1/tcp/1")
	now := time.Unix(100, 0)
	b.add("self", at, true)
	b.add("kept", at, true)
	b.add("without address", nil, true)
	b.add("healed", at, false)
	b.heal("healed")
	for i := range 5 {
		b.add(corepeer.ID(fmt.Sprint("found ", i)), at, false)
	}
	if got := dueIDs(b, now, 0); !slices.Equal(got, []string{"healed", "kept"}) {
		t.Fatalf("without room %v", got)
	}
	if got := dueIDs(b, now, 0); got != nil {
		t.Fatalf("being called already: %v", got)
	}
	if b.dialing() != 2 {
		t.Errorf("%d calls under way", b.dialing())
	}
	b.dialed("kept")
	b.dialed("healed")
	if got := dueIDs(b, now, 4); len(got) != 4 || !slices.Contains(got, "kept") {
		t.Fatalf("with room for four %v", got)
	}
	for id := range b.peers {
		b.dialed(id)
	}
	refused := b.toDial(now, 10, func(p corepeer.ID) bool { return p != "kept" && p != "healed" })
	if len(refused) != 5 {
		t.Errorf("%d of five may be called", len(refused))
	}
	b.postpone("kept", now.Add(time.Second))
	b.dialed("kept")
	if got := dueIDs(b, now, 0); slices.Contains(got, "kept") {
		t.Error("postponed and yet due")
	}
	if got := dueIDs(b, now.Add(time.Second), 0); !slices.Contains(got, "kept") {
		t.Error("its time came and it is not due")
	}
}

func TestBookAddresses(t *testing.T) {
	b := newAddrMan("self")
	now := time.Unix(5, 0)
	all := func(id corepeer.ID) string { return fmt.Sprint(b.peers[id].addrs) }
	b.add("found", addrsOf(t, "/ip4/10.0.0.1/tcp/1"), false)
	b.joined("found", addrsOf(t, "/ip4/10.0.0.1/tcp/2"), now)
	if got := all("found"); got != "[/ip4/10.0.0.1/tcp/2]" {
		t.Errorf("what the peer says of itself replaces hearsay: %v", got)
	}
	b.add("kept", addrsOf(t, "/dns4/example.org/tcp/1"), true)
	for i := range 3 * maxAddrs {
		b.joined("kept", addrsOf(t, fmt.Sprint("/ip4/10.0.0.1/tcp/", i)), now)
		b.joined("kept", addrsOf(t, fmt.Sprint("/ip4/10.0.0.1/tcp/", i)), now)
	}
	c := b.peers["kept"]
	if len(c.addrs) != maxAddrs || c.addrs[0].String() != "/dns4/example.org/tcp/1" || !c.manual || !c.lastJoined.Equal(now) {
		t.Errorf("kept: %v", c)
	}
	for i := range maxKnownPeers {
		b.add(corepeer.ID(fmt.Sprint(i)), nil, false)
	}
	if len(b.peers) != maxKnownPeers || b.add("one more", nil, false) {
		t.Errorf("%d contacts", len(b.peers))
	}
	if !b.add("the user's", nil, true) {
		t.Error("a full book refused the user")
	}
	b.joined("unknown to a full book", nil, now)
	if !b.forget("kept") || b.forget("kept") {
		t.Error("forgetting")
	}
}
