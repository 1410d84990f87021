package wallet

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// oldWallet returns a copy of a file of version 1. Two receive addresses and one change
// address of it were handed out, and its passphrase is "open sesame".
func oldWallet(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "alice.json")
	if err := os.WriteFile(path, read(t, "testdata/version1.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// An old file stays as it is, except for its indexes, until it is saved by a program
// that has unlocked it.
func TestOldFile(t *testing.T) {
	path := oldWallet(t)
	locked, err := Load(path, toy)
	if err != nil {
		t.Fatal(err)
	}
	if _, p, err := locked.Take(Receive); err != nil || p != (Path{Receive, 2}) {
		t.Fatalf("took %s, %v", p, err)
	}
	if text := string(read(t, path)); !strings.Contains(text, `"version": 1`) || !strings.Contains(text, `"receive": 3`) {
		t.Fatalf("without the passphrase it became\n%s", text)
	}
	want, err := NewKeychain(about, "a BIP39 passphrase", testNet)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"", "open sesam"} {
		if _, err := locked.Unlock(wrong); !errors.Is(err, ErrPassphrase) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	w, keys, err := open(path, "open sesame", toy)
	if err != nil {
		t.Fatal(err)
	}
	if keys.Account().String() != want.Account().String() {
		t.Error("other keys came out than went in")
	}
	if !strings.Contains(string(read(t, path)), `"version": 1`) {
		t.Error("unlocking alone wrote the file")
	}
	if _, p, err := w.Take(Change); err != nil || p != (Path{Change, 1}) {
		t.Fatalf("took %s, %v", p, err)
	}
	if text := string(read(t, path)); !strings.Contains(text, `"version": 2`) || strings.Contains(text, "argon2id") {
		t.Errorf("saved with the passphrase it became\n%s", text)
	}
	if _, keys, err := open(path, "open sesame", toy); err != nil || keys.Account().String() != want.Account().String() {
		t.Errorf("the renewed file: %v", err)
	}
	if _, p, err := locked.Take(Receive); err != nil || p != (Path{Receive, 3}) { // a program that knew the old one
		t.Errorf("took %s, %v", p, err)
	}
	if !strings.Contains(string(read(t, path)), `"version": 2`) {
		t.Error("it became old again")
	}
}

// In an old file, too, a changed field is noticed, here as a wrong passphrase.
func TestOldFileBinding(t *testing.T) {
	whole, err := parseDocument(read(t, "testdata/version1.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		name string
		edit func(d *document)
		want error
	}{
		{"nothing", func(d *document) {}, nil},
		{"next", func(d *document) { d.Next.Receive = 1000 }, nil},
		{"network", func(d *document) { d.Network = "regtest" }, ErrPassphrase},
		{"salt", func(d *document) { d.Lock.Salt = bytes.Repeat([]byte{8}, 16) }, ErrPassphrase},
		{"secret", func(d *document) { d.Secret = "00" + d.Secret[2:] }, ErrPassphrase},
		{"a cost that was never used", func(d *document) { d.Lock.MemoryKiB = 1 << 20 }, ErrDamaged},
		{"short salt", func(d *document) { d.Lock.Salt = d.Lock.Salt[:15] }, ErrDamaged},
		{"short nonce", func(d *document) { d.Lock.Nonce = d.Lock.Nonce[:23] }, ErrDamaged},
		{"short secret", func(d *document) { d.Secret = d.Secret[:30] }, ErrDamaged},
		{"no hex", func(d *document) { d.Secret = "x" + d.Secret[1:] }, ErrDamaged},
		{"another cipher", func(d *document) { d.Lock.Cipher = "rot13" }, ErrDamaged},
	} {
		t.Run(v.name, func(t *testing.T) {
			d := *whole
			lock := *whole.Lock
			d.Lock = &lock
			v.edit(&d)
			b, err := d.encode()
			if err != nil {
				t.Fatal(err)
			}
			read, err := parseDocument(b)
			if err == nil {
				_, err = read.unseal("open sesame")
			}
			if !errors.Is(err, v.want) {
				t.Errorf("%v, want %v", err, v.want)
			}
		})
	}
}

// The version 1 file in testdata is what version 1 wrote, byte for byte.
func TestOldFileIsWrittenBack(t *testing.T) {
	text := read(t, "testdata/version1.json")
	d, err := parseDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := d.encode()
	if err != nil || !bytes.Equal(again, text) || !json.Valid(again) {
		t.Errorf("%s, %v", again, err)
	}
}
