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

// This file has what the demo asks the nodes before it says a word.

// unexpected is the error of a state that is not as it should be.
func unexpected(what string, want, is any) error {
	return fmt.Errorf("%s: expected %v, but it is %v", what, want, is)
}

// same is an unexpected state, or nil.
func same[T comparable](what string, want, is T) error {
	if want == is {
		return nil
	}
	return unexpected(what, want, is)
}

// until waits until every one of these nodes tells what is wanted; see returns what it
// tells now and whether that is it.
func (d *demo) until(ctx context.Context, names []string, what, want string, see func(context.Context, *rpc.Client) (is string, ok bool, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Patience)
	defer cancel()
	for _, name := range names {
		c, err := d.net.Client(name)
		if err != nil {
			return err
		}
		var is string
		err = testnet.Poll(ctx, func() (ok bool, err error) {
			is, ok, err = see(ctx, c)
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

// pools waits until the pools of these nodes hold exactly these payments.
func (d *demo) pools(ctx context.Context, names []string, want ...*payment) error {
	ids := []block.Hash{}
	for _, p := range want {
		ids = append(ids, p.TxID)
	}
	sorted := func(h []block.Hash) string {
		slices.SortFunc(h, func(a, b block.Hash) int { return strings.Compare(a.String(), b.String()) })
		return fmt.Sprint(h)
	}
	wanted := sorted(ids)
	return d.until(ctx, names, "pool", wanted, func(ctx context.Context, c *rpc.Client) (string, bool, error) {
		is, err := c.RawMempool(ctx)
		return sorted(is), sorted(is) == wanted, err
	})
}

// tip waits until these nodes stand on this block.
func (d *demo) tip(ctx context.Context, names []string, want block.Hash) error {
	return d.until(ctx, names, "tip", want.String(), func(ctx context.Context, c *rpc.Client) (string, bool, error) {
		is, err := c.BestBlockHash(ctx)
		return is.String(), is == want, err
	})
}

// confirmed makes sure that these nodes have a payment in this block of their history.
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

// work returns how many hashes the last n blocks of a node's history took on average.
func (d *demo) work(ctx context.Context, name string, n int) (float64, error) {
	c, err := d.net.Client(name)
	if err != nil {
		return 0, err
	}
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
}

// weigh returns how many hashes each half's blocks took on average, and makes sure that
// the right half's are more.
func (d *demo) weigh(ctx context.Context) (less, more float64, err error) {
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

// height returns the height of a node's tip.
func (d *demo) height(ctx context.Context, name string) (block.Height, error) {
	c, err := d.net.Client(name)
	if err != nil {
		return 0, err
	}
	return c.BlockCount(ctx)
}

// reorgs returns a node's journal.
func (d *demo) reorgs(ctx context.Context, name string) ([]rpc.Reorg, error) {
	c, err := d.net.Client(name)
	if err != nil {
		return nil, err
	}
	return c.Reorgs(ctx, 0)
}

// checkReorgs makes sure that the left half went over, and the right half did nothing.
func (d *demo) checkReorgs(ctx context.Context) error {
	for _, name := range leftNodes {
		if err := d.checkReorg(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range rightNodes {
		all, err := d.reorgs(ctx, name)
		if err != nil {
			return err
		}
		if err := same(name+"'s reorganisations", 0, len(all)); err != nil {
			return err
		}
	}
	return nil
}

// checkReorg holds the journal of a node that was on the left against what happened.
func (d *demo) checkReorg(ctx context.Context, name string) error {
	all, err := d.reorgs(ctx, name)
	if err != nil {
		return err
	}
	if err := same("reorganisations", 1, len(all)); err != nil {
		return err
	}
	r := all[0]
	list := func(blocks []rpc.BlockRef) string {
		var out []string
		for _, b := range blocks {
			out = append(out, b.Hash.String())
		}
		return strings.Join(out, " ")
	}
	texts := func(h []block.Hash) string { return fmt.Sprint(h) }
	for _, row := range []struct{ what, want, is string }{
		{"blocks that left", texts(d.left), "[" + list(r.Left) + "]"},
		{"blocks that joined", texts(d.right), "[" + list(r.Joined) + "]"},
		{"height of the fork", fmt.Sprint(d.forked), fmt.Sprint(r.Fork.Height)},
		{"depth", fmt.Sprint(len(d.left)), fmt.Sprint(r.Depth)},
		{"payments returned to the pool", texts([]block.Hash{d.daves.TxID}), texts(r.Returned)},
		{"payments confirmed again", "[]", fmt.Sprint(r.Reconfirmed)},
		{"payments in conflict", fmt.Sprintf("%s with %s", d.toBob.TxID, d.toCarol.TxID), conflicts(r.Conflicted)},
	} {
		if err := same(row.what, row.want, row.is); err != nil {
			return err
		}
	}
	d.result.ReorgDepth = r.Depth
	return nil
}

// conflicts lists payments with what made them impossible.
func conflicts(all []rpc.Conflicted) string {
	var out []string
	for _, c := range all {
		out = append(out, fmt.Sprintf("%s with %s", c.TxID, c.By))
	}
	return strings.Join(out, ", ")
}

// checkStale makes sure that just the left half's blocks are in nobody's history.
func (d *demo) checkStale(in draw.Tree) error {
	dead := draw.Stale(in)
	d.result.StaleBlocks = len(dead)
	order := func(h []block.Hash) string {
		h = slices.Clone(h)
		slices.SortFunc(h, func(a, b block.Hash) int { return strings.Compare(a.String(), b.String()) })
		return fmt.Sprint(h)
	}
	return same("stale blocks", order(d.left), order(dead))
}

// refused asks n1 whether it would take a payment, and returns why not.
func (d *demo) refused(ctx context.Context, p *payment) (string, error) {
	c, err := d.net.Client("n1")
	if err != nil {
		return "", err
	}
	answer, err := c.TestAccept(ctx, p.tx)
	if err != nil {
		return "", err
	}
	if answer.Allowed == nil || *answer.Allowed || answer.RejectReason == "" {
		return "", unexpected(fmt.Sprintf("n1's word on the payment of %s to %s", p.From, p.To), "refused", "taken")
	}
	p.Fate = fateConflicted
	return answer.RejectReason, nil
}

// blockOf returns the block that a node has a payment in.
func (d *demo) blockOf(ctx context.Context, name string, p *payment) (block.Hash, error) {
	c, err := d.net.Client(name)
	if err != nil {
		return block.Hash{}, err
	}
	tx, err := c.Tx(ctx, p.TxID)
	return tx.BlockHash, err
}
