package scenario

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"toychain/block"
	"toychain/rpc"
	"toychain/testnet/draw"
)

// showVerbs have output.
func showVerbs() []verb {
	return []verb{
		{name: "tips", shows: true, parse: func(*words) action { return tips }, about: "Shows the best chain of each node."},
		{name: "tree", shows: true, parse: func(*words) action { return tree }, about: "Draws the blocks of all nodes as one tree."},
		{name: "reorgs", args: "[NODE…]", shows: true, parse: parseReorgs,
			about: "Shows each reorganisation: which blocks left and joined, and what became of their payments."},
		{name: "pool", args: "[NODE…]", shows: true, parse: parsePool, about: "Shows which payments are pending."},
		{name: "balance", args: "PERSON… on NODE…", shows: true, parse: parseBalance,
			about: "Shows balances of people on each node's best chain."},
	}
}

// columns aligns the cells of rows: at least three spaces are between two cells, and each cell
// begins at an even column.
func columns(rows [][]string) string {
	var widths []int
	for _, r := range rows {
		for i, c := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], (utf8.RuneCountInString(c)+4)/2*2)
		}
	}
	var out strings.Builder
	for _, r := range rows {
		line := ""
		for i, c := range r {
			line += fmt.Sprintf("%-*s", widths[i], c)
		}
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return out.String()
}

// grouped joins rows that differ in their first cells only, in the order of the first of each.
func grouped(rows [][]string) (out [][]string) {
	for _, r := range rows {
		i := slices.IndexFunc(out, func(o []string) bool { return slices.Equal(o[1:], r[1:]) })
		if i < 0 {
			out = append(out, r)
			continue
		}
		out[i][0] += " " + r[0]
	}
	return out
}

func tips(ctx context.Context, p *player) (string, error) {
	all, trees, err := p.trees(ctx)
	if err != nil {
		return "", err
	}
	parents := map[block.Hash]block.Hash{}
	for _, t := range trees {
		for _, b := range t.Blocks {
			parents[b.Hash] = b.Prev
		}
	}
	var rows [][]string
	for i, g := range all {
		if t := trees[i]; g.State == Up {
			rows = append(rows, []string{g.Node, p.names.path(t.Tip, parents), fmt.Sprintf("height %d", t.Height)})
		} else {
			rows = append(rows, []string{g.Node, string(g.State)})
		}
	}
	return columns(grouped(rows)), nil
}

func tree(ctx context.Context, p *player) (string, error) {
	all, trees, err := p.trees(ctx)
	if err != nil {
		return "", err
	}
	var views []draw.View
	var silent []string
	for i, g := range all {
		if g.State == Up {
			views = append(views, draw.View{Node: g.Node, Tree: trees[i]})
		} else {
			silent = append(silent, g.Node)
		}
	}
	in := draw.Merge(views)
	in.Silent = silent
	slices.SortFunc(in.Blocks, func(a, b rpc.TreeBlock) int { return p.names.number(a.Hash) - p.names.number(b.Hash) })
	var out bytes.Buffer
	err = draw.Write(ctx, &out, in, draw.Style{Width: 100, Call: p.names.block})
	return out.String(), err
}

func parseReorgs(w *words) action {
	nodes := w.nodes()
	return func(ctx context.Context, p *player) (string, error) {
		if _, _, err := p.trees(ctx); err != nil {
			return "", err
		}
		all, err := p.running(ctx, nodes)
		if err != nil {
			return "", err
		}
		var rows [][]string
		for _, g := range all {
			journal, err := p.reorgs(ctx, g.Node)
			if err != nil {
				return "", err
			}
			if len(journal) == 0 {
				rows = append(rows, []string{g.Node, "none"})
			}
			for i := range journal {
				rows = append(rows, append([]string{g.Node}, p.reorgRow(&journal[i])...))
			}
		}
		return columns(rows), nil
	}
}

// reorgRow returns which blocks left and joined, and what became of the payments.
func (p *player) reorgRow(r *rpc.Reorg) []string {
	way := func(refs []rpc.BlockRef) string {
		if len(refs) == 0 {
			return "nothing"
		}
		var numbers []int
		for _, b := range refs {
			numbers = append(numbers, p.names.number(b.Hash))
		}
		return runs(numbers)
	}
	var fates []string
	add := func(ids []block.Hash, what string) {
		if len(ids) > 0 {
			fates = append(fates, p.names.list(ids)+" "+what)
		}
	}
	add(r.Returned, "back in the pool")
	var again []block.Hash
	for _, c := range r.Reconfirmed {
		again = append(again, c.TxID)
	}
	add(again, "confirmed again")
	for _, c := range r.Conflicted {
		why := "impossible now"
		if by, err := block.ParseHash(c.By); err == nil {
			why += ", by " + p.names.payment(by)
		}
		add([]block.Hash{c.TxID}, why)
	}
	return []string{way(r.Left) + " left", way(r.Joined) + " joined", strings.Join(fates, "; ")}
}

func parsePool(w *words) action {
	nodes := w.nodes()
	return func(ctx context.Context, p *player) (string, error) {
		all, err := p.running(ctx, nodes)
		if err != nil {
			return "", err
		}
		var rows [][]string
		for _, g := range all {
			rows = append(rows, []string{g.Node, p.names.list(g.Pool)})
		}
		return columns(grouped(rows)), nil
	}
}

func parseBalance(w *words) action {
	people := []string{w.person()}
	for w.more() && w.rest[0] != "on" {
		people = append(people, w.person())
	}
	w.must("on")
	nodes := w.some()
	return func(ctx context.Context, p *player) (string, error) {
		rows := [][]string{append([]string{""}, nodes...)}
		for _, who := range people {
			row := []string{who}
			for _, n := range nodes {
				has, err := p.balance(ctx, who, n)
				if err != nil {
					return "", err
				}
				row = append(row, has.Short())
			}
			rows = append(rows, row)
		}
		return columns(rows), nil
	}
}
