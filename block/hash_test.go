package block_test

import (
	"encoding/json"
	"strings"
	"testing"

	"toychain/block"
)

func TestSum(t *testing.T) {
	// SHA-256 of SHA-256 of nothing, and of Bitcoin's genesis header.
	for _, row := range []struct{ in, want string }{
		{"", "56944c5d3f98413ef45cf54545538103cc9f298e0575820ad3591376e2e0f65d"},
		{genesisHeader, "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"},
	} {
		if got := block.Sum(unhex(t, row.in)).String(); got != row.want {
			t.Errorf("%q: %s, want %s", row.in, got, row.want)
		}
	}
}

// Hash160 of nothing, and of a key whose hash is in an output of Bitcoin's chain, which
// transaction c99c49da… spends.
func TestHash160(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{"", "b472a266d0bd89c13706a4132ccfb16f7c3b9fcb"},
		{"04b0e2c879e4daf7b9ab68350228c159766676a14f5815084ba166432aab46198d4cca98fa3e9981d0a90b2effc514b7" +
			"6279476550ba3663fdcaff94c38420e9d5",
			"dc44b1164188067c3a32d4780f5996fa14a4f2d9"},
	} {
		if got := block.Hash160(unhex(t, row.in)); string(got[:]) != string(unhex(t, row.want)) {
			t.Errorf("%q: %x, want %s", row.in, got, row.want)
		}
	}
}

func TestHashText(t *testing.T) {
	const text = "00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048"
	h, err := block.ParseHash(text)
	if err != nil || h.String() != text {
		t.Fatalf("%s, %v", h, err)
	}
	if h[31] != 0 || h[0] != 0x48 {
		t.Errorf("bytes %x are not reversed", h[:])
	}
	if h.Short() != "839a8e68" {
		t.Errorf("short %s", h.Short())
	}
	if got := (block.Hash{}).Short(); got != "00000000" {
		t.Errorf("short zero hash %s", got)
	}
	if !(block.Hash{}).IsZero() || h.IsZero() || (block.Hash{31: 1}).IsZero() {
		t.Error("IsZero is wrong")
	}
	raw, err := json.Marshal(map[string]block.Hash{"hash": h})
	if err != nil || string(raw) != `{"hash":"`+text+`"}` {
		t.Errorf("json %s, %v", raw, err)
	}
	var back map[string]block.Hash
	if err := json.Unmarshal(raw, &back); err != nil || back["hash"] != h {
		t.Errorf("json back %v, %v", back, err)
	}
}

func TestBadHashText(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"", "want 64 hex digits, got 0 characters"},
		{"839a8e68", "want 64 hex digits, got 8 characters"},
		{strings.Repeat("0", 63) + "g", "not hexadecimal"},
		{strings.Repeat("0", 66), "want 64 hex digits, got 66 characters"},
		{strings.Repeat("A", 5000), "…"}, // and not the whole text
	} {
		_, err := block.ParseHash(row.text)
		if err == nil || !strings.Contains(err.Error(), row.want) || len(err.Error()) > 200 {
			t.Errorf("%.70q: %v, want %q in it", row.text, err, row.want)
		}
		var h block.Hash
		if json.Unmarshal([]byte(`"`+row.text+`"`), &h) == nil {
			t.Errorf("%.70q: accepted from json", row.text)
		}
	}
}

func TestMustHashPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic for a text that is no hash")
		}
	}()
	block.MustHash("xyz")
}
