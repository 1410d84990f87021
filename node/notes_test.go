package node

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/internal/chaingen"
	"toychain/mempool"
)

// What a node answered for is there after it dies, though it had not been written:
// the folder is copied while it runs, as a kill would leave it. Indexes that are
// asked see it at once.
func TestNotedBlocksSurviveAKill(t *testing.T) {
	n := start(t, Config{Dir: filepath.Join(t.TempDir(), "regtest")})
	line := oldBlocks(60)
	large := youngBlock(line[60], "large", 20_000, time.Now())
	line = append(line, large)
	for _, b := range line[1:] {
		if err := n.SubmitBlock(t.Context(), b.Block); err != nil {
			t.Fatal(err)
		}
	}
	left := filepath.Join(t.TempDir(), "regtest")
	// Not in the middle of a step, nor of a batch on its way.
	err := n.Look(t.Context(), func(*engine.Engine) {
		if err := os.CopyFS(left, os.DirFS(n.cfg.Dir)); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if places, err := n.Store().TxPlaces(large.Txs[0].ID()); err != nil || len(places) != 1 {
		t.Errorf("the last block's coinbase is at %v (%v)", places, err)
	}
	after := start(t, Config{Dir: left})
	if got := after.tip(t); got.Hash != large.Hash {
		t.Errorf("tip after a kill: %d %s, want 61 %s", got.Height, got.Hash, large.Hash)
	}
	came := func(n *Node) (at time.Time) {
		if err := n.Look(t.Context(), func(e *engine.Engine) { info, _ := e.Tree().Info(large.Hash); at = info.Received }); err != nil {
			t.Error(err)
		}
		return at
	}
	if got, want := came(after), came(n); !got.Equal(want) {
		t.Errorf("after a kill the last block came at %s, want %s", got, want)
	}
	for _, name := range []string{notesFile, notesBefore} {
		if _, err := os.Stat(filepath.Join(left, name)); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
}

// watched tells somebody of each signature before it checks it.
type watched struct {
	consensus.P2PKH
	tell func()
}

func (w *watched) Check(tx *block.Tx, i int, output block.Output) error {
	w.tell()
	return w.P2PKH.Check(tx, i, output)
}

// A young block is on its way to the disk while its signatures are checked: there it is
// waited for. If one of them is wrong the note is taken back, and if the process dies
// before, the next one refuses the block, too.
func TestNoteWhileChecking(t *testing.T) {
	spending := &watched{}
	n := start(t, Config{Verifier: chain.NewVerifier(spending)})
	base := oldBlocks(101)
	var old []*block.Block
	for _, b := range base[1:] {
		old = append(old, b.Block)
	}
	if _, err := n.SubmitBlocks(t.Context(), old); err != nil { // at once on the disk
		t.Fatal(err)
	}
	tip := base[101]
	coin := base[1].Reward()
	pay := chaingen.Miner.Pay([]consensus.UTXO{coin}, chaingen.Miner.To(coin.Coin.Value-10_000))
	wrong := chaingen.NewKey("somebody else").Pay([]consensus.UTXO{coin}, chaingen.Miner.To(coin.Coin.Value-10_000))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, step := range []struct {
		name string
		pay  *block.Tx
		good bool
	}{{"wrong", wrong, false}, {"right", pay, true}} {
		b := youngBlock(tip, step.name, 20_000, time.Now(), step.pay)
		left := filepath.Join(t.TempDir(), "regtest")
		spending.tell = func() { // here the engine is in the middle of the block
			for !noted(n.notes.path(notesFile), b.Block) {
				if ctx.Err() != nil {
					t.Error("the disk has nothing to do while signatures are checked")
					break
				}
				runtime.Gosched()
			}
			if err := os.CopyFS(left, os.DirFS(n.cfg.Dir)); err != nil { // as a kill would leave it
				t.Error(err)
			}
		}
		if err := n.SubmitBlock(ctx, b.Block); (err == nil) != step.good || !step.good && !errors.Is(err, consensus.BadScript) {
			t.Fatalf("%s: %v", step.name, err)
		}
		if got := noted(n.notes.path(notesFile), b.Block); got != step.good {
			t.Errorf("%s: afterwards it is noted down: %v", step.name, got)
		}
		spending.tell = func() {}
		after := start(t, Config{Params: consensus.Regtest(), Dir: left})
		want := tip.Hash
		if step.good {
			want = b.Hash
		}
		if got := after.tip(t).Hash; got != want {
			t.Errorf("%s: tip after a kill %s, want %s", step.name, got, want)
		}
		if kept, _ := filepath.Glob(filepath.Join(left, "*.damaged")); len(kept) > 0 {
			t.Errorf("%s: damage after a kill: %v", step.name, kept)
		}
	}
}

// What was begun and is not to be kept leaves the file as it was, whether nothing or
// another note comes instead.
func TestBegunNoteIsTakenBack(t *testing.T) {
	line := oldBlocks(2)
	n := &notes{dir: t.TempDir()}
	a, b := engine.Note{Block: line[1].Block, Time: today, Sync: true}, engine.Note{Block: line[2].Block, Time: today, Sync: true}
	size := func(of ...engine.Note) (sum int64) {
		for _, note := range of {
			sum += int64(noteHead + note.Block.Size())
		}
		return sum
	}
	for _, step := range []struct {
		what string
		do   func() error
		want int64
	}{
		{"one is added", func() error { return n.add(a) }, size(a)},
		{"another is begun and dropped", func() error { return errors.Join(n.begin(b), n.drop()) }, size(a)},
		{"nothing was begun", n.drop, size(a)},
		{"one is begun, another added", func() error { return errors.Join(n.begin(a), n.add(b)) }, size(a, b)},
		{"one is begun and added", func() error { return errors.Join(n.begin(a), n.add(a)) }, size(a, b, a)},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		info, err := os.Stat(n.path(notesFile))
		if err != nil || info.Size() != step.want || n.begun != nil {
			t.Errorf("%s: %d bytes, want %d (%v)", step.what, info.Size(), step.want, err)
		}
	}
}

// noted reports whether a file holds the whole of a block.
func noted(file string, b *block.Block) bool {
	raw, err := os.ReadFile(file)
	return err == nil && bytes.Contains(raw, b.Bytes())
}

// Of notes that end anywhere the whole blocks come back, in order, those that were on
// their way to the disk first; and the files go when they have arrived. Damage anywhere
// is told, and what stands before it comes back.
func TestNotes(t *testing.T) {
	line := oldBlocks(3)
	n := &notes{dir: t.TempDir()}
	came := func(i int) time.Time { return today.Add(time.Duration(i) * time.Second) }
	for i, b := range line[1:] {
		if err := n.add(engine.Note{Block: b.Block, Time: came(i), Sync: i == 2}); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if err := n.saved(engine.SavedLater); err != nil {
				t.Fatal(err)
			}
		}
	}
	read := func() (got []block.Hash, damage error) {
		t.Helper()
		damage, err := (&notes{dir: n.dir}).replay(func(at time.Time, b *block.Block) (error, error) {
			if want := came(len(got)); !at.Equal(want) {
				t.Errorf("block %d came at %s, want %s", len(got)+1, at, want)
			}
			got = append(got, b.Hash())
			return nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got, damage
	}
	got, damage := read()
	if want := []block.Hash{line[1].Hash, line[2].Hash, line[3].Hash}; damage != nil || !slices.Equal(got, want) {
		t.Fatalf("%v, %v, want %v", got, damage, want)
	}
	whole, err := os.ReadFile(n.path(notesFile))
	if err != nil {
		t.Fatal(err)
	}
	second := noteHead + line[2].Size() // where the last block's note begins
	for at := range whole {
		want := 1
		if at >= second {
			want = 2
		}
		if err := os.WriteFile(n.path(notesFile), whole[:at], 0o600); err != nil {
			t.Fatal(err)
		}
		if got, damage := read(); damage != nil || len(got) != want {
			t.Fatalf("cut at byte %d: %d blocks, want %d: %v", at, len(got), want, damage)
		}
		flipped := slices.Clone(whole)
		flipped[at] ^= 0x55
		if err := os.WriteFile(n.path(notesFile), flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, damage := read(); damage == nil || len(got) != want {
			t.Fatalf("flipped at byte %d: %d blocks, want %d: %v", at, len(got), want, damage)
		}
	}
	if err := n.saved(engine.SavedNow); err != nil {
		t.Fatal(err)
	}
	if got, _ := read(); len(got) != 0 {
		t.Errorf("after the disk had them: %v", got)
	}
}

// Notes that cannot be taken in are kept: under another name if they are damaged or
// stand on what is not there, as they are if they cannot be read at all.
func TestNotesAreNeverThrownAway(t *testing.T) {
	line := oldBlocks(3)
	left := func(change func(n *notes)) (string, *notes) {
		n := &notes{dir: filepath.Join(t.TempDir(), "regtest")}
		if err := os.MkdirAll(n.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		change(n)
		return n.dir, n
	}
	add := func(n *notes, b *chaingen.Block) {
		if err := n.add(engine.Note{Block: b.Block, Time: today, Sync: true}); err != nil {
			t.Fatal(err)
		}
	}
	dir, n := left(func(n *notes) { add(n, line[1]); add(n, line[3]) })
	node := start(t, Config{Dir: dir})
	if got := node.tip(t); got.Hash != line[1].Hash {
		t.Errorf("tip %s, want the block below the gap", got.Hash)
	}
	if raw, err := os.ReadFile(n.path(notesFile) + ".damaged"); err != nil || !bytes.Contains(raw, line[3].Bytes()) {
		t.Errorf("a block without its parent was not set aside: %v", err)
	}

	dir, n = left(func(n *notes) {
		add(n, line[1])
		if err := n.saved(engine.SavedLater); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(notesFile, n.path(notesFile)); err != nil { // to itself
			t.Skip("no symbolic links here: ", err)
		}
	})
	cfg := Config{Dir: dir, Params: consensus.Regtest(), Pool: mempool.DefaultPolicy(), Version: "0.0.0"}
	if _, err := Open(cfg); err == nil {
		t.Fatal("it started without its notes")
	}
	if err := os.Remove(n.path(notesFile)); err != nil {
		t.Fatalf("what could not be read is gone: %v", err)
	}
	if got := start(t, Config{Dir: dir}).tip(t); got.Hash != line[1].Hash {
		t.Errorf("tip %s after the trouble, want %s", got.Hash, line[1].Hash)
	}
}

// Whatever is read as a note is written as the same bytes.
func FuzzNote(f *testing.F) {
	line := oldBlocks(2)
	whole := append(encodeNote(today, line[1].Block), encodeNote(today, line[2].Block)...)
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add(encodeNote(time.UnixMilli(-1), line[0].Block))
	f.Fuzz(func(t *testing.T, raw []byte) {
		// The checksums are put right, or nothing behind them would ever be reached.
		if len(raw) > noteHead {
			size := min(uint64(binary.LittleEndian.Uint32(raw[8:])), uint64(len(raw)-noteHead))
			copy(raw[12:], checksum(raw[noteHead:][:size]))
			copy(raw[16:], checksum(raw[:16]))
		}
		came, b, rest, err := parseNote(raw)
		if err != nil {
			return
		}
		if again := append(encodeNote(came, b), rest...); !bytes.Equal(again, raw) {
			t.Errorf("read %x, written %x", raw, again)
		}
	})
}

// today is years after regtest's first blocks.
var today = time.Unix(1_800_000_000, 0)

// oldBlocks returns blocks of regtest from 2011.
func oldBlocks(n int) []*chaingen.Block {
	return chaingen.Genesis(consensus.Regtest()).MineEmpty("", n).Chain()
}

// youngBlock returns a block that is no older than this, and of this size.
func youngBlock(on *chaingen.Block, name string, size int, than time.Time, txs ...*block.Tx) *chaingen.Block {
	b := on.Template(name, txs...)
	b.Header.Time = max(b.Header.Time, uint32(than.Unix()))
	pad := make([]byte, size)
	b.Txs[0].Outputs = append(b.Txs[0].Outputs, block.Output{Script: pad})
	b.Txs[0].Outputs[1].Script = pad[b.Size()-size:]
	return on.Follow(name, chaingen.Seal(b))
}
