package pow

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"toychain/block"
	"toychain/internal/sha256d"
)

// Headers of Bitcoin, each with the hash that its miner found.
var realHeaders = []struct{ what, header, hash string }{
	{"genesis",
		"0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e" +
			"67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c",
		"000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"},
	{"block 1",
		"010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe680e" +
			"1fee14677ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299",
		"00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048"},
	{"block 125,552",
		"0100000081cd02ab7e569e8bcd9317e2fe99f2de44d49ab2b8851ba4a308000000000000e320b6c2fffc8d750423db8b" +
			"1eb942ae710e951ed797f7affc8892b0f1fc122bc7f5d74df2b9441a42a14695",
		"00000000000000001e8d6829a8a21adc5d38d0a473b144b6765798e61f98bd1d"},
	{"genesis of regtest",
		"0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e" +
			"67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f2002000000",
		"0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"},
}

// Every kernel finds the nonces that Bitcoin's miners found.
func TestSearchFindsBitcoinsNonces(t *testing.T) {
	for _, row := range realHeaders {
		raw, err := hex.DecodeString(row.header)
		if err != nil {
			t.Fatal(err)
		}
		mined, err := block.ParseHeader(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := mined.Hash().String(); got != row.hash {
			t.Fatalf("%s: hash %s, want %s", row.what, got, row.hash)
		}
		target := fromBits(t, mined.Bits)
		from := mined.Nonce - min(mined.Nonce, 50_000)
		if mined.Bits == 0x207fffff {
			from = mined.Nonce // many nonces win on regtest
		}
		for _, k := range sha256d.Kernels() {
			h := mined
			h.Nonce = 0
			tried, found := search(k, &h, target, from, 60_000)
			if !found || h != mined || tried != uint64(mined.Nonce-from)+1 {
				t.Errorf("%s: %s: found %v, nonce %d after %d tries, want %d",
					row.what, k.Name, found, h.Nonce, tried, mined.Nonce)
			}
		}
	}
}

// searchOracle returns what Search must return, in the most obvious way.
func searchOracle(h *block.Header, t Target, from uint32, n uint64) (tried uint64, found bool) {
	try := *h
	for nonce := uint64(from); nonce < 1<<32 && tried < n; nonce++ {
		try.Nonce = uint32(nonce)
		tried++
		if t.Met(try.Hash()) {
			h.Nonce = uint32(nonce)
			return tried, true
		}
	}
	return tried, false
}

func drawHeader(t *rapid.T) (h block.Header) {
	raw := rapid.SliceOfN(rapid.Byte(), block.HeaderSize, block.HeaderSize).Draw(t, "header")
	h, err := block.ParseHeader(raw)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Every kernel agrees with the oracle on any header, range of nonces and target: targets
// that all hashes meet, none, or one in a few.
func TestSearchAgreesWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, target := drawHeader(t), Target{drawNumber(t, "target")}
		target.n = target.n.shr(rapid.UintRange(0, 12).Draw(t, "hardness"))
		from := rapid.OneOf(rapid.Uint32(), rapid.Uint32Min(1<<32-400)).Draw(t, "from")
		n := rapid.Uint64Range(0, 500).Draw(t, "n")

		want := h
		wantTried, wantFound := searchOracle(&want, target, from, n)
		for _, k := range sha256d.Kernels() {
			got := h
			if tried, found := search(k, &got, target, from, n); tried != wantTried || found != wantFound || got != want {
				t.Fatalf("%s: tried %d, found %v, nonce %d; want %d, %v, %d",
					k.Name, tried, found, got.Nonce, wantTried, wantFound, want.Nonce)
			}
		}
	})
}

// A target equal to the smallest hash of a few nonces is met by that nonce alone, and a
// target of one less by none, though the highest 32 bits, which kernels compare, are equal.
func TestSearchAtTheEdgeOfTheTarget(t *testing.T) {
	const n = 5
	rapid.Check(t, func(t *rapid.T) {
		h := drawHeader(t)
		h.Nonce = min(h.Nonce, 1<<32-n)
		smallest, best := number(h.Hash()), h
		for i := range uint32(n) {
			try := h
			try.Nonce += i
			if x := number(try.Hash()); x.cmp(smallest) < 0 {
				smallest, best = x, try
			}
		}
		for _, k := range sha256d.Kernels() {
			got := h
			tried, found := search(k, &got, Target{smallest}, h.Nonce, n)
			if !found || got != best || tried != uint64(best.Nonce-h.Nonce)+1 {
				t.Fatalf("%s: target equal to the hash of nonce %d: found %v, nonce %d", k.Name, best.Nonce, found, got.Nonce)
			}
			got = h
			tried, found = search(k, &got, Target{smallest.sub(uint256{1})}, h.Nonce, n)
			if found || got != h || tried != n {
				t.Fatalf("%s: target below every hash: tried %d, found %v", k.Name, tried, found)
			}
		}
	})
}

