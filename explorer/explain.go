package explorer

import (
	"encoding/hex"
	"fmt"
	"time"

	"toychain/block"
	"toychain/pow"
	"toychain/rpc"
)

// field is a part of a header, with its bytes and a sentence.
type field struct {
	Class string // its colour
	Name  string
	Bytes string // hex, as they are hashed
	Value string
	Says  string
}

// comparison is a hash beside its target, as numbers of 64 hex digits.
type comparison struct{ Hash, Target string }

// explainHeader splits a header into its fields.
func explainHeader(h *rpc.Header) ([]field, comparison) {
	bits, err := pow.ParseBits(h.Bits)
	if err != nil {
		return nil, comparison{}
	}
	raw := (&block.Header{Version: h.Version, Prev: h.PreviousBlockHash, MerkleRoot: h.MerkleRoot, Time: h.Time, Bits: bits, Nonce: h.Nonce}).Bytes()
	part := func(from, to int) string { return hex.EncodeToString(raw[from:to]) }
	fields := []field{
		{"f1", "version", part(0, 4), fmt.Sprintf("%d", h.Version), "The format of the block: which rules its miner knew."},
		{"f2", "previous block", part(4, 36), h.PreviousBlockHash.String(), "The hash of the parent's header: it makes the blocks a chain. Hashes are displayed with their bytes reversed."},
		{"f3", "merkle root", part(36, 68), h.MerkleRoot.String(), "One hash over all transactions: none of them can change without changing it."},
		{"f4", "time", part(68, 72), clock(int64(h.Time) * 1000), "When the miner says that it began, in seconds since 1970."},
		{"f5", "bits", part(72, 76), h.Bits, "The target in four bytes: an exponent and three digits."},
		{"f6", "nonce", part(76, 80), fmt.Sprintf("%d", h.Nonce), "What the miner varied until the hash was below the target."},
	}
	out := comparison{Hash: h.Hash.String()}
	if t, err := pow.TargetFromBits(bits); err == nil {
		out.Target = t.String()
	}
	return fields, out
}

// merkleStep is a level of a merkle path: the two hashes that are hashed together.
type merkleStep struct {
	Left, Right block.Hash
	OnPath      string // left or right: which of them the path comes from
	Sum         block.Hash
	Twice       bool // the last hash of a level with an odd number is paired with itself
}

// merklePath returns the steps from the transaction at index up to the root.
func merklePath(level []block.Hash, index int) (out []merkleStep) {
	for len(level) > 1 {
		var next []block.Hash
		for i := 0; i < len(level); i += 2 {
			left, right := level[i], level[min(i+1, len(level)-1)]
			sum := block.Sum(append(left[:len(left):len(left)], right[:]...))
			if i/2 == index/2 {
				out = append(out, merkleStep{left, right, []string{"left", "right"}[index%2], sum, i+1 == len(level)})
			}
			next = append(next, sum)
		}
		level, index = next, index/2
	}
	return out
}

// scriptWords describes an output's script.
func scriptWords(s *rpc.Script) string {
	switch {
	case s.Address != "":
		return "A signature with the key of " + s.Address + " spends it."
	case s.Type == "nulldata":
		return "It carries data and can never be spent."
	}
	return "A script that this network does not know: it is valid, and cannot be spent here."
}

// proofWords describes an input's script.
func proofWords(script string) string {
	raw, err := hex.DecodeString(script)
	if err == nil {
		if sig, key, _, err := block.ParsePubKeyHashInput(raw); err == nil && len(sig) > 0 {
			covers := map[byte]string{1: "all inputs and outputs", 2: "all inputs and no output", 3: "all inputs and the output at its place"}[sig[len(sig)-1]&0x7f]
			if covers == "" {
				covers = "what its last byte says"
			}
			return fmt.Sprintf("Its script has a signature of %d bytes, which covers %s, and the public key, %d bytes, whose hash is the address.", len(sig), covers, len(key))
		}
	}
	return fmt.Sprintf("Its script of %s has another form than signature and public key.", plural(len(raw), "byte"))
}

// sequenceWords explains an input's sequence number.
func sequenceWords(n uint32) string {
	const final, relative = 0xffffffff, 1 << 31
	switch {
	case n == final:
		return fmt.Sprintf("Sequence %#x: final, and the lock time does not count for it.", n)
	case n == final-1:
		return fmt.Sprintf("Sequence %#x: the lock time counts, and no payment with a higher fee may replace this one.", n)
	case n >= relative:
		return fmt.Sprintf("Sequence %#x: a payment with a higher fee may replace this one while it waits (BIP125).", n)
	}
	return fmt.Sprintf("Sequence %#x: in a transaction of version 2 or more the coin must have this age, and a higher fee may replace the payment (BIP68, BIP125).", n)
}

// clock returns a time in milliseconds since 1970 as text.
func clock(ms int64) string {
	if ms == 0 {
		return "unknown"
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04:05") + " UTC"
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func coins(a block.Amount) string { return a.String() }
