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

// dueIDs is toDial, as sorted names.
func dueIDs(b *addrMan, now time.Time, room int) (ids []string) {
	for _, info := range b.toDial(now, room, anybody) {
		ids = append(ids, string(info.ID))
	}
	slices.Sort(ids)
	return ids
}

// teller returns a connected source of hearsay at an address.
func teller(t testing.TB, b *addrMan, id corepeer.ID, addr string) source {
	at := addrsOf(t, addr)[0]
	b.joined(id, nil, nil, at, time.Unix(0, 0))
	return source{id, at}
}

// tell has a source tell of one peer.
func tell(t testing.TB, b *addrMan, from source, id corepeer.ID, now time.Time, addrs ...string) bool {
	return b.hear(from, []corepeer.AddrInfo{{ID: id, Addrs: addrsOf(t, addrs...)}}, now)
}

// That a peer is missed is news once until it joins again, and only of a peer that the
// user named.
func TestBookMissed(t *testing.T) {
	b := newAddrMan("self")
	at := addrsOf(t, "/ip4/127.0.0.1/tcp/1")
	b.name("kept", at)
	tell(t, b, local, "found", time.Unix(0, 0), "/ip4/127.0.0.1/tcp/1")
	var news []bool
	miss := func(id corepeer.ID) { news = append(news, b.reportOnce(id)) }
	miss("found")
	miss("nobody")
	miss("kept")
	miss("kept")
	b.retry()
	b.heal("kept")
	miss("kept")
	b.joined("kept", at, at, at[0], time.Unix(0, 0))
	miss("kept")
	miss("kept")
	if want := []bool{false, false, true, false, false, true, false}; !slices.Equal(news, want) {
		t.Errorf("news %v, want %v", news, want)
	}
}

// A heal restores the connection that was ours when the blocklist closed it, or a moment before,
// without room for it, and tries that a few times; if there is none, one other peer is dialed.
func TestBookCut(t *testing.T) {
	now := time.Unix(1000, 0)
	at := addrsOf(t, "/ip4/127.0.0.1/tcp/1")
	for _, c := range []struct {
		ours bool
		gone time.Duration // before the blocklist came
		want []string
	}{
		{true, 0, []string{"cut"}},
		{true, cutWithin - 1, []string{"cut"}},
		{true, cutWithin, nil},
		{false, 0, nil},
	} {
		b := newAddrMan("self")
		for _, id := range []corepeer.ID{"cut", "other", "third"} {
			b.joined(id, at, nil, at[0], now)
			b.left(id, now)
		}
		b.peers["cut"].ours = c.ours
		for id := range b.peers {
			b.cutOff(id, now.Add(c.gone))
		}
		b.healCut([]corepeer.ID{"cut", "other", "third", "unknown"}, now)
		due := dueIDs(b, now, 0)
		if c.want == nil && len(due) != 1 || c.want != nil && !slices.Equal(due, c.want) {
			t.Errorf("ours %v, gone %v before: without room %v are due", c.ours, c.gone, due)
		}
		for i := range healDials {
			id := corepeer.ID(due[0])
			b.ended(id)
			b.failed(id, now)
			now = now.Add(time.Minute)
			if again := len(dueIDs(b, now, 0)) > 0; again != (i+1 < healDials) {
				t.Errorf("due after %d failed dials: %v", i+1, again)
			}
		}
	}
}

// A heal restores connections one after the other: what is far behind catches up over the first.
// What is connected again by then takes no turn.
func TestBookHealOneByOne(t *testing.T) {
	now := time.Unix(1000, 0)
	at := addrsOf(t, "/ip4/127.0.0.1/tcp/1")
	b := newAddrMan("self")
	ids := []corepeer.ID{"a", "b", "c", "back", "other"}
	for _, id := range ids {
		b.joined(id, at, nil, at[0], now)
		b.peers[id].ours = id != "other"
		b.left(id, now)
		b.cutOff(id, now)
	}
	b.name("other", at) // the user's: restored, too
	b.joined("back", nil, nil, at[0], now)
	b.healCut(ids, now)
	var restored []string
	may := func(id corepeer.ID) bool { return !b.peers[id].connected }
	for i := range 5 {
		due := b.toDial(now.Add(time.Duration(i)*healEvery), 0, may)
		if len(due) != min(1, max(0, 4-i)) {
			t.Errorf("after %d turns %v are due", i, due)
		}
		for _, info := range due {
			restored = append(restored, string(info.ID))
			b.joined(info.ID, at, nil, at[0], now)
		}
	}
	slices.Sort(restored)
	if want := []string{"a", "b", "c", "other"}; !slices.Equal(restored, want) {
		t.Errorf("restored %q, want %q", restored, want)
	}
}

