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

// fail ends the story with an error, unless an earlier one already has.
func (d *demo) fail(err error) {
	if d.err == nil && err != nil {
		d.err = fmt.Errorf("%w%s", err, d.logs())
	}
}

// logs returns the ends of the nodes' logs, which are about to be removed.
func (d *demo) logs() string {
	if d.net == nil {
		return ""
	}
	var out strings.Builder
	for _, n := range d.net.Nodes() {
		fmt.Fprintf(&out, "\nthe end of %s's log:\n%s", n.Name, n.LogTail(4))
	}
	return out.String()
}

// unexpected is the error of a state that is not as it should be.
func unexpected(what string, want, is any) error {
	return fmt.Errorf("%s: expected %v, but it is %v", what, want, is)
}

// same fails if a state is not as it should be.
func same[T comparable](d *demo, what string, want, is T) {
	if want != is {
		d.fail(unexpected(what, want, is))
	}
}

// call calls a node. Once the story has failed, it returns the zero value.
func call[T any](d *demo, node string, f func(*rpc.Client) (T, error)) (v T) {
	if d.err != nil {
		return v
	}
	c, err := d.net.Client(node)
	if err == nil {
		if v, err = f(c); err != nil {
			err = fmt.Errorf("%s: %w", node, err)
		}
	}
	d.fail(err)
	return v
}

// until waits until each of these nodes is in a state; see returns the state of one now.
func (d *demo) until(ctx context.Context, names []string, what, want string, see func(*rpc.Client) (is string, err error)) {
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Patience)
	defer cancel()
	for _, name := range names {
		call(d, name, func(c *rpc.Client) (is string, err error) {
			err = testnet.Poll(ctx, func() (_ bool, err error) {
				is, err = see(c)
				return is == want, err
			})
			if err != nil && ctx.Err() != nil {
				err = fmt.Errorf("%w, after waiting for %v", unexpected(what, want, is), d.cfg.Patience)
			}
			return is, err
		})
	}
}

// sorted returns hashes as text, in the order of that text.
func sorted(hashes []block.Hash) string {
	hashes = slices.Clone(hashes)
	slices.SortFunc(hashes, func(a, b block.Hash) int { return strings.Compare(a.String(), b.String()) })
	return fmt.Sprint(hashes)
}

// pools waits until the mempools of these nodes hold exactly these payments.
func (d *demo) pools(ctx context.Context, names []string, want ...*payment) {
	var ids []block.Hash
	for _, p := range want {
		ids = append(ids, p.TxID)
	}
	d.until(ctx, names, "pool", sorted(ids), func(c *rpc.Client) (string, error) {
		is, err := c.RawMempool(ctx)
		return sorted(is), err
	})
}

// tip waits until this block is the tip of these nodes.
func (d *demo) tip(ctx context.Context, names []string, want block.Hash) {
	d.until(ctx, names, "tip", want.String(), func(c *rpc.Client) (string, error) {
		is, err := c.BestBlockHash(ctx)
		return is.String(), err
	})
}

// confirmed checks that these nodes have a payment in this block of their best chain.
func (d *demo) confirmed(ctx context.Context, names []string, p *payment, in block.Hash) {
	for _, name := range names {
		same(d, fmt.Sprintf("block of the payment of %s to %s on %s", p.From, p.To, name), in, d.blockOf(ctx, name, p))
	}
}

// blockOf returns the block in which a node has a payment.
func (d *demo) blockOf(ctx context.Context, node string, p *payment) block.Hash {
	return call(d, node, func(c *rpc.Client) (rpc.Tx, error) { return c.Tx(ctx, p.TxID) }).BlockHash
}

// height returns the height of n1's tip.
func (d *demo) height(ctx context.Context) block.Height {
	return call(d, "n1", func(c *rpc.Client) (block.Height, error) { return c.BlockCount(ctx) })
}

// work returns the hashes that the last n blocks of a node's best chain took on average.
func (d *demo) work(ctx context.Context, node string, n int) float64 {
	return call(d, node, func(c *rpc.Client) (float64, error) {
		tip, err := c.BlockchainInfo(ctx)
		if err != nil {
			return 0, err
		}
		before, err := rpc.GetBlockHash.Call(ctx, c, rpc.HeightArg{Height: int64(tip.Blocks - block.Height(n))})
		if err != nil {
			return 0, err
		}
		header, err := c.Header(ctx, before)
		return tip.ChainWork.Sub(header.ChainWork).Float(), err
	})
}

// checkReorgs checks that the left half had one reorganisation, and the right half none.
func (d *demo) checkReorgs(ctx context.Context) {
	for _, name := range allNodes {
		all := call(d, name, func(c *rpc.Client) ([]rpc.Reorg, error) { return c.Reorgs(ctx, 0) })
		want := 0
		if slices.Contains(leftNodes, name) {
			want = 1
		}
		same(d, name+"'s reorganisations", want, len(all))
		for _, r := range all {
			d.checkReorg(name, &r)
		}
	}
}

// checkReorg compares a reorganisation of the left half with what happened.
func (d *demo) checkReorg(node string, r *rpc.Reorg) {
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
		same(d, node+": "+row.what, row.want, row.is)
	}
	d.result.ReorgDepth = r.Depth
}

// checkStale checks that just the left half's blocks are on no node's best chain.
func (d *demo) checkStale(in draw.Tree) {
	stale := draw.Stale(in)
	d.result.StaleBlocks = len(stale)
	same(d, "stale blocks", sorted(d.left), sorted(stale))
}

// refused checks that n1 would not accept a payment, and returns why.
func (d *demo) refused(ctx context.Context, p *payment) string {
	answer := call(d, "n1", func(c *rpc.Client) (rpc.TestAccept, error) { return c.TestAccept(ctx, p.tx) })
	if answer.Allowed == nil || *answer.Allowed || answer.RejectReason == "" {
		d.fail(unexpected(fmt.Sprintf("n1's answer to the payment of %s to %s", p.From, p.To), "refused", "accepted"))
	}
	p.Fate = fateConflicted
	return answer.RejectReason
}
