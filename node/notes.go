package node

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/store/ldb"
)

// notes keeps blocks safe that wait in memory for their turn to be written: see
// Note. They stand in a file beside the store, each after a head of 20 bytes: when it
// came, in milliseconds since 1970, in eight, its length in four, both little-endian, a
// checksum of four, the first of its bytes' double SHA-256, as Bitcoin's messages have
// it, and such a checksum of these 16. Old blocks are not synced: they are there after the process dies in whatever
// way, and a power failure may take those of the last moment.
//
// When a batch of them is on its way to the disk, the file steps aside under
// another name until that has arrived.
type notes struct {
	dir    string
	file   *os.File    // open for appending; nil: nothing noted since the last batch
	named  bool        // the disk knows file's name
	synced bool        // and all that is in it
	some   atomic.Bool // one of the files is there
	begun  *begun      // nil: nothing
}

// begun is a block that is being noted down while the engine works on it.
type begun struct {
	note   engine.Note
	before int64      // bytes of the file without it
	done   chan error // how it went
}

const (
	notesFile   = "noted-blocks"
	notesBefore = "noted-blocks.before" // those that are on their way to the disk
)

func (n *notes) path(name string) string { return filepath.Join(n.dir, name) }

// noteHead is how many bytes stand before each block.
const noteHead = 20

// add notes a block down, unless begin has. When it returns, the system has it, or the disk.
func (n *notes) add(note engine.Note) error {
	if b := n.begun; b != nil && b.note == note {
		n.begun = nil
		return <-b.done
	}
	if err := n.drop(); err != nil {
		return err
	}
	return n.write(note)
}

func (n *notes) write(note engine.Note) error {
	err := n.open(note.Sync)
	if err == nil {
		_, err = n.file.Write(encodeNote(note.Time, note.Block))
		n.synced = false
	}
	if err == nil && note.Sync {
		err = n.sync()
	}
	if err != nil {
		return fmt.Errorf("noting a block down: %w", err)
	}
	return nil
}

// begin starts to note a block down while others look at it. Either add or drop must
// follow, before anything else: add of another note takes this one back, as drop does.
func (n *notes) begin(note engine.Note) error {
	err := n.open(false)
	var before int64
	if err == nil {
		before, err = n.file.Seek(0, io.SeekEnd)
	}
	if err != nil {
		return fmt.Errorf("noting a block down: %w", err)
	}
	b := &begun{note, before, make(chan error, 1)}
	n.begun = b
	go func() { b.done <- n.write(note) }()
	return nil
}

// drop takes back what was begun, if anything was.
func (n *notes) drop() error {
	b := n.begun
	if b == nil {
		return nil
	}
	n.begun = nil
	err := <-b.done
	if err == nil {
		n.synced = false
		err = n.file.Truncate(b.before)
	}
	if err != nil {
		return fmt.Errorf("taking the note of a block back: %w", err)
	}
	return nil
}

func encodeNote(came time.Time, b *block.Block) []byte {
	raw := b.Bytes()
	out := binary.LittleEndian.AppendUint64(make([]byte, 0, noteHead+len(raw)), uint64(came.UnixMilli()))
	out = append(binary.LittleEndian.AppendUint32(out, uint32(len(raw))), checksum(raw)...)
	out = append(out, checksum(out)...)
	return append(out, raw...)
}

func checksum(raw []byte) []byte {
	sum := block.Sum(raw)
	return sum[:4]
}

// sync makes what was noted outlive a power failure.
func (n *notes) sync() error {
	if n.synced {
		return nil
	}
	n.synced = true
	return n.file.Sync()
}

// open opens the file unless it is open. sync says that it has to outlive a power failure.
func (n *notes) open(sync bool) (err error) {
	if n.file == nil {
		n.file, err = os.OpenFile(n.path(notesFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		n.some.Store(true)
		n.named = false
	}
	if !sync || n.named {
		return nil
	}
	n.named = true
	return ldb.SyncDir(n.dir)
}

// saved forgets what is on the disk now.
func (n *notes) saved(how engine.Saved) error {
	if !n.some.Load() || how == engine.SavedNothing {
		return nil
	}
	if n.file != nil {
		var err error
		if how == engine.SavedLater { // others that are synced may come to stand on these
			err = n.sync()
		}
		err = errors.Join(err, n.file.Close())
		n.file = nil
		if err == nil && how == engine.SavedLater {
			err = os.Rename(n.path(notesFile), n.path(notesBefore))
		}
		if err != nil {
			return fmt.Errorf("noting blocks down: %w", err)
		}
	}
	if how == engine.SavedLater {
		return nil
	}
	n.some.Store(false)
	return errors.Join(remove(n.path(notesBefore)), remove(n.path(notesFile)))
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// setAside keeps what is noted down under other names, and returns them.
func (n *notes) setAside() (kept []string) {
	for _, name := range []string{notesBefore, notesFile} {
		aside := n.path(name) + ".damaged"
		if os.Rename(n.path(name), aside) == nil {
			kept = append(kept, aside)
		}
	}
	return kept
}

// replay hands what an earlier process noted down to take, in the order in which it
// came. A block whose end is missing was never answered for, and is left out. Damage is
// what else cannot be read, or what take says is: the blocks before are taken, and those
// after in the same file only if it can still be read. Trouble ends it.
func (n *notes) replay(take func(time.Time, *block.Block) (damage, trouble error)) (damage, trouble error) {
	for _, name := range []string{notesBefore, notesFile} {
		raw, err := os.ReadFile(n.path(name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return damage, fmt.Errorf("blocks noted down: %w", err)
		}
		n.some.Store(true)
		for len(raw) > 0 {
			came, b, rest, err := parseNote(raw)
			if errors.Is(err, io.ErrUnexpectedEOF) {
				break
			}
			if err != nil {
				damage = errors.Join(damage, fmt.Errorf("%s: %w", n.path(name), err))
				break
			}
			wrong, trouble := take(came, b)
			if damage = errors.Join(damage, wrong); trouble != nil {
				return damage, trouble
			}
			raw = rest
		}
	}
	return damage, nil
}

// ReadNotes hands what a node that was killed noted down in its folder to take, as the
// next one will before it starts, and changes nothing. damage is what of it cannot be
// read, or what take says is; take's trouble ends it.
func ReadNotes(dir string, take func(came time.Time, b *block.Block) (damage, trouble error)) (damage, trouble error) {
	n := notes{dir: dir}
	return n.replay(take)
}

// parseNote reads the first block and when it came. The error is io.ErrUnexpectedEOF if
// its end is missing.
func parseNote(raw []byte) (came time.Time, b *block.Block, rest []byte, err error) {
	if len(raw) < noteHead {
		return came, nil, nil, io.ErrUnexpectedEOF
	}
	head := raw[:noteHead]
	if !bytes.Equal(checksum(head[:16]), head[16:]) {
		return came, nil, nil, errors.New("the checksum of a block's head does not fit")
	}
	came = time.UnixMilli(int64(binary.LittleEndian.Uint64(head)))
	size := uint64(binary.LittleEndian.Uint32(head[8:]))
	if size > consensus.MaxBlockSize {
		return came, nil, nil, fmt.Errorf("a block of %d bytes, at most %d", size, consensus.MaxBlockSize)
	}
	if raw = raw[noteHead:]; size > uint64(len(raw)) {
		return came, nil, nil, io.ErrUnexpectedEOF
	}
	if !bytes.Equal(checksum(raw[:size]), head[12:16]) {
		return came, nil, nil, errors.New("a block's checksum does not fit")
	}
	b, err = block.Parse(raw[:size])
	return came, b, raw[size:], err
}
