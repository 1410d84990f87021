package node

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/mempool"
)

// restoreBatch is how many restored transactions have their signatures checked at once.
const restoreBatch = 200

// restoreMempool submits what was pending when the node last stopped, beside everything else
// that the node does, and reports whether it came to the end; if not, the file must stay. A
// damaged line does not keep the node from starting: the file is set aside, with a warning.
func (n *Node) restoreMempool(ctx context.Context) (done bool) {
	path := filepath.Join(n.cfg.Dir, mempoolFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	r := restore{node: n, told: time.Now()}
	if err == nil {
		defer f.Close()
		if info, e := f.Stat(); e == nil {
			r.size = info.Size()
		}
		err = readMempool(io.TeeReader(f, &r), func(d mempool.Delta) error { return n.Prioritise(ctx, d.ID, d.Fee) },
			func(tx *block.Tx, since time.Time) error { return r.add(ctx, tx, since) })
		if e := r.submit(ctx); e != nil { // what was read before a damaged line, too
			err = e
		}
	}
	switch {
	case err == nil && r.taken+r.gone == 0:
		return true
	case err == nil:
		n.log.Info("pending transactions restored", "back", r.taken, "known, confirmed or impossible", r.gone)
		return true
	case ctx.Err() != nil && errors.Is(err, ctx.Err()), errors.Is(err, ErrStopped):
		return false
	}
	aside := path + ".damaged"
	if e := os.Rename(path, aside); e != nil {
		aside = "not set aside: " + e.Error()
	}
	n.log.Warn("the file of pending transactions cannot be read to its end", "file", path, "back", r.taken, "err", err, "kept", aside)
	return true
}

// restore is how far restoreMempool is.
type restore struct {
	node        *Node
	batch       []engine.TxReceived // read, and not submitted yet
	taken, gone int
	read, size  int64 // bytes of the file
	told        time.Time
}

// Write counts what is read of the file.
func (r *restore) Write(b []byte) (int, error) {
	r.read += int64(len(b))
	return len(b), nil
}

func (r *restore) add(ctx context.Context, tx *block.Tx, since time.Time) error {
	r.batch = append(r.batch, engine.TxReceived{Tx: tx, Since: since})
	if len(r.batch) < restoreBatch {
		return nil
	}
	return r.submit(ctx)
}

// submit hands the batch to the engine, one by one and in the file's order, as transactions of
// peers come: others get their turn in between. The error says that the node is ending.
func (r *restore) submit(ctx context.Context) error {
	if err := r.node.checkAhead(ctx, r.batch); err != nil {
		return err
	}
	for _, in := range r.batch {
		switch err := r.node.submit(ctx, in); {
		case engine.ClassifyTx(err) == engine.OK:
			r.taken++
		case engine.ClassifyTx(err) == engine.Internal:
			return err
		default:
			r.gone++
		}
	}
	r.batch = r.batch[:0]
	if now := time.Now(); now.Sub(r.told) >= tellMoveEvery {
		r.told = now
		r.node.log.Info("restoring pending transactions", "back", r.taken, "read", r.read, "bytes of", r.size)
	}
	return nil
}

// checkAhead checks the signatures of transactions on all cores, beside the engine's goroutine,
// which then finds them checked (chain.Verifier) and has a fortieth of the work. Nothing is
// decided here: a transaction whose coins are not found or whose signature is wrong is the
// engine's to refuse.
func (n *Node) checkAhead(ctx context.Context, batch []engine.TxReceived) error {
	outputs := make(map[block.Hash][]block.Output, len(batch))
	ids := make([]block.Hash, len(batch))
	var of []block.Outpoint
	for i, in := range batch {
		ids[i] = in.Tx.ID()
		outputs[ids[i]] = in.Tx.Outputs
		for j := range in.Tx.Inputs {
			of = append(of, in.Tx.Inputs[j].Prev)
		}
	}
	var coins consensus.Coins
	var trouble error
	if err := n.Look(ctx, func(e *engine.Engine) { coins, trouble = e.Pool().Coins(e.Tree(), of) }); err != nil || trouble != nil {
		return err // trouble with the disk is the engine's to report
	}
	var spenders []consensus.Spender
	for i, in := range batch {
		s := consensus.Spender{ID: ids[i], Tx: in.Tx}
		for j := range in.Tx.Inputs {
			prev := in.Tx.Inputs[j].Prev
			if coin := coins[prev]; coin != nil {
				s.Spent = append(s.Spent, *coin)
			} else if made := outputs[prev.TxID]; uint64(prev.Index) < uint64(len(made)) {
				s.Spent = append(s.Spent, consensus.Coin{Output: made[prev.Index]})
			}
		}
		if len(s.Spent) == len(in.Tx.Inputs) {
			spenders = append(spenders, s)
		}
	}
	_ = n.cfg.Verifier.Verify(spenders)
	return nil
}
