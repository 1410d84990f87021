package ldb

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/journal"
	"github.com/syndtr/goleveldb/leveldb/storage"

	"toychain/internal/crashdisk"
)

// intact is aLog.intact of a manifest, whose records are all synced.
func intact(log []byte) (int, error) { return aLog{log, false}.intact() }

// logOf writes records of these sizes as LevelDB does, and returns where each ends.
func logOf(t testing.TB, sizes ...int) (log []byte, ends []int) {
	var b bytes.Buffer
	w := journal.NewWriter(&b)
	r := rand.NewChaCha8([32]byte{7})
	for _, n := range sizes {
		record, err := w.Next()
		if err == nil {
			_, err = record.Write(append(noise(r, n-1), 1)) // toychain's batches end with a hash, not with zeros
		}
		if err == nil {
			err = w.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, b.Len())
	}
	return b.Bytes(), ends
}

// Wherever a crash stops the writing, the records before it are left.
func TestTornAtEveryByte(t *testing.T) {
	log, ends := logOf(t, 100, 3000, 1, 29_600, 5000, 70_000, 400)
	for cut := range len(log) + 1 {
		if cut > 2000 && cut%97 != 0 && cut%logBlock > 20 { // seams of blocks byte by byte, the rest in steps
			continue
		}
		want := 0
		for _, e := range ends {
			if e <= cut {
				want = e
			}
		}
		if n, err := intact(log[:cut]); n != want || err != nil {
			t.Fatalf("cut at %d: %d bytes are intact, want %d: %v", cut, n, want, err)
		}
	}
}

// A log ends as it is, or with a record that is not there: LevelDB's own strict
// reader finds nothing to complain about.
func TestIntactPassesStrictReader(t *testing.T) {
	log, ends := logOf(t, 10, 40_000, 20)
	n, err := intact(log[:ends[1]+5])
	if err != nil {
		t.Fatal(err)
	}
	r := journal.NewReader(bytes.NewReader(log[:n]), nil, true, true)
	for records := 0; ; records++ {
		record, err := r.Next()
		if err == io.EOF && records == 2 {
			return
		}
		if err == nil {
			_, err = io.ReadAll(record)
		}
		if err != nil {
			t.Fatal(records, err)
		}
	}
}

// A record that was complete and has one wrong bit is damage, the last one too.
func TestFlipIsDamage(t *testing.T) {
	log, _ := logOf(t, 100, 3000, 200, 30_000, 2000)
	r := rand.New(rand.NewPCG(1, 2))
	padding := 0
	for at := 0; at < len(log); at++ {
		if at > 200 && at%53 != 0 && at < len(log)-100 {
			continue
		}
		bad := bytes.Clone(log)
		bad[at] ^= 1 << r.IntN(8)
		n, err := intact(bad)
		if err == nil && n == len(log) && log[at] == 0 && logBlock-at%logBlock < chunkHeader {
			padding++
			continue // not read at all
		}
		if err == nil {
			t.Fatalf("bit flipped at byte %d of %d: %d bytes pass for intact", at, len(log), n)
		}
	}
	if padding > chunkHeader {
		t.Fatalf("%d flips without effect", padding)
	}
}

// After a power cut a file can be as long as it should be, with zeros where the
// disk had not written yet.
func TestHolesAreTruncated(t *testing.T) {
	log, ends := logOf(t, 700, 9000)
	for _, hole := range [][2]int{{1024, 1536}, {1024, len(log)}, {ends[0], len(log)}, {ends[0], 1024}, {9216, len(log)}} {
		torn := bytes.Clone(log)
		clear(torn[hole[0]:hole[1]])
		if n, err := intact(torn); n != ends[0] || err != nil {
			t.Fatalf("hole %v: %d intact, want %d: %v", hole, n, ends[0], err)
		}
	}
	// With a record after it, it had been synced: no crash does that.
	log, _ = logOf(t, 700, 9000, 50)
	clear(log[1024:1536])
	if _, err := intact(log); err == nil {
		t.Fatal("a hole before the last record is damage")
	}
}

