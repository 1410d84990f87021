package blockfile

import (
	"cmp"
	"fmt"
	"io"

	"toychain/block"
)

// MaxWaiting is the number of blocks that may precede their parents at a time: some 15 MB of
// locations. Core's files have about as many as it downloads at once, 1,024
// (BLOCK_DOWNLOAD_WINDOW).
const MaxWaiting = 100_000

// Order returns the blocks of a Source so that each follows its parent. Of blocks that precede
// their parents it keeps in memory only where they are.
type Order struct {
	source  *Source
	known   func(block.Hash) (bool, error)
	seen    map[block.Hash]bool       // blocks that were returned
	waiting map[block.Hash][]Location // by the parent that has not come
	count   int                       // of them
	ready   []Location                // their parents have come
}

// NewOrder returns a source's blocks in order. known reports whether a block that has not come
// from the files is known elsewhere.
func NewOrder(s *Source, known func(block.Hash) (bool, error)) *Order {
	return &Order{source: s, known: known, seen: map[block.Hash]bool{}, waiting: map[block.Hash][]Location{}}
}

// MissingParents is the error for blocks at the end of the files whose parents are nowhere.
type MissingParents struct {
	Count  int // of blocks
	First  Location
	Parent block.Hash // of the first one
}

func (m *MissingParents) Error() string {
	return fmt.Sprintf("%d blocks have no parent here; the one at %s wants %s", m.Count, m.First, m.Parent)
}

// Next returns the next block. The error is io.EOF after the last one, a *MissingParents instead
// if blocks are left, a *Malformed, or one that known or the disk returned.
func (o *Order) Next() (Record, error) {
	if n := len(o.ready); n > 0 {
		place := o.ready[n-1]
		o.ready = o.ready[:n-1]
		b, err := o.source.Reread(place)
		if err != nil {
			return Record{}, err
		}
		return o.emit(Record{b, place}), nil
	}
	for {
		rec, err := o.source.Next()
		if err == io.EOF && o.count > 0 {
			return Record{}, o.missing()
		}
		if err != nil {
			return Record{}, err
		}
		there, err := o.knows(rec.Block.Header.Prev)
		if err != nil {
			return Record{}, err
		}
		if there {
			return o.emit(rec), nil
		}
		if err := o.wait(rec); err != nil {
			return Record{}, err
		}
	}
}

// Waiting returns the number of blocks that wait for their parents.
func (o *Order) Waiting() int { return o.count }

// knows reports whether a block may follow this parent. Genesis has none.
func (o *Order) knows(parent block.Hash) (bool, error) {
	if parent.IsZero() || o.seen[parent] {
		return true, nil
	}
	if len(o.waiting[parent]) > 0 {
		return false, nil // known was asked before
	}
	return o.known(parent)
}

// emit returns a block and makes those ready that waited for it.
func (o *Order) emit(rec Record) Record {
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
		return &Malformed{rec.Location, fmt.Errorf("its parent %s is not known; only in a file may blocks be out of order", parent)}
	case o.count == MaxWaiting:
		return &Malformed{rec.Location, fmt.Errorf("its parent %s is not known, like those of %d blocks before it", parent, o.count)}
	}
	o.waiting[parent] = append(o.waiting[parent], rec.Location)
	o.count++
	return nil
}

// missing returns the error about the block that has waited longest.
func (o *Order) missing() error {
	m := &MissingParents{Count: o.count}
	for parent, places := range o.waiting {
		p := places[0]
		if m.First.File == "" || cmp.Or(byNumber(p.File, m.First.File), cmp.Compare(p.Offset, m.First.Offset)) < 0 {
			m.First, m.Parent = p, parent
		}
	}
	return m
}
