package wallet

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"toychain/block"
)

var toy = Network{Name: "toy", Prefixes: testNet}

func newWallet() New {
	return New{Name: "alice", Network: toy, Mnemonic: about, WorkFactor: CheapWorkFactor,
		Created: time.Date(2026, 11, 23, 9, 30, 15, 999, time.FixedZone("CET", 3600))}
}

func create(t *testing.T) (*Wallet, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wallets", "alice.json")
	w, err := Create(path, "open sesame", newWallet())
	if err != nil {
		t.Fatal(err)
	}
	return w, path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestKeyFileRoundTrip(t *testing.T) {
	made, path := create(t)
	for _, passphrase := range []string{"", "a BIP39 passphrase"} {
		n := newWallet()
		n.MnemonicPassphrase = passphrase
		want, err := NewKeychain(about, passphrase, testNet)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(filepath.Dir(path), "bob"+passphrase+".json")
		if _, err := Create(path, "open sesame", n); err != nil {
			t.Fatal(err)
		}
		w, k, err := open(path, "open sesame", toy)
		if err != nil {
			t.Fatal(err)
		}
		if k.Account().String() != want.Account().String() || w.Account().String() != want.Account().String() {
			t.Error("other keys came out than went in")
		}
	}
	w, err := Load(path, toy)
	if err != nil {
		t.Fatal(err)
	}
	if w.Name() != "alice" || w.Path() != path || !w.doc.Created.Equal(time.Date(2026, 11, 23, 8, 30, 15, 0, time.UTC)) {
		t.Errorf("%s at %s, made %s", w.Name(), w.Path(), w.doc.Created)
	}
	a, _, err := w.Next(Receive)
	b, _, err2 := made.Next(Receive)
	if err != nil || err2 != nil || a != b || a.Encode(testNet) != "mkpZhYtJu2r87Js3pDiWJDmPte2NRZ8bJV" {
		t.Errorf("address %s, %v, %v", a.Encode(testNet), err, err2)
	}
}

// The file shows what it promises to show, and not the secret.
func TestKeyFileText(t *testing.T) {
	_, path := create(t)
	text := string(read(t, path))
	for _, want := range []string{`"name": "alice"`, `"network": "toy"`, `"created": "2026-11-23T08:30:15Z"`,
		`"secret": "-----BEGIN AGE ENCRYPTED FILE-----\n`, `"prefixes": "6fef04358394043587cf00000001"`, `"receive": 0`, `"account": "tpub`} {
		if !strings.Contains(text, want) {
			t.Errorf("the file lacks %s:\n%s", want, text)
		}
	}
	for _, secret := range []string{"abandon", "mnemonic", strings.Repeat("0", 32), "open sesame"} {
		if strings.Contains(text, secret) {
			t.Errorf("the file shows %q", secret)
		}
	}
	// 12 or 24 words, with a passphrase or none: the length does not tell.
	n := newWallet()
	n.Mnemonic, n.MnemonicPassphrase = strings.Repeat("abandon ", 23)+"art", "twenty-five"
	w, err := Create(filepath.Join(t.TempDir(), "w.json"), "x", n)
	if err != nil {
		t.Fatal(err)
	}
	d, err := parseDocument([]byte(text))
	if err != nil || len(d.Secret) != len(w.doc.Secret) {
		t.Errorf("%d and %d bytes of secret, %v", len(d.Secret), len(w.doc.Secret), err)
	}
}

func TestKeyFileWrongPassphrase(t *testing.T) {
	w, path := create(t)
	for _, wrong := range []string{"", "open sesam", "Open sesame", "open sesame "} {
		_, err := w.Unlock(wrong)
		if !errors.Is(err, ErrPassphrase) || errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v", wrong, err)
		}
		if _, _, err := open(path, wrong, toy); !errors.Is(err, ErrPassphrase) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

// Any flipped bit and any missing end is seen as damage, before a passphrase is asked for.
func TestKeyFileDamage(t *testing.T) {
	_, path := create(t)
	good := read(t, path)
	for i := range good {
		for bit := range 8 {
			bad := slices.Clone(good)
			bad[i] ^= 1 << bit
			_, err := parseDocument(bad)
			if err == nil || !errors.Is(err, ErrDamaged) && !strings.Contains(err.Error(), "of version") {
				t.Fatalf("bit %d of byte %d, %q for %q: %v", bit, i, bad[i], good[i], err)
			}
		}
	}
	for n := range len(good) - 1 { // without the last newline it is whole
		if _, err := parseDocument(good[:n]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("the first %d bytes: %v", n, err)
		}
	}
	for _, v := range []struct{ name, text, says string }{
		{"empty", "", "it is empty"},
		{"too long", string(good) + strings.Repeat(" ", 64<<10), "too long"},
		{"another file", `{"nodes": []}`, "not a wallet at all"},
		{"a field twice", strings.Replace(string(good), `"name": "alice"`, `"name": "alice", "name": "alice"`, 1), "unknown or misspelt"},
		{"a later version", strings.Replace(string(good), `"version": 2`, `"version": 3`, 1), "version 3, this toychain reads versions 1 and 2"},
	} {
		if err := os.WriteFile(path, []byte(v.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path, toy)
		wantError(t, err, path, v.says)
	}
	// White space may change, as when a person opened the file in an editor.
	var plain bytes.Buffer
	if err := json.Compact(&plain, good); err != nil {
		t.Fatal(err)
	}
	if _, err := parseDocument(plain.Bytes()); err != nil {
		t.Errorf("without white space: %v", err)
	}
}

// A plain field that was changed, checksum included, is noticed once the passphrase is
// given. The exceptions are next, which is free, and values that no wallet can have.
func TestKeyFileBinding(t *testing.T) {
	w, _ := create(t)
	other, err := NewKeychain(about, "other", testNet)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		name string
		edit func(d *document)
		want error
		load bool // noticed without the passphrase
	}{
		{"nothing", func(d *document) {}, nil, false},
		{"next", func(d *document) { d.Next.Receive = 1000 }, nil, false},
		{"name", func(d *document) { d.Name = "bob" }, ErrDamaged, false},
		{"network", func(d *document) { d.Network = "regtest" }, ErrDamaged, false},
		{"prefixes", func(d *document) {
			d.Prefixes = prefixBytes(block.Prefixes{PubKeyHash: 1, WIF: 2, HDPublic: testNet.HDPublic})
		}, ErrDamaged, false},
		{"created", func(d *document) { d.Created = d.Created.Add(time.Second) }, ErrDamaged, false},
		{"account", func(d *document) { d.Account = other.Account().String() }, ErrDamaged, false},
		{"salt", func(d *document) { d.Secret = rearmor(t, d.Secret, "scrypt .*? ", "scrypt BwcHBwcHBwcHBwcHBwcHBw ") }, ErrPassphrase, false},
		{"work factor", func(d *document) { d.Secret = rearmor(t, d.Secret, " 1\n", " 2\n") }, ErrPassphrase, false},
		{"4 GiB of memory", func(d *document) { d.Secret = rearmor(t, d.Secret, " 1\n", " 22\n") }, ErrDamaged, false},
		{"512 MiB of memory", func(d *document) { d.Secret = rearmor(t, d.Secret, " 1\n", " 19\n") }, ErrDamaged, false},
		{"no work", func(d *document) { d.Secret = rearmor(t, d.Secret, " 1\n", " 0\n") }, ErrDamaged, false},
		{"header", func(d *document) { d.Secret = rearmor(t, d.Secret, "--- .*", "--- "+strings.Repeat("A", 43)) }, ErrDamaged, false},
		{"another recipient", func(d *document) { d.Secret = rearmor(t, d.Secret, "scrypt", "scrap") }, ErrDamaged, true},
		{"payload", func(d *document) { d.Secret = rearmor(t, d.Secret, `(?s).{9}$`, "any bytes") }, ErrDamaged, false},
		{"a later age", func(d *document) { d.Secret = rearmor(t, d.Secret, "/v1", "/v2") }, ErrDamaged, true},
		{"no age file", func(d *document) { d.Secret = "00" }, ErrDamaged, true},
		{"short prefixes", func(d *document) { d.Prefixes = d.Prefixes[:13] }, ErrDamaged, true},
		{"no name", func(d *document) { d.Name = "" }, ErrDamaged, true},
		{"an index too high", func(d *document) { d.Next.Change = 1 << 31 }, ErrDamaged, true},
		{"another account's prefixes", func(d *document) { d.Prefixes = prefixBytes(mainNet) }, ErrDamaged, true},
		{"the lock of an old file", func(d *document) { d.Lock = &oldLock{} }, ErrDamaged, true},
		{"an old file without a lock", func(d *document) { d.Version = 1 }, ErrDamaged, true},
	} {
		t.Run(v.name, func(t *testing.T) {
			d := w.doc
			v.edit(&d)
			b, err := d.encode()
			if err != nil {
				t.Fatal(err)
			}
			read, err := parseDocument(b)
			if (err != nil) != v.load {
				t.Fatalf("without a passphrase: %v", err)
			}
			if err == nil {
				_, err = read.unseal("open sesame")
			}
			if !errors.Is(err, v.want) {
				t.Errorf("%v, want %v", err, v.want)
			}
		})
	}
}

// rearmor replaces what matches pattern in an armored file, once.
func rearmor(t *testing.T, text, pattern, with string) string {
	t.Helper()
	b, err := io.ReadAll(armor.NewReader(strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	at := regexp.MustCompile(pattern).FindIndex(b)
	if at == nil {
		t.Fatalf("no %q in %q", pattern, b)
	}
	var out strings.Builder
	w := armor.NewWriter(&out)
	w.Write(slices.Concat(b[:at[0]], []byte(with), b[at[1]:]))
	w.Close()
	return out.String()
}

// The words can be read without this package, by any program that knows age.
func TestKeyFileIsReadByAge(t *testing.T) {
	_, path := create(t)
	var file struct{ Secret string }
	if err := json.Unmarshal(read(t, path), &file); err != nil {
		t.Fatal(err)
	}
	id, err := age.NewScryptIdentity("open sesame")
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(armor.NewReader(strings.NewReader(file.Secret)), id)
	if err != nil {
		t.Fatal(err)
	}
	var secret struct{ Mnemonic string }
	if err := json.NewDecoder(r).Decode(&secret); err != nil || secret.Mnemonic != about {
		t.Errorf("%q, %v", secret.Mnemonic, err)
	}
}

func TestKeyFileOtherNetwork(t *testing.T) {
	_, path := create(t)
	for _, net := range []Network{{"regtest", testNet}, {"main", mainNet}, {"toy", mainNet}} {
		_, err := Load(path, net)
		if !errors.Is(err, ErrNetwork) {
			t.Errorf("opened on %s: %v", net.Name, err)
		}
		wantError(t, err, `it is for "toy"`, net.Name)
	}
}

func TestKeyFilePermissionsAndOverwriting(t *testing.T) {
	w, path := create(t)
	checkModes := func() {
		t.Helper()
		for p, want := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): fs.ModeDir | 0o700} {
			if info, err := os.Stat(p); err != nil || runtime.GOOS != "windows" && info.Mode() != want {
				t.Errorf("%s: %v, %v; want %v", p, info.Mode(), err, want)
			}
		}
		if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
			t.Errorf("left lying: %v, %v", files, err)
		}
	}
	checkModes()
	before := read(t, path)
	n := newWallet()
	n.Name = "mallory"
	_, err := Create(path, "other", n)
	if !errors.Is(err, fs.ErrExist) || !bytes.Equal(read(t, path), before) {
		t.Errorf("overwritten, or not said so: %v", err)
	}
	wantError(t, err, path, "never overwritten")
	if _, _, err := w.Take(Receive); err != nil {
		t.Fatal(err)
	}
	checkModes() // also after a rewrite
	if _, err := Load(path+".not", toy); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}

// A rewrite that fails leaves what was there, and nothing else.
func TestReplaceFileAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "taken") // a folder that is not empty cannot be replaced by a file
	if err := os.MkdirAll(filepath.Join(path, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(path, []byte("new")); err == nil {
		t.Error("a folder was replaced")
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 || !files[0].IsDir() {
		t.Errorf("left lying: %v, %v", files, err)
	}
	if err := replaceFile(filepath.Join(dir, "no", "folder"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	_, err := Create(filepath.Join(path, "x", "w.json", "w.json"), "x", newWallet())
	if err != nil {
		t.Fatal(err)
	}
	_, err = Create(filepath.Join(path, "x", "w.json", "w.json", "w.json"), "x", newWallet())
	wantError(t, err, "create wallet", "not a directory")
}

func FuzzKeyFile(f *testing.F) {
	w, err := newWallet().lock("", "x")
	if err != nil {
		f.Fatal(err)
	}
	good, err := w.doc.encode()
	if err != nil {
		f.Fatal(err)
	}
	old, err := os.ReadFile("testdata/version1.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(old)
	f.Add([]byte(`{"format":"toychain wallet","version":1}`))
	f.Add([]byte(`{"format":"toychain wallet","version":1,"secret":null,"created":7}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := parseDocument(b)
		if err != nil {
			return
		}
		again, err := d.encode()
		if err != nil {
			t.Fatal(err)
		}
		var x, y bytes.Buffer
		if json.Compact(&x, b) != nil || json.Compact(&y, again) != nil || !bytes.Equal(x.Bytes(), y.Bytes()) {
			t.Errorf("%s is written back as %s", b, again)
		}
	})
}