// The waits double from 250 ms to 10 s for a peer the user named, and to a minute for
// others. Hearsay is deleted after ten failures; an address that worked stays.
func TestBookBackoff(t *testing.T) {
	b := newAddrMan("self")
	at := addrsOf(t, "/ip4/127.0.0.1/tcp/1")
	now := time.Unix(0, 0)
	b.name("kept", at)
	tell(t, b, local, "found", now, "/ip4/127.0.0.1/tcp/1")
	b.joined("tried", at, nil, at[0], now)
	b.left("tried", now)
	waits := map[string][]string{}
	fail := func(id corepeer.ID) time.Duration {
		if !slices.Contains(dueIDs(b, now, 9), string(id)) {
			t.Fatalf("%s is not due", id)
		}
		for id := range b.peers {
			b.ended(id)
		}
		b.failed(id, now)
		wait := b.peers[id].nextDial.Sub(now)
		waits[string(id)] = append(waits[string(id)], wait.String())
		return wait
	}
	for range 9 {
		now = now.Add(max(fail("kept"), fail("found"), fail("tried")))
	}
	for id, want := range map[string][]string{
		"kept":  {"250ms", "500ms", "1s", "2s", "4s", "8s", "10s", "10s", "10s"},
		"found": {"250ms", "500ms", "1s", "2s", "4s", "8s", "16s", "32s", "1m0s"},
		"tried": {"250ms", "500ms", "1s", "2s", "4s", "8s", "16s", "32s", "1m0s"},
	} {
		if !slices.Equal(waits[id], want) {
			t.Errorf("%s waits %v, want %v", id, waits[id], want)
		}
	}
	b.toDial(now, 9, anybody)
	b.ended("found")
	b.failed("found", now)
	for range 100 {
		b.failed("kept", now)
		b.failed("tried", now)
	}
	if b.peers["kept"] == nil || b.peers["tried"] == nil || b.peers["found"] != nil {
		t.Error("who was forgotten?")
	}
	if got := b.nextDial(now); got.Sub(now) != 10*time.Second {
		t.Errorf("next call after %v", got.Sub(now))
	}
	b.ended("kept")
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
	b.name("self", at)
	b.name("kept", at)
	b.joined("without address", nil, nil, at[0], now)
	tell(t, b, local, "healed", now, "/ip4/127.0.0.1/tcp/1")
	b.heal("healed")
	for i := range 5 {
		tell(t, b, local, corepeer.ID(fmt.Sprint("found ", i)), now, "/ip4/127.0.0.1/tcp/1")
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
	b.ended("kept")
	b.ended("healed")
	if got := dueIDs(b, now, 4); len(got) != 4 || !slices.Contains(got, "kept") {
		t.Fatalf("with room for four %v", got)
	}
	for id := range b.peers {
		b.ended(id)
	}
	refused := b.toDial(now, 10, func(p corepeer.ID) bool { return p != "kept" && p != "healed" })
	if len(refused) != 5 {
		t.Errorf("%d of five may be called", len(refused))
	}
	b.postpone("kept", now.Add(time.Second))
	b.ended("kept")
	if got := dueIDs(b, now, 0); slices.Contains(got, "kept") {
		t.Error("postponed and yet due")
	}
	if got := dueIDs(b, now.Add(time.Second), 0); !slices.Contains(got, "kept") {
		t.Error("its time came and it is not due")
	}
}

// The addresses that a joined peer says count as tried if we dialed it, and else as hearsay
// of its own. What the user named is first and stays.
func TestBookAddresses(t *testing.T) {
	b := newAddrMan("self")
	now := time.Unix(5, 0)
	from := addrsOf(t, "/ip4/10.0.0.1/tcp/50000")[0]
	told := func(id corepeer.ID) string { return fmt.Sprint(b.toTell(id)) }
	b.joined("inbound", nil, addrsOf(t, "/ip4/10.0.0.1/tcp/1"), from, now)
	if c := b.peers["inbound"]; len(c.tried) != 0 || told("inbound") != "[/ip4/10.0.0.1/tcp/1]" {
		t.Errorf("tried %v, told %v", c.tried, told("inbound"))
	}
	b.joined("inbound", addrsOf(t, "/ip4/10.0.0.1/tcp/2"), addrsOf(t, "/ip4/10.0.0.1/tcp/3"), from, now)
	if got := told("inbound"); got != "[/ip4/10.0.0.1/tcp/2 /ip4/10.0.0.1/tcp/3]" {
		t.Errorf("dialed, told %v", got)
	}
	b.name("kept", addrsOf(t, "/dns4/example.org/tcp/1"))
	for i := range 3 * maxAddrs {
		at := addrsOf(t, fmt.Sprint("/ip4/10.0.0.1/tcp/", i))
		b.joined("kept", at, append(at, addrsOf(t, "/ip4/1.1.1.1/tcp/1", "/ip4/1.1.1.2/tcp/1", "/ip4/1.1.1.3/tcp/1", "/ip4/1.1.1.4/tcp/1",
			"/ip4/1.1.1.5/tcp/1", "/ip4/1.1.1.6/tcp/1", "/ip4/1.1.1.7/tcp/1", "/ip4/1.1.1.8/tcp/1")...), from, now)
	}
	c := b.peers["kept"]
	if len(c.tried) != maxAddrs || c.named[0].String() != "/dns4/example.org/tcp/1" || !c.manual() || !c.lastJoined.Equal(now) {
		t.Errorf("kept: %v", c)
	}
	if got := len(b.toTell("kept")); got != maxHeard {
		t.Errorf("%d addresses are told, want %d", got, maxHeard)
	}
	for i := range maxTried + 9 {
		id := corepeer.ID(fmt.Sprint(i))
		b.joined(id, addrsOf(t, "/ip4/10.0.0.1/tcp/1"), nil, from, now.Add(time.Duration(i)))
		b.left(id, now)
	}
	if tried, _ := b.tables(); len(tried) != maxTried || b.peers["0"] != nil || b.peers["kept"] == nil {
		t.Errorf("%d in tried", len(tried))
	}
	if !b.forget("kept") || b.forget("kept") {
		t.Error("forgetting")
	}
}

// An attacker tells false addresses of a connected peer, and of one that joined before: the
// true address stays, is saved and told, and is dialed first.
func TestHearsayDoesNotReplace(t *testing.T) {
	b := newAddrMan("self")
	now := time.Unix(5, 0)
	evil := teller(t, b, "evil", "/ip4/127.0.0.1/tcp/6666")
	at := addrsOf(t, "/ip4/127.0.0.1/tcp/1")
	b.joined("friend", at, nil, at[0], now)
	b.joined("inbound", nil, at, at[0], now)
	lie := func() {
		for i := range 3 * maxAddrs {
			tell(t, b, evil, "friend", now, fmt.Sprint("/ip4/127.0.0.1/tcp/", 100+i))
			tell(t, b, evil, "inbound", now, fmt.Sprint("/ip4/127.0.0.1/tcp/", 100+i))
		}
	}
	lie()
	if _, heard := b.tables(); len(heard) != 1 {
		t.Errorf("hearsay about connected peers: %v", heard)
	}
	b.left("friend", now)
	b.left("inbound", now)
	lie()
	for _, id := range []corepeer.ID{"friend", "inbound"} {
		if got := fmt.Sprint(b.toTell(id)); got != "[/ip4/127.0.0.1/tcp/1]" {
			t.Errorf("told of %s: %v", id, got)
		}
		if list := b.toDial(now, 9, func(p corepeer.ID) bool { return p == id }); len(list) != 1 || fmt.Sprint(list[0].Addrs) != "[/ip4/127.0.0.1/tcp/1]" {
			t.Errorf("dialed is %v", list)
		}
		b.ended(id)
	}
	b.failed("friend", now) // it has moved: now hearsay has its turn
	if list := b.toDial(now.Add(time.Minute), 9, anybody); !slices.ContainsFunc(list, func(i corepeer.AddrInfo) bool {
		return i.ID == "friend" && fmt.Sprint(i.Addrs) != "[/ip4/127.0.0.1/tcp/1]"
	}) {
		t.Errorf("dialed is %v", list)
	}
}

// Ten keys tell as many peers as they may: an honest source is heard all the same, and what
// it tells stays. In one network, ten keys have a quarter of the table.
func TestTenKeysDoNotFillTheBook(t *testing.T) {
	for host, most := range map[string]int{"127.0.0.1": maxNew, "10.1.0.1": maxFromGroup} {
		b := newAddrMan("self")
		now := time.Unix(5, 0)
		flood := func(round int) {
			for k := range 10 {
				from := teller(t, b, corepeer.ID(fmt.Sprint("evil ", k)), "/ip4/"+host+"/tcp/6666")
				for i := range 2 * maxFromSource {
					tell(t, b, from, corepeer.ID(fmt.Sprint(k, " ", i, " ", round)), now, "/ip4/"+host+"/tcp/1")
				}
			}
		}
		flood(0)
		if _, heard := b.tables(); len(heard) != most {
			t.Errorf("%s: %d entries, want %d", host, len(heard), most)
		}
		good := teller(t, b, "good", "/ip4/10.2.0.1/tcp/1")
		for i := range 20 {
			if !tell(t, b, good, corepeer.ID(fmt.Sprint("friend ", i)), now, "/ip4/10.2.0.9/tcp/1") {
				t.Fatalf("%s: the honest source is not heard", host)
			}
		}
		for round := range 3 {
			now = now.Add(time.Hour)
			flood(1 + round)
		}
		for i := range 20 {
			if b.told(corepeer.ID(fmt.Sprint("friend ", i)), "good") == nil {
				t.Errorf("%s: what the honest source told is gone", host)
			}
		}
	}
}

// A thousand keys dial the node, say where they listen, and leave: what an honest source told
// stays, and so does what a connected peer said.
func TestKeysThatComeAndGo(t *testing.T) {
	b := newAddrMan("self")
	now := time.Unix(5, 0)
	at := addrsOf(t, "/ip4/10.1.0.1/tcp/1")
	good := teller(t, b, "good", "/ip4/10.1.0.9/tcp/1")
	for i := range 20 {
		tell(t, b, good, corepeer.ID(fmt.Sprint("friend ", i)), now, "/ip4/10.1.0.9/tcp/1")
	}
	b.joined("early", nil, at, at[0], now)
	for i := range 1000 {
		id := corepeer.ID(fmt.Sprint(i))
		b.joined(id, nil, at, at[0], now)
		b.left(id, now)
	}
	b.joined("late", nil, at, at[0], now)
	if len(b.toTell("early")) != 1 || len(b.toTell("late")) != 1 {
		t.Error("a connected peer is not told to others")
	}
	if _, heard := b.tables(); len(heard) != maxFromGroup+20 {
		t.Errorf("%d entries, want %d", len(heard), maxFromGroup+20)
	}
}

// One source tells a hundred unknown peers at once and six more in a minute.
func TestTellRate(t *testing.T) {
	b := newAddrMan("self")
	from := teller(t, b, "source", "/ip4/127.0.0.1/tcp/1")
	now, n := time.Unix(5, 0), 0
	for minute, want := range []int{100, 6, 6} {
		news := 0
		for range 2 * MaxAddrs {
			n++
			id := corepeer.ID(fmt.Sprint(n))
			if tell(t, b, from, id, now, "/ip4/127.0.0.1/tcp/1") {
				news++
			}
			if minute > 0 { // in another test its share is full
				b.forget(id)
			}
		}
		for id := range b.peers {
			if id != from.id {
				b.forget(id)
			}
		}
		if news != want {
			t.Errorf("minute %d: %d peers, want %d", minute, news, want)
		}
		now = now.Add(time.Minute)
	}
}

// However many addresses a node hears, it dials sixteen at once and twelve more in a minute.
// Those that the user named or healed, and those that worked, are dialed as before.
func TestDialRate(t *testing.T) {
	b := newAddrMan("self")
	now := time.Unix(5, 0)
	for k := range 10 {
		from := teller(t, b, corepeer.ID(fmt.Sprint("evil ", k)), "/ip4/127.0.0.1/tcp/1")
		for i := range maxFromSource {
			tell(t, b, from, corepeer.ID(fmt.Sprint(k, " ", i)), now, "/ip4/127.0.0.1/tcp/1")
		}
	}
	dials := func() (n int) {
		for range 60 {
			now = now.Add(time.Second)
			for _, info := range b.toDial(now, MaxOut, anybody) {
				b.ended(info.ID)
				b.failed(info.ID, now)
				n++
			}
		}
		return n
	}
	if first, second := dials(), dials(); first > 16+12 || second != 12 {
		t.Errorf("%d dials in the first minute and %d in the second, want 28 and 12", first, second)
	}
	at := addrsOf(t, "/ip4/127.0.0.1/tcp/1")
	for i := range 50 {
		b.joined(corepeer.ID(fmt.Sprint("tried ", i)), at, nil, at[0], now)
		b.left(corepeer.ID(fmt.Sprint("tried ", i)), now)
		b.name(corepeer.ID(fmt.Sprint("named ", i)), at)
		tell(t, b, local, corepeer.ID(fmt.Sprint("healed ", i)), now, "/ip4/127.0.0.1/tcp/1")
		b.heal(corepeer.ID(fmt.Sprint("healed ", i)))
	}
	if n := len(b.toDial(now, 1000, anybody)); n != 150 {
		t.Errorf("%d dials of known peers, want 150", n)
	}
}

// An address in a private network counts only from a source that is there.
func TestPrivateAddresses(t *testing.T) {
	addrs := addrsOf(t, "/ip4/127.0.0.1/tcp/1", "/ip6/::1/tcp/1", "/ip4/192.168.1.1/tcp/1", "/ip4/10.0.0.1/tcp/1", "/ip4/169.254.0.1/tcp/1",
		"/ip4/8.8.8.8/tcp/1", "/dns4/example.org/tcp/1", "/ip4/0.0.0.0/tcp/1", "/ip4/224.0.0.1/tcp/1", "/ip4/8.8.8.8/udp/1")
	for from, want := range map[string]int{"/ip4/127.0.0.1/tcp/9": 7, "/ip4/192.168.7.7/tcp/9": 5, "/ip4/9.9.9.9/tcp/9": 2} {
		if got := (source{"s", addrsOf(t, from)[0]}).credible(addrs); len(got) != want {
			t.Errorf("from %s: %v, want %d", from, got, want)
		}
	}
	for addr, want := range map[string]string{"/ip4/127.0.0.1/tcp/1": "", "/ip4/10.1.2.3/tcp/1": "10.1", "/ip6/2001:db8::1/tcp/1": "20010db8"} {
		if got := groupOf(addrsOf(t, addr)[0]); got != want {
			t.Errorf("%s is in group %q, want %q", addr, got, want)
		}
	}
}

// The file keeps both tables; a file of version 1 is read as what each peer said of itself.
func TestPeersFileTables(t *testing.T) {
	b := newAddrMan("self")
	now := time.Unix(1_800_000_000, 0)
	at := addrsOf(t, "/ip4/10.1.0.1/tcp/1")
	friend := mustDecode(t, somebody)
	from := teller(t, b, friend, "/ip4/10.1.0.1/tcp/1")
	b.joined(friend, at, nil, at[0], now)
	tell(t, b, from, friend[:len(friend)-1]+"x", now, "/ip4/10.1.0.2/tcp/1")
	tell(t, b, local, friend[:len(friend)-1]+"y", now, "/ip4/10.1.0.3/tcp/1")
	tried, heard := b.tables()
	raw, err := encodePeersFile(peersFile{Version: peersVersion, Tried: tried, New: heard})
	if err != nil {
		t.Fatal(err)
	}
	f, err := parsePeersFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	again := newAddrMan("self")
	again.load(f)
	if tried2, heard2 := again.tables(); fmt.Sprint(tried2, heard2) != fmt.Sprint(tried, heard) || len(tried) != 1 || len(heard) != 2 {
		t.Errorf("read %v %v, want %v %v", tried2, heard2, tried, heard)
	}
	f, err = parsePeersFile([]byte(`{"version": 1, "peers": [{"id": "` + somebody + `", "addrs": ["/ip4/10.1.0.1/tcp/1"], "good": "2026-01-03T18:15:05Z"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	old := newAddrMan("self")
	old.load(f)
	if tried, heard := old.tables(); len(tried) != 0 || len(heard) != 1 || heard[0].Source != "" || len(old.toTell(friend)) != 1 {
		t.Errorf("version 1: %v %v", tried, heard)
	}
}

func mustDecode(t testing.TB, s string) corepeer.ID {
	id, err := corepeer.Decode(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
