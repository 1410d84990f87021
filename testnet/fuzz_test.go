package testnet

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"toychain/testnet/topology"
)

// Any content of state.json is either rejected as damaged, or names only nodes whose names are
// safe as a directory's, and is the same when it is written again.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"network":"toy","nodes":[{"name":"n1","rpc":"127.0.0.1:1","pid":7}]}`))
	f.Add([]byte(`{"nodes":[{"name":"../n1"}]}`))
	f.Add([]byte(`{"nodes":[{"name":"n01"}]}`))
	f.Add([]byte(`{"groups":[]}`))
	f.Add([]byte(`{"clocks":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, stateFile), text, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := loadState(dir)
		if err != nil {
			return
		}
		for _, n := range s.Nodes {
			if topology.CheckName(n.Name) != nil || filepath.Base(n.Name) != n.Name {
				t.Fatalf("a node called %q", n.Name)
			}
		}
		if err := s.save(dir, true); err != nil {
			return // an offset that JSON cannot write
		}
		again, err := loadState(dir)
		// As JSON, in which an absent list and an empty one are the same.
		before, _ := json.Marshal(s)
		if after, _ := json.Marshal(again); err != nil || !bytes.Equal(before, after) {
			t.Fatalf("%s became %s: %v", before, after, err)
		}
	})
}
