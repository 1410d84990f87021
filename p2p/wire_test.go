package p2p

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"toychain/block"
	"toychain/internal/alloc"
	"toychain/peer"

	"github.com/libp2p/go-libp2p/core/crypto"
	ma "github.com/multiformats/go-multiaddr"
)

const somebody = "12D3KooWGYq5gVrghhfRTCcPqjvmFwBxzXiwEBEbgGRnQZEoafUs"

// The bytes of each kind of frame, written out: changing them changes the
// protocol, and its version must change too.
func TestWireBytes(t *testing.T) {
	h1, h2 := block.Hash{0: 1, 31: 2}, block.Hash{0: 3, 31: 4}
	one := "01" + strings.Repeat("00", 30) + "02"
	two := "03" + strings.Repeat("00", 30) + "04"
	work := [32]byte{30: 0xab, 31: 0xcd}
	addr, err := ma.NewMultiaddr("/ip4/127.0.0.1/tcp/7000/p2p/" + somebody)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		got  []byte
		want string
	}{
		{"status", frameOf(kindStatus, encodeStatus(peer.Status{Tip: h1, Height: 258, Work: work, Agent: "/t/"})),
			"48000000" + "01" + one + "02010000" + strings.Repeat("00", 30) + "abcd" + "03" + "2f742f"},
		{"getheaders", appendFrame(nil, kindGetHeaders, encodeGetHeaders([]block.Hash{h1}, h2)), "40000000" + "02" + two + one},
		{"getblocks", appendFrame(nil, kindGetBlocks, encodeHashes([]block.Hash{h1, h2})), "40000000" + "04" + one + two},
		{"getpool", appendFrame(nil, kindGetPool, nil), "00000000" + "06"},
		{"missing", appendFrame(nil, kindMissing, h1[:]), "20000000" + "0a" + one},
		{"peers", appendFrame(nil, kindPeers, encodePeers([]ma.Multiaddr{addr})),
			"33000000" + "0c" + "3100" + "047f000001" + "06" + "1b58" + "a50326" + "002408011220"},
	} {
		got := hexOf(row.got)
		if row.name == "peers" && len(got) > len(row.want) { // the rest is the peer's key
			got = got[:len(row.want)]
		}
		if got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var s strings.Builder
	for _, c := range b {
		s.WriteByte(digits[c>>4])
		s.WriteByte(digits[c&15])
	}
	return s.String()
}

// Each kind at its limit is read, and one byte more is refused before it is.
func TestFrameLimits(t *testing.T) {
	limits := map[kind]int{ // literals, not the code's constants
		kindStatus: 197, kindGetHeaders: 3264, kindHeaders: 160_000, kindGetBlocks: 512, kindBlock: 1_000_000,
		kindGetPool: 0, kindPool: 960_000, kindGetTxs: 32_000, kindTx: 1_000_000, kindMissing: 32, kindGetPeers: 0, kindPeers: 51_400,
	}
	for k := kindStatus; k <= kindPeers; k++ {
		most, ok := limits[k]
		if !ok {
			t.Fatalf("%v has no limit", k)
		}
		_, payload, err := readFrame(bytes.NewReader(frameOf(k, make([]byte, most))), k)
		if err != nil || len(payload) != most {
			t.Errorf("%v of %d bytes: %d read, %v", k, most, len(payload), err)
		}
		_, _, err = readFrame(bytes.NewReader(rawFrame(most+1, k, nil)), k)
		if !isMalformed(err) {
			t.Errorf("%v of %d bytes: %v", k, most+1, err)
		}
	}
	if kindPeers.String() != "peers" || kind(99).maxPayload() != -1 || kind(0).maxPayload() != -1 {
		t.Error("a kind without name or with a limit that does not exist")
	}
}

// A broken line is not a broken protocol: nobody is banned for hanging up.
func TestFrameCutShort(t *testing.T) {
	whole := frameOf(kindBlock, make([]byte, 200_000))
	for _, n := range []int{0, 1, 4, 5, 6, 70_000, len(whole) - 1} {
		_, _, err := readFrame(bytes.NewReader(whole[:n]), kindBlock)
		if want := map[bool]error{true: io.EOF, false: io.ErrUnexpectedEOF}[n == 0]; err != want {
			t.Errorf("after %d bytes: %v, want %v", n, err, want)
		}
	}
	k, payload, err := readFrame(iotest.OneByteReader(bytes.NewReader(whole)), kindBlock)
	if err != nil || k != kindBlock || len(payload) != 200_000 {
		t.Errorf("byte by byte: %v", err)
	}
	broken := errors.New("broken")
	if _, _, err := readFrame(io.MultiReader(bytes.NewReader(whole[:9]), iotest.ErrReader(broken)), kindBlock); err != broken {
		t.Errorf("broken line: %v", err)
	}
}

