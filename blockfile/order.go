package blockfile

import (
	"fmt"
	"io"

	"toychain/block"
)

// MaxWaiting is how many blocks may stand before their parents at a time: some 15 MB
// of notes. In Core's files it is about as many as it downloads at once, 1,024
// (BLOCK_DOWNLOAD_WINDOW).
const MaxWaiting = 100_000

// Order returns the blocks of a Source so that each comes after its parent. Blocks
// that stand before theirs are not kept in memory, only where they are.
type Order struct {
	source  *Source
	known   func(block.Hash) (bool, error)
	seen    map[block.Hash]bool    // blocks that were returned
	waiting map[block.Hash][]Place // by the parent that is not there yet
	count   int                    // of them
	ready   []Place                // whose parents have come
}

// NewOrder returns a source's blocks in order. known says whether a block that was not
// in the files so far is known elsewhere.
func NewOrder(s *Source, known func(block.Hash) (bool, error)) *Order {
	return &Order{source: s, known: known, seen: map[block.Hash]bool{}, waiting: map[block.Hash][]Place{}}
}

// Missing says that blocks were left over: their parents are nowhere.
type Missing struct {
	Count  int // of blocks
	First  Place
	Parent block.Hash // that the first one wants
}

func (m *Missing) Error() string {
	return fmt.Sprintf("%d blocks have no parent here; the one at %s wants %s", m.Count, m.First, m.Parent)
}

// Next returns the next block. The error is io.EOF after the last one, a *Missing
// instead if blocks are left over, a *Bad, or somebody's own.
func (o *Order) Next() (Record, error) {
	if n := len(o.ready); n > 0 {
		place := o.ready[n-1]
		o.ready = o.ready[:n-1]
		b, err := o.source.Again(place)
		if err != nil {
			return Record{}, err
		}
		return o.pass(Record{b, place}), nil
	}
	for {
		rec, err := o.source.Next()
		if err == io.EOF && o.count > 0 {
			return Record{}, o.missing()
		}
		if err != nil {
			return Record{}, err
		}
		there, err := o.has(rec.Block.Header.Prev)
		if err != nil {
			return Record{}, err
		}
		if there {
			return o.pass(rec), nil
		}
		if err := o.wait(rec); err != nil {
			return Record{}, err
		}
	}
}

// Waiting returns how many blocks wait for their parents now.
func (o *Order) Waiting() int { return o.count }

// has reports whether a block may be built on this one. Nothing comes before genesis.
func (o *Order) has(parent block.Hash) (bool, error) {
	if parent.IsZero() || o.seen[parent] {
		return true, nil
	}
	if len(o.waiting[parent]) > 0 {
		return false, nil // it was asked about before
	}
	return o.known(parent)
}

// pass lets a block go, and all that waited for it come after it.
func (o *Order) pass(rec Record) Record {
	hash := rec.Block.Hash()
	o.seen[hash] = true
	o.ready = append(o.ready, o.waiting[hash]...)
	o.count -= len(o.waiting[hash])
	delete(o.waiting, hash)
	return rec
}

func (o *Order) wait(rec Record) error {
	parent := rec.Block.Header.Prev
	switch {
	case o.source.files == nil:
		return &Bad{rec.Place, fmt.Errorf("its parent %s is not known; only in a file may blocks be out of order", parent)}
	case o.count == MaxWaiting:
		return &Bad{rec.Place, fmt.Errorf("its parent %s is not known, as those of %d blocks before it", parent, o.count)}
	}
	o.waiting[parent] = append(o.waiting[parent], rec.Place)
	o.count++
	return nil
}

// missing names the block that has waited for the longest.
func (o *Order) missing() error {
	m := &Missing{Count: o.count}
	for parent, places := range o.waiting {
		p := places[0]
		if m.First.File == "" || o.earlier(p, m.First) {
			m.First, m.Parent = p, parent
		}
	}
	return m
}

// earlier reports whether a stands before b.
func (o *Order) earlier(a, b Place) bool {
	if a.File != b.File {
		return byNumber(a.File, b.File) < 0
	}
	return a.Offset < b.Offset
}