// A scan finds a candidate at any distance, and reports none at n or beyond: scans of
// many lengths start at many distances before a candidate that has no other near it. The
// candidate is some nonce, the last nonce, or nonce 0, which a scan that counts past the
// last nonce would reach.
func TestScanFindsTheFirstCandidate(t *testing.T) {
	const far = 40
	for _, best := range []uint64{1000, 1<<32 - 1, 1 << 32} {
		h := block.Header{Version: 1}
		top := func(nonce uint64) uint64 {
			try := h
			try.Nonce = uint32(nonce)
			return number(try.Hash())[3] >> 32
		}
		alone := func() bool {
			for i := best - far; i < best+far; i++ {
				if i != best && top(i) <= top(best) {
					return false
				}
			}
			return true
		}
		for !alone() {
			h.Time++
		}
		raw := h.Bytes()
		j := sha256d.NewJob(&raw, uint32(top(best)))
		for from := best - far; from <= min(best, 1<<32-1); from++ {
			for n := uint64(1); n <= min(far, 1<<32-from); n++ {
				for _, k := range sha256d.Kernels() {
					if got, want := k.Scan(j, uint32(from), n), min(best-from, n); got != want {
						t.Fatalf("%s: nonces %d to %d: %d before the first candidate, want %d",
							k.Name, from, from+n-1, got, want)
					}
				}
			}
		}
	}
}

// Every winner of a long range is found, also where a kernel's pieces meet.
func TestSearchFindsEveryWinner(t *testing.T) {
	const n = 100_000
	rng := rand.New(rand.NewPCG(1, 2))
	h := block.Header{Version: 4, Time: rng.Uint32(), Bits: 0x207fffff}
	target := fromBits(t, 0x1f07ffff) // one in 8192
	winners := func(k sha256d.Kernel) (all []uint32) {
		h, from, left := h, uint32(1<<32-n-5), uint64(n)
		for left > 0 {
			tried, found := search(k, &h, target, from, left)
			if found {
				all = append(all, h.Nonce)
			}
			from, left = from+uint32(tried), left-tried
		}
		return all
	}
	var want []uint32
	for from := uint32(1<<32 - n - 5); from < 1<<32-5; from++ {
		h.Nonce = from
		if target.Met(h.Hash()) {
			want = append(want, from)
		}
	}
	if len(want) == 0 {
		t.Fatal("no nonce wins: choose another header")
	}
	for _, k := range sha256d.Kernels() {
		got := winners(k)
		if len(got) != len(want) {
			t.Fatalf("%s: winners %d, want %d", k.Name, got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("%s: winners %d, want %d", k.Name, got, want)
			}
		}
	}
}

// The last nonce is ffffffff: a search ends there, even if n is larger, and never starts
// over at 0.
func TestSearchEndsAtTheLastNonce(t *testing.T) {
	for _, k := range sha256d.Kernels() {
		h := block.Header{Nonce: 7}
		if tried, found := search(k, &h, Target{}, 1<<32-10, 1<<40); tried != 10 || found || h.Nonce != 7 {
			t.Errorf("%s: tried %d of the last 10, found %v, nonce %d", k.Name, tried, found, h.Nonce)
		}
	}
}

// Compare figures of one run: the naive loop, and each kernel of this machine.

func BenchmarkSearchNaive(b *testing.B) {
	h, target := benchHeader(b)
	raw := h.Bytes()
	for i := range uint32(b.N) {
		binary.LittleEndian.PutUint32(raw[76:], i)
		first := sha256.Sum256(raw[:])
		if target.Met(sha256.Sum256(first[:])) {
			b.Fatal("met a target that no search should meet")
		}
	}
	reportRate(b)
}

func BenchmarkSearch(b *testing.B) {
	h, target := benchHeader(b)
	if _, found := Search(&h, target, 0, uint64(b.N)); found {
		b.Fatal("met a target that no search should meet")
	}
	reportRate(b)
}

func BenchmarkKernel(b *testing.B) {
	for _, k := range sha256d.Kernels() {
		b.Run(k.Name, func(b *testing.B) {
			h, target := benchHeader(b)
			if _, found := search(k, &h, target, 0, uint64(b.N)); found {
				b.Fatal("met a target that no search should meet")
			}
			reportRate(b)
		})
	}
}

// benchHeader returns a header with a target that no search will meet.
func benchHeader(b *testing.B) (block.Header, Target) {
	return block.Header{Version: 1, Time: 1231006505, Bits: 0x03000001}, fromBits(b, 0x03000001)
}

func reportRate(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "MH/s")
}