// A frame that announces 1 MB and brings nothing costs nothing like that.
func TestAnnouncedIsNotAllocated(t *testing.T) {
	head := rawFrame(MaxMessage, kindBlock, nil)
	if n := alloc.Bytes(func() { readFrame(bytes.NewReader(head), kindBlock) }); n > 100_000 {
		t.Errorf("%d bytes allocated", n)
	}
}

func TestStatusRoundTrip(t *testing.T) {
	for _, s := range []peer.Status{
		{},
		{Height: math.MaxInt32, Agent: strings.Repeat("~", MaxAgent)},
		{Tip: block.Hash{5}, Height: 1, Work: [32]byte{1}, Agent: " "},
	} {
		got, err := parseStatus(encodeStatus(s))
		if err != nil || got != s {
			t.Errorf("%+v became %+v, %v", s, got, err)
		}
	}
	// What we say ourselves is cut to what others accept.
	got, err := parseStatus(encodeStatus(peer.Status{Height: -1, Agent: "tab\there é" + strings.Repeat("x", 200)}))
	if err != nil || len(got.Agent) != MaxAgent || !strings.HasPrefix(got.Agent, "tab?here ??xx") || got.Height != 0 {
		t.Errorf("%q, height %d, %v", got.Agent, got.Height, err)
	}
}

func TestPeersLimit(t *testing.T) {
	a, err := ma.NewMultiaddr("/ip4/127.0.0.1/tcp/7000/p2p/" + somebody)
	if err != nil {
		t.Fatal(err)
	}
	many := make([]ma.Multiaddr, MaxAddrs+1)
	for i := range many {
		many[i] = a
	}
	found, err := parsePeers(encodePeers(many))
	if err != nil || len(found) != MaxAddrs || found[0].ID.String() != somebody || found[0].Addrs[0].String() != "/ip4/127.0.0.1/tcp/7000" {
		t.Errorf("%d addresses, %v", len(found), err)
	}
	raw := append(encodePeers(many), encodePeers(many[:1])...)
	if _, err := parsePeers(raw); !isMalformed(err) {
		t.Errorf("101 addresses: %v", err)
	}
	for _, bad := range []string{"/ip4/127.0.0.1/tcp/7000", "/p2p/" + somebody} {
		a, err := ma.NewMultiaddr(bad)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parsePeers(encodePeers([]ma.Multiaddr{a})); !isMalformed(err) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// fuzzDecoder demands of a decoder: no panic; an error blames the peer; and what
// is accepted encodes to the same bytes.
func fuzzDecoder[T any](f *testing.F, parse func([]byte) (T, error), encode func(T) []byte) {
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := parse(b)
		if err != nil {
			if !isMalformed(err) {
				t.Fatalf("an error that blames nobody: %v", err)
			}
			return
		}
		if again := encode(v); !bytes.Equal(again, b) {
			t.Fatalf("%x became %x", b, again)
		}
	})
}

func FuzzParseStatus(f *testing.F) {
	f.Add(encodeStatus(peer.Status{Height: 3, Agent: "/x/"}))
	fuzzDecoder(f, parseStatus, encodeStatus)
}

func FuzzParseHashes(f *testing.F) {
	f.Add(make([]byte, 64))
	fuzzDecoder(f, func(b []byte) ([]block.Hash, error) { return parseHashes(b, 1, peer.MaxBlocksAsked) }, encodeHashes)
}

func FuzzParseGetHeaders(f *testing.F) {
	f.Add(make([]byte, 96))
	type request struct {
		locator []block.Hash
		stop    block.Hash
	}
	fuzzDecoder(f, func(b []byte) (r request, err error) {
		r.locator, r.stop, err = parseGetHeaders(b)
		return r, err
	}, func(r request) []byte { return encodeGetHeaders(r.locator, r.stop) })
}

func FuzzParseHeaders(f *testing.F) {
	f.Add(make([]byte, 160))
	fuzzDecoder(f, parseHeaders, encodeHeaders)
}

