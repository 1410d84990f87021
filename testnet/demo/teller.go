package demo

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"toychain/block"
	"toychain/payer"
	"toychain/rpc"
	"toychain/testnet/draw"
)

// typewriter writes the few characters that ASCII does not have.
var typewriter = strings.NewReplacer("→", "->", "…", "..")

// Write writes a part of the story, unless it has failed.
func (d *demo) Write(b []byte) (int, error) {
	if d.cfg.ASCII {
		b = []byte(typewriter.Replace(string(b)))
	}
	if d.err == nil {
		_, d.err = d.cfg.Out.Write(b)
	}
	return len(b), d.err
}

func (d *demo) line(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

func (d *demo) blank() { d.line("") }

func (d *demo) paint(colour, s string) string {
	if !d.cfg.Colour {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

// chapter begins a new part of the story.
func (d *demo) chapter(title string) {
	if d.chapters++; d.chapters > 1 {
		d.blank()
	}
	d.heading(fmt.Sprintf("%d. %s", d.chapters, title))
}

func (d *demo) heading(title string) {
	d.line("%s", d.paint("1", title))
	d.blank()
}

// idea writes an explanation, in a line or two.
func (d *demo) idea(lines ...string) {
	for _, l := range lines {
		d.line("   %s", d.paint("2", l))
	}
	d.blank()
}

// fact writes what was checked on the nodes.
func (d *demo) fact(format string, args ...any) { d.line("   "+format, args...) }

// grouped writes a count in groups of three digits.
func grouped(v float64) string {
	s := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// mine has a node mine blocks, one after the other, waits until its group has them, and
// checks that the last one holds just these payments. It returns the last one.
func (d *demo) mine(ctx context.Context, name, to string, n int, group []string, with ...*payment) (last block.Hash) {
	made := call(d, name, func(c *rpc.Client) ([]block.Hash, error) { return c.Generate(ctx, n, d.people[to].text) })
	same(d, name+" mined", n, len(made))
	if d.err == nil {
		last = made[n-1]
	}
	d.tip(ctx, group, last)
	b := call(d, name, func(c *rpc.Client) (rpc.FullBlock, error) {
		return rpc.As[rpc.FullBlock](rpc.GetBlock).Call(ctx, c, rpc.GetBlockArgs{Block: last, Verbosity: new(rpc.Verbosity(2))})
	})
	held := map[block.Hash]bool{}
	for _, tx := range b.Tx[min(1, len(b.Tx)):] {
		held[tx.TxID] = true
	}
	what := fmt.Sprintf("block %d of %s", b.Height, name)
	for _, p := range with {
		if !held[p.TxID] {
			d.fail(unexpected(what, fmt.Sprintf("to hold the payment of %s to %s", p.From, p.To), "without it"))
		}
	}
	same(d, "payments in "+what, len(with), len(held))
	return last
}

// pay pays from one person to another through a node, with a single coin: this one if it is
// named.
func (d *demo) pay(ctx context.Context, node, from, to string, amount block.Amount, coins ...block.Outpoint) *payment {
	p := call(d, node, func(c *rpc.Client) (p payment, err error) {
		wallet, err := d.payer(ctx, c, from)
		if err != nil {
			return p, err
		}
		request := payer.To(d.people[to].Address, amount)
		request.From = coins
		r, err := wallet.Pay(ctx, d.people[from].Keys, request)
		if err != nil {
			return p, fmt.Errorf("%s pays %s: %w", from, to, err)
		}
		if len(r.Spent) != 1 {
			return p, unexpected("coins that "+from+" spends", 1, len(r.Spent))
		}
		return payment{Payment{From: from, To: to, Amount: amount, Fee: r.Fee, TxID: r.TxID}, r.Tx, r.Spent[0]}, nil
	})
	return &p
}

// payer returns a person's wallet with a node to call.
func (d *demo) payer(ctx context.Context, c *rpc.Client, who string) (*payer.Payer, error) {
	return payer.Open(ctx, c, d.people[who].Wallet, d.net.Params().Digest(), d.net.Params().Prefixes)
}

// balances returns the balances of these people, as a node sees them.
func (d *demo) balances(ctx context.Context, node string, people ...string) map[string]payer.Balance {
	return call(d, node, func(c *rpc.Client) (map[string]payer.Balance, error) {
		out := map[string]payer.Balance{}
		for _, who := range people {
			p, err := d.payer(ctx, c, who)
			if err != nil {
				return nil, err
			}
			if out[who], err = p.Balance(ctx); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}

// draw draws the tree of all nodes, and returns it.
func (d *demo) draw(ctx context.Context, legend bool) (in draw.Tree) {
	if d.err != nil {
		return in
	}
	in, err := d.net.Tree(ctx, 0)
	d.fail(err)
	d.blank()
	d.fail(draw.Write(ctx, d, in, draw.Style{Colour: d.cfg.Colour, ASCII: d.cfg.ASCII, Legend: legend, Width: d.cfg.Width}))
	return in
}
