//go:build libsecp256k1

package curve

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"toychain/block"
	"toychain/consensus"
)

func init() { checks["libsecp256k1"] = libsecp256k1Check }

// Wycheproof's vectors for ECDSA as Bitcoin uses it, which the library's own tests read and
// which its module carries. They ask for a low S; that is policy, and our rule takes both.
func TestWycheproof(t *testing.T) {
	out, err := exec.Command("go", "list", "-tags", "libsecp256k1", "-f", "{{.Dir}}", "github.com/ethereum/go-ethereum/crypto/secp256k1").Output()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "libsecp256k1", "src", "wycheproof", "ecdsa_secp256k1_sha256_bitcoin_test.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		NumberOfTests int
		TestGroups    []struct {
			PublicKey struct{ Uncompressed string }
			Tests     []struct {
				TcID                      int
				Comment, Msg, Sig, Result string
			}
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	bin := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	seen, valid, highS := 0, 0, 0
	for _, g := range file.TestGroups {
		for _, v := range g.Tests {
			seen++
			sig, err := consensus.StrictDER(bin(v.Sig))
			if err == nil {
				err = agree(t, bin(g.PublicKey.Uncompressed), sig, block.Hash(sha256.Sum256(bin(v.Msg))))
			}
			want := v.Result == "valid"
			if want {
				valid++
			} else if err == nil {
				if s := sig.S(); s.IsOverHalfOrder() {
					highS++
					want = true
				}
			}
			if (err == nil) != want {
				t.Errorf("vector %d, %s (%s): %v", v.TcID, v.Comment, v.Result, err)
			}
		}
	}
	if seen != file.NumberOfTests || seen != 463 {
		t.Errorf("%d vectors, of %d", seen, file.NumberOfTests)
	}
	t.Logf("%d vectors: %d valid, %d valid but for a high S", seen, valid, highS)
}
