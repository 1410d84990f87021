package store

import (
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/syndtr/goleveldb/leveldb/opt"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/longtest"
	"toychain/store/ldb"
)

// openSmall opens a folder with such a small write buffer that a test's few blocks
// make LevelDB write and merge tables as years of a real chain would.
func openSmall(dir string, p *consensus.Params, change ...func(*opt.Options)) (*DB, error) {
	s, err := openDir(dir, ldb.OpenDir)
	if err != nil {
		return nil, err
	}
	o := options()
	o.WriteBuffer, o.CompactionTableSize = 8*opt.KiB, 8*opt.KiB
	for _, f := range change {
		f(o)
	}
	db, err := open(s, location{dir, p}, o)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	db.storage = s
	return db, nil
}

// lived returns the folder of a closed database with forks, payments and
// reorganisations in it, and with what it holds.
func lived(t testing.TB, seed uint64, blocks int) *node {
	p := quickParams()
	w := newWorld(t, p)
	n := &node{world: w, dir: filepath.Join(t.TempDir(), "chain"), arrived: map[block.Hash]*vertex{w.genesis.hash: w.genesis}}
	var err error
	if n.db, err = openSmall(n.dir, p); err != nil {
		t.Fatal(err)
	}
	n.tree = loadTree(t, n.db, p)
	n.live(rand.New(rand.NewPCG(seed, 0)), blocks)
	if err := n.db.Close(); err != nil {
		t.Fatal(err)
	}
	return n
}

// live goes on until there are so many blocks, and a reorganisation.
func (n *node) live(r *rand.Rand, blocks int) {
	for len(n.all) < blocks || len(n.reorgs) == 0 {
		n.take(n.randomBlock(r, n.all[len(n.all)-1-r.IntN(min(len(n.all), 4))]))
		n.flush()
	}
}

// contents returns the hash of every key and value.
func contents(t testing.TB, db *DB) (sum block.Hash, err error) {
	h := sha256.New()
	db.queue.await(&db.queue.all)
	err = db.each(db.level, nil, "reading everything", func(key, value []byte) error {
		h.Write([]byte{byte(len(key)), byte(len(value)), byte(len(value) >> 8), byte(len(value) >> 16)})
		h.Write(key)
		h.Write(value)
		return nil
	})
	return block.Hash(h.Sum(nil)), err
}

// examine does what a careful owner can do and returns the first damage that shows,
// and otherwise what the database holds.
func examine(t testing.TB, dir string, p *consensus.Params) (block.Hash, error) {
	t.Helper()
	db, err := openSmall(dir, p)
	if err != nil {
		return block.Hash{}, err
	}
	defer db.Close()
	if _, err := db.Tree(unsigned, 6); err != nil {
		return block.Hash{}, err
	}
	findings, err := db.Verify(unsigned, 0, nil)
	if err != nil {
		return block.Hash{}, err
	}
	if len(findings) > 0 {
		return block.Hash{}, db.damaged("%s", strings.Join(findings, "\n"))
	}
	return contents(t, db)
}

