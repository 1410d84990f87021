package wallet

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCreateRefuses(t *testing.T) {
	for _, v := range []struct {
		name, passphrase string
		edit             func(n *New)
		says             string
	}{
		{"no passphrase", "", func(n *New) {}, "passphrase is empty"},
		{"no name", "x", func(n *New) { n.Name = "" }, "1 to 64 characters"},
		{"a long name", "x", func(n *New) { n.Name = strings.Repeat("a", 65) }, "1 to 64 characters"},
		{"a name of two lines", "x", func(n *New) { n.Name = "a\nb" }, "cannot be printed"},
		{"a name that is no text", "x", func(n *New) { n.Name = "\xff" }, "1 to 64 characters"},
		{"no network", "x", func(n *New) { n.Network.Name = "" }, "network has no name"},
		{"a bad word", "x", func(n *New) { n.Mnemonic = strings.Replace(about, "about", "abuot", 1) }, `did you mean "about"`},
		{"too much work", "x", func(n *New) { n.WorkFactor = 19 }, "work factor 19: want 1 to 18"},
		{"less than no work", "x", func(n *New) { n.WorkFactor = -1 }, "work factor -1"},
		{"a year that JSON cannot say", "x", func(n *New) { n.Created = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) }, "year"},
	} {
		t.Run(v.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "w.json")
			n := newWallet()
			v.edit(&n)
			_, err := Create(path, v.passphrase, n)
			wantError(t, err, "create wallet", v.says)
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a file was left: %v", err)
			}
		})
	}
}

func TestCreateDefaults(t *testing.T) {
	n := newWallet()
	n.WorkFactor = 0
	w, err := n.lock("a", "x")
	if err != nil {
		t.Fatal(err)
	}
	rearmor(t, w.doc.Secret, `-> scrypt \S+ 17\n`, "") // or it fails
	if _, err := w.Unlock("x"); err != nil {
		t.Error(err)
	}
}

func TestAddressesAreHandedOutOnce(t *testing.T) {
	w, path := create(t)
	second, err := Load(path, toy) // another program with the same file
	if err != nil {
		t.Fatal(err)
	}
	peek, _, err := w.Next(Receive)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[Address]bool{}
	for i, x := range []*Wallet{w, second, second, w} {
		a, p, err := x.Take(Receive)
		if err != nil || seen[a] || p != (Path{Receive, uint32(i)}) {
			t.Errorf("address %d: %s at %s again, %v", i, a.Encode(testNet), p, err)
		}
		if seen[a] = true; i == 0 && a != peek {
			t.Error("Next predicted another address than Take gave")
		}
	}
	if _, p, err := second.Take(Change); err != nil || p != (Path{Change, 0}) {
		t.Errorf("change at %s, %v", p, err)
	}
	if _, _, err := w.Take(2); err == nil {
		t.Error("a third branch")
	}
	reloaded, k, err := open(path, "open sesame", toy) // the lock still fits
	if err != nil {
		t.Fatal(err)
	}
	if _, p, _ := reloaded.Next(Receive); p.Index != 4 {
		t.Errorf("after loading again the next is %s", p)
	}
	all, err := reloaded.Addresses()
	if err != nil || len(all) != 4+20+1+20 {
		t.Fatalf("%d addresses to watch, %v", len(all), err)
	}
	for _, o := range all {
		key, err := k.Key(o.Path)
		if err != nil || KeyAddress(key.PubKey().SerializeCompressed()) != o.Address {
			t.Errorf("%s: no key for it, %v", o.Path, err)
		}
	}
}

func TestUpdateRefusesAnotherWallet(t *testing.T) {
	w, path := create(t)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Take(Receive); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is gone: %v", err)
	}
	n := newWallet()
	n.MnemonicPassphrase = "another"
	if _, err := Create(path, "open sesame", n); err != nil {
		t.Fatal(err)
	}
	before := read(t, path)
	_, _, err := w.Take(Receive)
	wantError(t, err, "another wallet took its place")
	if !bytes.Equal(before, read(t, path)) {
		t.Error("it was written over")
	}
}

// History at receive 0, 3 and 22, and change 1: the gaps are 2 and 18 wide. What
// lies beyond a gap of 20 is not found, as BIP44 says.
func TestRestore(t *testing.T) {
	w, path := create(t)
	history := map[Address]bool{}
	for _, p := range []Path{{Receive, 0}, {Receive, 3}, {Receive, 22}, {Receive, 43}, {Change, 1}} {
		a, err := w.Account().Address(p)
		if err != nil {
			t.Fatal(err)
		}
		history[a] = true
	}
	asked, calls := 0, 0
	used := func(list []Address) (out []bool, err error) {
		for calls++; len(list) > 0; list = list[1:] {
			asked++
			out = append(out, history[list[0]])
		}
		return out, nil
	}
	if err := w.Restore(GapLimit, used); err != nil {
		t.Fatal(err)
	}
	check := func(receive, change uint32) {
		t.Helper()
		w, err := Load(path, toy)
		if err != nil {
			t.Fatal(err)
		}
		if _, p, _ := w.Next(Receive); p.Index != receive {
			t.Errorf("next receive %d, want %d", p.Index, receive)
		}
		if _, p, _ := w.Next(Change); p.Index != change {
			t.Errorf("next change %d, want %d", p.Index, change)
		}
	}
	check(23, 2)
	if asked != 23+20+2+20 || calls != 5 {
		t.Errorf("asked about %d addresses in %d calls", asked, calls)
	}
	if err := w.Restore(GapLimit+1, used); err != nil {
		t.Fatal(err)
	}
	check(44, 2) // one further is found
	clear(history)
	if err := w.Restore(GapLimit, used); err != nil {
		t.Fatal(err)
	}
	check(44, 2) // nothing is taken back
	trouble := errors.New("node away")
	if err := w.Restore(GapLimit, func([]Address) ([]bool, error) { return nil, trouble }); !errors.Is(err, trouble) {
		t.Errorf("the node's error is lost: %v", err)
	}
	for _, gap := range []int{0, MaxGap + 1} {
		if err := w.Restore(gap, used); err == nil || !strings.Contains(err.Error(), "want 1 to 10000") {
			t.Errorf("a gap of %d: %v", gap, err)
		}
	}
}

// open loads and unlocks a wallet.
func open(path, passphrase string, net Network) (*Wallet, *Keychain, error) {
	w, err := Load(path, net)
	if err != nil {
		return nil, nil, err
	}
	k, err := w.Unlock(passphrase)
	return w, k, err
}

// TestRestoreFromLiar: a node that names payments to every address ends the search, and nothing is
// recorded.
func TestRestoreFromLiar(t *testing.T) {
	w, path := create(t)
	asked := 0
	err := w.Restore(MaxGap, func(list []Address) ([]bool, error) {
		asked += len(list)
		return slices.Repeat([]bool{true}, len(list)), nil
	})
	if err == nil || !strings.Contains(err.Error(), "more than 10000 addresses") {
		t.Errorf("restored from a liar: %v", err)
	}
	if asked > MaxRestored+MaxGap+1 {
		t.Errorf("asked about %d addresses", asked)
	}
	if w, err = Load(path, toy); err != nil {
		t.Fatal(err)
	}
	if _, p, _ := w.Next(Receive); p.Index != 0 {
		t.Errorf("the next address is %d, want 0", p.Index)
	}
}
