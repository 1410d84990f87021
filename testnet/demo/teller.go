package demo

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"toychain/block"
	"toychain/payer"
	"toychain/rpc"
	"toychain/testnet/draw"
)

// teller writes the story. It keeps the first error of its writer.
type teller struct {
	w        io.Writer
	colour   bool
	ascii    bool
	chapters int
	err      error
}

// typewriter writes the few characters that ASCII does not have.
var typewriter = strings.NewReplacer("→", "->", "…", "..")

// Write writes pictures.
func (t *teller) Write(b []byte) (int, error) {
	if t.ascii {
		b = []byte(typewriter.Replace(string(b)))
	}
	if t.err == nil {
		_, t.err = t.w.Write(b)
	}
	return len(b), t.err
}

func (t *teller) line(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

func (t *teller) blank() { t.line("") }

func (t *teller) paint(colour, s string) string {
	if !t.colour {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

func (t *teller) good(s string) string { return t.paint("32;1", s) }

// chapter begins a new part of the story.
func (t *teller) chapter(title string) {
	if t.chapters++; t.chapters > 1 {
		t.blank()
	}
	t.heading(fmt.Sprintf("%d. %s", t.chapters, title))
}

func (t *teller) heading(title string) {
	t.line("%s", t.paint("1", title))
	t.blank()
}

// idea writes an explanation, in a line or two.
func (t *teller) idea(lines ...string) {
	for _, l := range lines {
		t.line("   %s", t.paint("2", l))
	}
	t.blank()
}

// fact writes what was checked on the nodes.
func (t *teller) fact(format string, args ...any) { t.line("   "+format, args...) }

// grouped writes a count in groups of three digits.
func grouped(v float64) string {
	s := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// mine has a node mine blocks, one after the other, waits until its group has them, and
// checks that the last one holds just these payments.
func (d *demo) mine(ctx context.Context, name, to string, n int, group []string, with ...*payment) ([]block.Hash, error) {
	c, err := d.net.Client(name)
	if err != nil {
		return nil, err
	}
	made, err := c.Generate(ctx, n, d.people[to].text)
	if err != nil {
		return nil, fmt.Errorf("%s mining: %w", name, err)
	}
	if err := same(name+" mined", n, len(made)); err != nil {
		return nil, err
	}
	last := made[n-1]
	if err := d.tip(ctx, group, last); err != nil {
		return nil, err
	}
	b, err := c.Block(ctx, last)
	if err != nil {
		return nil, err
	}
	held := map[block.Hash]bool{}
	for _, tx := range b.Tx[min(1, len(b.Tx)):] {
		held[tx.TxID] = true
	}
	for _, p := range with {
		if !held[p.TxID] {
			return nil, unexpected(fmt.Sprintf("block %d of %s", b.Height, name), fmt.Sprintf("to hold the payment of %s to %s", p.From, p.To), "without it")
		}
	}
	return made, same(fmt.Sprintf("payments in block %d of %s", b.Height, name), len(with), len(held))
}

// pay pays from one person to another through a node. Naming a coin spends just that one.
func (d *demo) pay(ctx context.Context, node, from, to string, amount block.Amount, coins ...block.Outpoint) (*payment, error) {
	p, err := d.payer(ctx, node, from)
	if err != nil {
		return nil, err
	}
	request := payer.To(d.people[to].Address, amount)
	request.From = coins
	r, err := p.Pay(ctx, d.people[from].Keys, request)
	if err != nil {
		return nil, fmt.Errorf("%s pays %s through %s: %w", from, to, node, err)
	}
	return &payment{Payment{From: from, To: to, Amount: amount, Fee: r.Fee, TxID: r.TxID}, r.Tx, r.Spent}, nil
}

// payer returns a person's wallet with a node to call.
func (d *demo) payer(ctx context.Context, node, who string) (*payer.Payer, error) {
	return call(d, node, func(c *rpc.Client) (*payer.Payer, error) {
		return payer.Open(ctx, c, d.people[who].Wallet, d.net.Params().Digest(), d.net.Params().Prefixes)
	})
}

// balances returns the balances of these people, as a node sees them.
func (d *demo) balances(ctx context.Context, node string, people ...string) (map[string]payer.Balance, error) {
	out := map[string]payer.Balance{}
	for _, who := range people {
		p, err := d.payer(ctx, node, who)
		if err != nil {
			return nil, err
		}
		if out[who], err = p.Balance(ctx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// draw draws the tree of all nodes, and returns it.
func (d *demo) draw(ctx context.Context, legend bool) (draw.Tree, error) {
	in, err := d.net.Tree(ctx, 0)
	if err != nil {
		return in, err
	}
	d.blank()
	return in, draw.Write(d, in, draw.Style{Colour: d.cfg.Colour, ASCII: d.cfg.ASCII, Legend: legend, Width: d.cfg.Width})
}
