package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"toychain/block"
	"toychain/rpc"
	"toychain/testnet"
	"toychain/testnet/draw"
)

// This file has what the demo checks on the nodes before it writes a sentence about them.

// unexpected is the error of a state that is not as it should be.
func unexpected(what string, want, is any) error {
	return fmt.Errorf("%s: expected %v, but it is %v", what, want, is)
}

// same returns an unexpected state, or nil.
func same[T comparable](what string, want, is T) error {
	if want == is {
		return nil
	}
	return unexpected(what, want, is)
}

// call calls a node.
func call[T any](d *demo, node string, f func(*rpc.Client) (T, error)) (v T, err error) {
	c, err := d.net.Client(node)
	if err != nil {
		return v, err
	}
	return f(c)
}

// until waits until each of these nodes is in a state; see returns the state of one now and
// whether that is it.
func (d *demo) until(ctx context.Context, names []string, what, want string, see func(*rpc.Client) (is string, ok bool, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Patience)
	defer cancel()
	for _, name := range names {
		c, err := d.net.Client(name)
		if err != nil {
			return err
		}
		var is string
		err = testnet.Poll(ctx, func() (ok bool, err error) {
			is, ok, err = see(c)
			return ok, err
		})
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("%w, after waiting for %v", unexpected(what, want, is), d.cfg.Patience)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// sorted returns hashes as text, in the order of that text.
func sorted(hashes []block.Hash) string {
	hashes = slices.Clone(hashes)
	slices.SortFunc(hashes, func(a, b block.Hash) int { return strings.Compare(a.String(), b.String()) })
	return fmt.Sprint(hashes)
}

// pools waits until the mempools of these nodes hold exactly these payments.
func (d *demo) pools(ctx context.Context, names []string, want ...*payment) error {
	ids := []block.Hash{}
	for _, p := range want {
		ids = append(ids, p.TxID)
	}
	wanted := sorted(ids)
	return d.until(ctx, names, "pool", wanted, func(c *rpc.Client) (string, bool, error) {
		is, err := c.RawMempool(ctx)
		return sorted(is), sorted(is) == wanted, err
	})
}

// tip waits until this block is the tip of these nodes.
func (d *demo) tip(ctx context.Context, names []string, want block.Hash) error {
	return d.until(ctx, names, "tip", want.String(), func(c *rpc.Client) (string, bool, error) {
		is, err := c.BestBlockHash(ctx)
		return is.String(), is == want, err
	})
}

// confirmed checks that these nodes have a payment in this block of their best chain.
func (d *demo) confirmed(ctx context.Context, names []string, p *payment, in block.Hash) error {
	for _, name := range names {
		is, err := d.blockOf(ctx, name, p)
		if err != nil {
			return fmt.Errorf("payment of %s to %s on %s: %w", p.From, p.To, name, err)
		}
		if err := same(fmt.Sprintf("block of the payment of %s to %s on %s", p.From, p.To, name), in, is); err != nil {
			return err
		}
	}
	return nil
}

// blockOf returns the block in which a node has a payment.
func (d *demo) blockOf(ctx context.Context, node string, p *payment) (block.Hash, error) {
	tx, err := call(d, node, func(c *rpc.Client) (rpc.Tx, error) { return c.Tx(ctx, p.TxID) })
	return tx.BlockHash, err
}

// work returns the hashes that the last n blocks of a node's best chain took on average.
func (d *demo) work(ctx context.Context, node string, n int) (float64, error) {
	return call(d, node, func(c *rpc.Client) (float64, error) {
		tip, err := c.BlockchainInfo(ctx)
		if err != nil {
			return 0, err
		}
		before, err := c.BlockHash(ctx, tip.Blocks-block.Height(n))
		if err != nil {
			return 0, err
		}
		header, err := c.Header(ctx, before)
		return tip.ChainWork.Sub(header.ChainWork).Float(), err
	})
}

// compareWork returns the hashes that each half's blocks took on average, and checks that
// the right half's are more.
func (d *demo) compareWork(ctx context.Context) (less, more float64, err error) {
	if less, err = d.work(ctx, "n1", len(d.left)); err != nil {
		return 0, 0, err
	}
	if more, err = d.work(ctx, "n3", len(d.right)); err != nil {
		return 0, 0, err
	}
	if less >= more {
		return 0, 0, unexpected("work of the left half", fmt.Sprintf("less than the right half's %v", more), less)
	}
	return less, more, nil
}

// checkReorgs checks that the left half had one reorganisation, and the right half none.
func (d *demo) checkReorgs(ctx context.Context) error {
	for _, name := range allNodes {
		all, err := call(d, name, func(c *rpc.Client) ([]rpc.Reorg, error) { return c.Reorgs(ctx, 0) })
		if err != nil {
			return err
		}
		want := 0
		if slices.Contains(leftNodes, name) {
			want = 1
		}
		if err := same(name+"'s reorganisations", want, len(all)); err != nil {
			return err
		}
		if want == 0 {
			continue
		}
		if err := d.checkReorg(&all[0]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// checkReorg compares a reorganisation of the left half with what happened.
func (d *demo) checkReorg(r *rpc.Reorg) error {
	list := func(blocks []rpc.BlockRef) string {
		var out []block.Hash
		for _, b := range blocks {
			out = append(out, b.Hash)
		}
		return fmt.Sprint(out)
	}
	var conflicts []string
	for _, c := range r.Conflicted {
		conflicts = append(conflicts, fmt.Sprintf("%s with %s", c.TxID, c.By))
	}
	for _, row := range []struct{ what, want, is string }{
		{"blocks that left", fmt.Sprint(d.left), list(r.Left)},
		{"blocks that joined", fmt.Sprint(d.right), list(r.Joined)},
		{"height of the fork", fmt.Sprint(d.forked), fmt.Sprint(r.Fork.Height)},
		{"depth", fmt.Sprint(len(d.left)), fmt.Sprint(r.Depth)},
		{"payments returned to the pool", fmt.Sprint([]block.Hash{d.daves.TxID}), fmt.Sprint(r.Returned)},
		{"payments confirmed again", "[]", fmt.Sprint(r.Reconfirmed)},
		{"payments in conflict", fmt.Sprintf("%s with %s", d.toBob.TxID, d.toCarol.TxID), strings.Join(conflicts, ", ")},
	} {
		if err := same(row.what, row.want, row.is); err != nil {
			return err
		}
	}
	d.result.ReorgDepth = r.Depth
	return nil
}

// checkStale checks that just the left half's blocks are on no node's best chain.
func (d *demo) checkStale(in draw.Tree) error {
	stale := draw.Stale(in)
	d.result.StaleBlocks = len(stale)
	return same("stale blocks", sorted(d.left), sorted(stale))
}

// refused checks that n1 would not accept a payment, and returns why.
func (d *demo) refused(ctx context.Context, p *payment) (string, error) {
	answer, err := call(d, "n1", func(c *rpc.Client) (rpc.TestAccept, error) { return c.TestAccept(ctx, p.tx) })
	if err != nil {
		return "", err
	}
	if answer.Allowed == nil || *answer.Allowed || answer.RejectReason == "" {
		return "", unexpected(fmt.Sprintf("n1's answer to the payment of %s to %s", p.From, p.To), "refused", "accepted")
	}
	p.Fate = fateConflicted
	return answer.RejectReason, nil
}