func copyFolder(t testing.TB, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func filesOf(t testing.TB, dir string) []string {
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range list {
		out = append(out, f.Name())
	}
	return out
}

// One bit anywhere in the folder: it shows, or it changes nothing.
func TestEveryFileFlipped(t *testing.T) {
	t.Parallel()
	n := lived(t, 11, 36)
	copied := filepath.Join(t.TempDir(), "copy")
	copyFolder(t, n.dir, copied)
	want, err := examine(t, copied, n.params)
	if err != nil {
		t.Fatal(err)
	}
	const seed = 20261124
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	shown, tables := 0, 0
	for _, name := range filesOf(t, n.dir) {
		whole, err := os.ReadFile(filepath.Join(n.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".ldb") {
			tables++
		}
		for _, at := range placesIn(r, len(whole)) {
			copyFolder(t, n.dir, copied)
			bad := slices.Clone(whole)
			bad[at] ^= 1 << r.IntN(8)
			if err := os.WriteFile(filepath.Join(copied, name), bad, 0o600); err != nil {
				t.Fatal(err)
			}
			switch got, err := examine(t, copied, n.params); {
			case errors.Is(err, ErrDamaged):
				shown++
			case err != nil:
				t.Fatalf("%s, byte %d of %d: %v, want ErrDamaged", name, at, len(whole), err)
			case got != want:
				t.Fatalf("%s, byte %d of %d: nothing is said, but the contents are others", name, at, len(whole))
			}
		}
	}
	if tables < 3 || shown < 20 {
		t.Fatalf("%d tables, damage shown %d times: the test shows little", tables, shown)
	}
}

// placesIn returns some places in a file of n bytes, more of them near the end,
// where LevelDB keeps what the rest depends on.
func placesIn(r *rand.Rand, n int) []int {
	var out []int
	for range min(n, longtest.Pick(3, 8)) {
		out = append(out, r.IntN(n))
	}
	for i := 1; i <= min(n, 48); i += longtest.Pick(18, 6) {
		out = append(out, n-i)
	}
	return out
}

// The end of a table has no checksum: its bytes are tried, all of them in the long tests.
func TestFooterFlipped(t *testing.T) {
	t.Parallel()
	n := lived(t, 16, 8)
	copied := filepath.Join(t.TempDir(), "copy")
	copyFolder(t, n.dir, copied)
	want, err := examine(t, copied, n.params)
	if err != nil {
		t.Fatal(err)
	}
	names := filesOf(t, n.dir)
	name := names[slices.IndexFunc(names, func(s string) bool { return strings.HasSuffix(s, ".ldb") })]
	table, err := os.ReadFile(filepath.Join(n.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	for bit := 0; bit < 48*8; bit += longtest.Pick(13, 3) {
		copyFolder(t, n.dir, copied)
		bad := slices.Clone(table)
		bad[len(bad)-1-bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(filepath.Join(copied, name), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := examine(t, copied, n.params); err == nil && got != want || err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatalf("bit %d from the end: same contents %v, %v", bit, got == want, err)
		}
	}
}

func TestEveryFileDeleted(t *testing.T) {
	t.Parallel()
	n := lived(t, 12, 36)
	copied := filepath.Join(t.TempDir(), "copy")
	copyFolder(t, n.dir, copied)
	want, err := examine(t, copied, n.params)
	if err != nil {
		t.Fatal(err)
	}
	harmless := map[string]bool{"LOCK": true, "LOG": true, "CURRENT.bak": true}
	shown := 0
	for _, name := range filesOf(t, n.dir) {
		copyFolder(t, n.dir, copied)
		if err := os.Remove(filepath.Join(copied, name)); err != nil {
			t.Fatal(err)
		}
		switch got, err := examine(t, copied, n.params); {
		case errors.Is(err, ErrDamaged) && !harmless[name]:
			shown++
		case err != nil || got != want:
			t.Fatalf("without %s of %v: same contents %v, %v", name, filesOf(t, n.dir), got == want, err)
		}
	}
	if shown < 4 {
		t.Fatalf("damage shown %d times: the test shows little", shown)
	}
}

// What the text of ErrDamaged says is what one can type.
func TestDamageNamesTheRemedy(t *testing.T) {
	n := lived(t, 13, 8)
	data := t.TempDir()
	dir := filepath.Join(data, "toy", "chain")
	toy := consensus.Toy()
	db, err := Open(dir, toy)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	if err := os.Remove(filepath.Join(dir, "CURRENT")); err != nil {
		t.Fatal(err)
	}
	_, err = Open(dir, toy)
	if want := "toychain chain reindex --network toy --datadir " + data; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Fatalf("%v\nwant at its end: %s", err, want)
	}
	if err := os.Remove(filepath.Join(n.dir, "CURRENT")); err != nil {
		t.Fatal(err)
	}
	_, err = Open(n.dir, n.params)
	if want := "toychain chain reindex --network FILE --datadir …"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Fatalf("%v\nwant at its end: %s", err, want)
	}
}

// A node that died while it made its folder has no database, not a damaged one.
func TestHalfMadeFolder(t *testing.T) {
	p := quickParams()
	for _, left := range []map[string]string{
		{"LOCK": "", "LOG": ""},
		{"LOCK": "", "LOG": "", "MANIFEST-000000": ""},
		{"LOCK": "", "MANIFEST-000000": "part of it", "CURRENT.0": ""},
		{"LOCK": "", "MANIFEST-000000": "part of it", "CURRENT.0": "MANIFEST-0000"},
	} {
		dir := t.TempDir()
		for name, text := range left {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		db, err := Open(dir, p)
		if err != nil {
			t.Fatalf("%v: %v", left, err)
		}
		db.Close()
		if db, err = Open(dir, p); err != nil {
			t.Fatalf("%v, and again: %v", left, err)
		}
		db.Close()
	}
}

// Each kind of record, wrong, missing, or too many: Verify finds it.
func TestVerifyFindsEveryKind(t *testing.T) {
	n := lived(t, 14, 30)
	db, err := openSmall(n.dir, n.params)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if findings, err := db.Verify(unsigned, 0, nil); err != nil || len(findings) > 0 {
		t.Fatalf("nothing is wrong yet: %v %v", findings, err)
	}
	expect := func(what string) {
		t.Helper()
		findings, err := db.Verify(unsigned, 0, nil)
		if err != nil || len(findings) == 0 || findings[0] == "" {
			t.Fatalf("%s: found %v, %v", what, findings, err)
		}
	}
	for kind, what := range kinds {
		if kind == keyMeta {
			continue
		}
		it := db.level.NewIterator(nil, nil)
		it.Seek([]byte{kind})
		key, value := slices.Clone(it.Key()), slices.Clone(it.Value())
		it.Release()
		if len(key) == 0 || key[0] != kind {
			t.Fatalf("the test's chain holds no %s", what)
		}
		db.level.Delete(key, nil)
		expect(what + " missing")
		db.level.Put(key, append(slices.Clone(value), 0xff), nil)
		expect(what + " wrong")
		db.level.Put(key, value, nil)
		other := slices.Clone(key)
		other[len(other)-1] ^= 0x80
		db.level.Put(other, value, nil)
		expect(what + " too many")
		db.level.Delete(other, nil)
	}
	db.level.Put([]byte("zebra"), nil, nil)
	expect("a stranger")
	db.level.Delete([]byte("zebra"), nil)
	if findings, err := db.Verify(unsigned, 0, nil); err != nil || len(findings) > 0 {
		t.Fatalf("all is put back: %v %v", findings, err)
	}
}

// The look that a node takes at start sees what is wrong at the tip.
func TestTreeLooksAtTheLastBlocks(t *testing.T) {
	n := lived(t, 15, 30)
	db, err := openSmall(n.dir, n.params)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tip := n.arrived[n.tree.Tip().Hash]
	p := chain.Point{Hash: tip.hash, Height: tip.height}
	made := block.Outpoint{TxID: tip.ids[0]}
	for what, key := range map[string][]byte{
		"body":   appendBodyKey(nil, p),
		"undo":   appendUndoKey(nil, p),
		"coin":   appendCoinKey(nil, made),
		"header": appendEntryKey(nil, p.Hash),
		"place":  appendChainKey(nil, p.Height),
		"tip":    metaTip,
	} {
		value, err := db.level.Get(key, nil)
		if err != nil {
			t.Fatal(what, err)
		}
		db.level.Delete(key, nil)
		if _, err := db.Tree(unsigned, 6); !errors.Is(err, ErrDamaged) {
			t.Fatalf("%s of the tip is missing: %v, want ErrDamaged", what, err)
		}
		db.level.Put(key, value, nil)
	}
	indexed := appendTxKey(nil, tip.ids[0], p.Hash)
	value, err := db.level.Get(indexed, nil)
	if err != nil {
		t.Fatal(err)
	}
	db.level.Delete(indexed, nil)
	if findings, err := db.Verify(unsigned, 1, nil); err != nil || len(findings) != 1 {
		t.Fatalf("an index is wrong at the tip: %v, %v", findings, err)
	}
	db.level.Put(indexed, value, nil)
	header, err := db.level.Get(appendEntryKey(nil, p.Hash), nil)
	if err != nil {
		t.Fatal(err)
	}
	other := slices.Clone(header)
	other[block.HeaderSize-1]++ // a start does not hash headers
	db.level.Put(appendEntryKey(nil, p.Hash), other, nil)
	if findings, err := db.Verify(unsigned, 1, nil); err != nil || len(findings) != 1 || !strings.Contains(findings[0], "its hash is") {
		t.Fatalf("the tip's header is another: %v, %v", findings, err)
	}
	db.level.Put(appendEntryKey(nil, p.Hash), header, nil)
	tree, err := db.Tree(unsigned, 6)
	if err != nil || tree.Tip().Hash != tip.hash {
		t.Fatalf("all is put back: %v", err)
	}
	var steps []int
	if findings, err := db.Verify(unsigned, 3, func(done, total int) { steps = append(steps, done, total) }); err != nil || findings != nil {
		t.Fatal(findings, err)
	}
	if !slices.Equal(steps, []int{0, 3, 1, 3, 2, 3, 3, 3}) {
		t.Fatalf("progress %v", steps)
	}
}

// A remedy is to be typed as it stands, whatever the folder is called.
func TestQuote(t *testing.T) {
	for arg, want := range map[string]string{
		"/home/me/.toychain": "/home/me/.toychain",
		"my data":            "'my data'",
		"it's":               `'it'\''s'`,
		"":                   "''",
		"$HOME":              "'$HOME'",
		"~":                  "'~'",
	} {
		if got := Quote(arg); got != want {
			t.Errorf("%s: %s, want %s", arg, got, want)
		}
	}
}