// In a journal only a mark that has a record after it proves that what precedes it was
// synced. Before that a hole is what a power cut leaves.
func TestHolesInAJournal(t *testing.T) {
	var b bytes.Buffer
	w := journal.NewWriter(&b)
	write := func(record []byte) int {
		next, err := w.Next()
		if err == nil {
			_, err = next.Write(record)
		}
		if err = errors.Join(err, w.Flush()); err != nil {
			t.Fatal(err)
		}
		return b.Len()
	}
	r := rand.NewChaCha8([32]byte{8})
	header := make([]byte, batchHeader)
	var mark leveldb.Batch
	mark.Delete(markKey)
	first := write(noise(r, 700))
	write(noise(r, 9000))
	unsynced := write(noise(r, 50))
	marked := write(append(header, mark.Dump()...))
	proven := write(noise(r, 60))
	for end, damage := range map[int]bool{unsynced: false, marked: false, proven: true} {
		log := bytes.Clone(b.Bytes()[:end])
		if n, err := (aLog{log, true}).intact(); n != end || err != nil {
			t.Fatalf("the first %d bytes: %d are intact: %v", end, n, err)
		}
		clear(log[1024:1536])
		if n, err := (aLog{log, true}).intact(); n != first || (err != nil) != damage {
			t.Fatalf("a hole in the first %d bytes: %d are intact, want %d, damage %v: %v", end, n, first, damage, err)
		}
		log = bytes.Clone(b.Bytes()[:end])
		log[1030] ^= 4
		if _, err := (aLog{log, true}).intact(); err == nil {
			t.Fatalf("a wrong bit in the first %d bytes passes for what a crash leaves", end)
		}
	}
}

func FuzzLog(f *testing.F) {
	log, ends := logOf(f, 10, 200, 30)
	f.Add(log)
	f.Add(log[:ends[1]+3])
	f.Fuzz(func(t *testing.T, log []byte) {
		for _, marked := range []bool{false, true} {
			n, err := aLog{log, marked}.intact()
			if n < 0 || n > len(log) {
				t.Fatal(n)
			}
			if again, err2 := (aLog{log[:n], marked}).intact(); again != n || err2 != nil {
				t.Fatalf("%d intact (%v), then %d (%v)", n, err, again, err2)
			}
			journalOf(log[:n])
		}
	})
}

// Whatever is in a file, Recovery reads it without failing.
func FuzzRecovery(f *testing.F) {
	log, _ := logOf(f, 10, 100)
	f.Add(log)
	for _, b := range filesOfSmallDB(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d := crashdisk.New()
		d.Put(storage.FileDesc{Type: storage.TypeTable}, b)
		d.Put(storage.FileDesc{Type: storage.TypeJournal}, b)
		r := Recovery{Storage: d}
		if err := r.Each(func(_, _ []byte, _ uint64) error { return nil }); err != nil {
			t.Fatal(err)
		}
	})
}

// filesOfSmallDB returns what is in each file of a database with a few values, some of
// them in a table.
func filesOfSmallDB(f *testing.F) (out [][]byte) {
	s := storage.NewMemStorage()
	db, err := leveldb.Open(s, nil)
	if err != nil {
		f.Fatal(err)
	}
	for i := range 20 {
		if i == 15 {
			err = Settle(db)
		}
		if err := errors.Join(err, db.Put([]byte{'k', byte(i)}, bytes.Repeat([]byte{byte(i)}, 30), nil)); err != nil {
			f.Fatal(err)
		}
	}
	files, err := s.List(storage.TypeAll)
	if err = errors.Join(err, db.Close()); err != nil {
		f.Fatal(err)
	}
	for _, fd := range files {
		r, err := s.Open(fd)
		if err != nil {
			f.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil {
			f.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

// noise returns bytes without a pattern.
func noise(r *rand.ChaCha8, n int) []byte {
	b := make([]byte, n)
	r.Read(b)
	return b
}
