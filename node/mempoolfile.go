package node

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"toychain/block"
	"toychain/engine"
	"toychain/internal/atomicfile"
	"toychain/mempool"
)

// The mempool's file, pool.txt, holds what was pending when the node stopped, one transaction
// a line, parents before children: when it arrived, and its bytes in hex. Before them is what
// the user added to the fees of transactions, pending or not (mempool.Pool.Prioritise).
//
//	fee_delta 5d4f2275… 1000
//	2026-01-03T18:15:05.25Z 0100000001…
//
// It is written at a clean stop, and on request; every transaction in it is validated again, on
// the chain as it is then. After kill -9 the file of the stop before is read; peers have the
// rest (Core: mempool.dat).
const mempoolFile = "pool.txt"

// maxMempoolLine is the longest line: a transaction as large as any message, and a time.
const maxMempoolLine = 2*block.MaxMessage + 100

// readMempool calls add for each addition to a fee in a mempool's file, and take for each
// transaction, until one returns an error.
func readMempool(r io.Reader, add func(mempool.Delta) error, take func(tx *block.Tx, since time.Time) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxMempoolLine)
	number := 0
	for lines.Scan() {
		number++
		if text, is := bytes.CutPrefix(lines.Bytes(), []byte(deltaLine)); is {
			d, err := parseDelta(string(text))
			if err != nil {
				return fmt.Errorf("line %d: %w", number, err)
			}
			if err := add(d); err != nil {
				return err
			}
			continue
		}
		tx, since, err := parseMempoolLine(lines.Bytes())
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if err := take(tx, since); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("line %d: %w", number+1, err)
	}
	return nil
}

// deltaLine begins a line about a fee.
const deltaLine = "fee_delta "

func parseDelta(text string) (d mempool.Delta, err error) {
	id, fee, _ := strings.Cut(text, " ")
	if d.ID, err = block.ParseHash(id); err != nil {
		return d, err
	}
	n, err := strconv.ParseInt(fee, 10, 64)
	d.Fee = block.Amount(n)
	return d, err
}

func parseMempoolLine(line []byte) (*block.Tx, time.Time, error) {
	at, digits, found := bytes.Cut(line, []byte(" "))
	if !found {
		return nil, time.Time{}, errors.New("want a time and a transaction in hex")
	}
	since, err := time.Parse(time.RFC3339Nano, string(at))
	if err != nil {
		return nil, time.Time{}, err
	}
	raw := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(raw, digits); err != nil {
		return nil, time.Time{}, err
	}
	tx, err := block.ParseTx(raw)
	return tx, since, err
}

// ErrRestoring: the mempool's file is still being read.
var ErrRestoring = errors.New("the mempool of the last run is still being restored")

// SaveMempool writes the mempool's file now, and returns its path. The error is ErrRestoring,
// ErrStopped, the context's or the disk's.
func (n *Node) SaveMempool(ctx context.Context) (path string, err error) {
	if !n.restored.Load() {
		return "", ErrRestoring
	}
	var s savedMempool
	if err := n.Look(ctx, func(e *engine.Engine) { s = savedOf(e) }); err != nil {
		return "", err
	}
	return filepath.Join(n.cfg.Dir, mempoolFile), n.writeMempool(s)
}

// savedMempool is what the mempool's file holds.
type savedMempool struct {
	deltas  []mempool.Delta
	entries []*mempool.Entry
}

func savedOf(e *engine.Engine) savedMempool {
	return savedMempool{e.Pool().Deltas(), e.Pool().Entries()}
}

// writeMempool writes the file, whole or not at all. If it fails after the engine's last
// step, what is pending here is lost, and no coin.
func (n *Node) writeMempool(s savedMempool) error {
	return atomicfile.Replace(filepath.Join(n.cfg.Dir, mempoolFile), func(f *os.File) error {
		out := bufio.NewWriter(f)
		for _, d := range s.deltas {
			fmt.Fprintf(out, "%s%s %d\n", deltaLine, d.ID, d.Fee)
		}
		for _, e := range s.entries {
			fmt.Fprintf(out, "%s %x\n", e.Time.UTC().Format(time.RFC3339Nano), e.Tx.Bytes())
		}
		return errors.Join(out.Flush(), f.Sync())
	})
}