// Addresses have more than one form in bytes, so here encoding what was read
// gives something that reads the same.
func FuzzParsePeers(f *testing.F) {
	a, err := ma.NewMultiaddr("/ip4/127.0.0.1/tcp/7000/p2p/" + somebody)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encodePeers([]ma.Multiaddr{a, a}))
	f.Fuzz(func(t *testing.T, b []byte) {
		found, err := parsePeers(b)
		if err != nil {
			if !isMalformed(err) {
				t.Fatalf("an error that blames nobody: %v", err)
			}
			return
		}
		var all []ma.Multiaddr
		for _, info := range found {
			who, err := ma.NewComponent("p2p", info.ID.String())
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, info.Addrs[0].Encapsulate(who.Multiaddr()))
		}
		again, err := parsePeers(encodePeers(all))
		if err != nil || len(again) != len(found) {
			t.Fatalf("%v became %v, %v", found, again, err)
		}
		for i := range found {
			if again[i].ID != found[i].ID || !again[i].Addrs[0].Equal(found[i].Addrs[0]) {
				t.Fatalf("%v became %v", found[i], again[i])
			}
		}
	})
}

// A whole stream of frames: each either read, or refused for a reason.
func FuzzReadFrame(f *testing.F) {
	f.Add(append(frameOf(kindStatus, encodeStatus(peer.Status{})), frameOf(kindGetPool, nil)...))
	f.Add(rawFrame(1<<31, kindBlock, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		var again []byte
		for {
			k, payload, err := readFrame(r, kindStatus, kindGetPool, kindGetHeaders, kindHeaders, kindBlock, kindMissing)
			if err != nil {
				if err != io.EOF && err != io.ErrUnexpectedEOF && !isMalformed(err) {
					t.Fatal(err)
				}
				break
			}
			again = appendFrame(again, k, payload)
		}
		if !bytes.HasPrefix(b, again) {
			t.Fatalf("%x is not how %x begins", again, b)
		}
	})
}

func FuzzParsePeersFile(f *testing.F) {
	f.Add([]byte(`{"version":1,"peers":[{"id":"` + somebody + `","addrs":["/ip4/127.0.0.1/tcp/7000"],"good":"2026-01-03T18:15:05Z"}]}`))
	f.Add([]byte(`{"version":2,"tried":[{"id":"` + somebody + `","addrs":["/ip4/127.0.0.1/tcp/7000"],"good":"2026-01-03T18:15:05Z"}],"new":[{"id":"` +
		somebody + `","addrs":["/ip4/127.0.0.1/tcp/7000"],"source":"` + somebody + `","group":"10.1"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		peers, err := parsePeersFile(b)
		if err != nil {
			return
		}
		raw, err := encodePeersFile(peers)
		if err != nil {
			return // a time beyond the year 9999
		}
		if again, err := parsePeersFile(raw); err != nil || len(again.Tried) != len(peers.Tried) || len(again.New) != len(peers.New) {
			t.Fatalf("%s became %s: %v", b, raw, err)
		}
	})
}

// The text of a key file: what is taken is a key that writes the same key.
func FuzzParseKey(f *testing.F) {
	key, _, err := crypto.GenerateEd25519Key(bytes.NewReader(make([]byte, 64)))
	if err != nil {
		f.Fatal(err)
	}
	raw, err := crypto.MarshalPrivateKey(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(base64.StdEncoding.EncodeToString(raw) + "\n")
	f.Add(base64.StdEncoding.EncodeToString(raw[:len(raw)-1]))
	f.Fuzz(func(t *testing.T, s string) {
		key, err := parseKey(s)
		if err != nil {
			return
		}
		raw, err := crypto.MarshalPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parseKey(base64.StdEncoding.EncodeToString(raw)); err != nil || !again.Equals(key) {
			t.Fatalf("%q: %v", s, err)
		}
	})
}

// Addresses that people type: what is taken names somebody and somewhere, and reads
// the same when it is written out.
func FuzzParseAddr(f *testing.F) {
	f.Add("/ip4/127.0.0.1/tcp/7000/p2p/" + somebody)
	f.Add("/dns4/example.org/tcp/7000/p2p/" + somebody)
	f.Add("/p2p/" + somebody)
	f.Add("/ip4/0.0.0.0/tcp/0")
	f.Fuzz(func(t *testing.T, s string) {
		if listen, err := parseListen([]string{s}); err == nil && len(listen) != 1 {
			t.Fatalf("listens on %v", listen)
		}
		info, err := parseAddr(s)
		if err != nil {
			return
		}
		id, err := decode(text(info.ID))
		if err != nil || id != info.ID || len(info.Addrs) == 0 {
			t.Fatalf("%q is %v: %v", s, info, err)
		}
		again, err := parseAddr(info.Addrs[0].String() + "/p2p/" + info.ID.String())
		if err != nil || again.ID != info.ID || !again.Addrs[0].Equal(info.Addrs[0]) {
			t.Fatalf("%q became %v: %v", s, again, err)
		}
	})
}
