package p2p

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A key that was made elsewhere gives the name that was told with it, be it in a file
// or in the settings; the same secret gives the same one.
func TestNewKey(t *testing.T) {
	secret := sha256.Sum256([]byte("n1"))
	key, id, err := NewKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	if again, sameID, _ := NewKey(secret); again != key || sameID != id {
		t.Errorf("a second time %s, %s", again, sameID)
	}
	if _, other, _ := NewKey(sha256.Sum256([]byte("n2"))); other == id {
		t.Error("two secrets, one name")
	}
	file := filepath.Join(t.TempDir(), "node.key")
	if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	unread := filepath.Join(t.TempDir(), "unread")
	for _, change := range []func(*Config){
		func(c *Config) { c.KeyFile = file },
		func(c *Config) { c.Key, c.KeyFile = key, unread },
	} {
		if got := startNode(t, change).ID(); got != id {
			t.Errorf("the node is called %s, want %s", got, id)
		}
	}
	if _, err := os.Stat(unread); err == nil {
		t.Error("a key file was made although the key was given")
	}
}

// A peer may be named by its host's name, as in a network of containers.
func TestCallByName(t *testing.T) {
	a, b := startNode(t), startNode(t)
	addr := strings.Replace(b.Addrs()[0], "/ip4/127.0.0.1/", "/dns4/localhost/", 1)
	if err := a.Keep(addr); err != nil {
		t.Fatal(err)
	}
	a.wait("the peer called by name", func() bool { _, heard := a.heard[b.ID()]; return heard })
}
