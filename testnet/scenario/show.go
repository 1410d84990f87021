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
		for i, c := range r {
			if i == len(r)-1 {
				out.WriteString(c)
				break
			}
			out.WriteString(c + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c)))
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// grouped joins the names that have the same text, in the order of the first of each.
func grouped(names, texts []string) (rows [][]string) {
	at := map[string]int{}
	for i, t := range texts {
		j, ok := at[t]
		if !ok {
			j = len(rows)
			at[t] = j
			rows = append(rows, []string{names[i], t})
			continue
		}
		rows[j][0] += " " + names[i]
	}
	return rows
}

func tips(ctx context.Context, p *player) (string, error) {
	all, err := p.status(ctx)
	if err != nil {
		return "", err
	}
	up, trees, err := p.trees(ctx)
	if err != nil {
		return "", err
	}
	parents := map[block.Hash]block.Hash{}
	at := map[string]rpc.Tree{}
	for i, t := range trees {
		at[up[i].Node] = t
		for _, b := range t.Blocks {
			parents[b.Hash] = b.Prev
		}
	}
	var names, texts []string
	for _, g := range all {
		names = append(names, g.Node)
		if t, ok := at[g.Node]; ok {
			texts = append(texts, fmt.Sprintf("%s\theight %d", p.names.path(t.Tip, parents), t.Height))
		} else {
			texts = append(texts, string(g.State))
		}
	}
	rows := grouped(names, texts)
	for i, r := range rows {
		rows[i] = append(r[:1], strings.Split(r[1], "\t")...)
	}
	return columns(rows), nil
}

func tree(ctx context.Context, p *player) (string, error) {
	all, err := p.status(ctx)
	if err != nil {
		return "", err
	}
	up, trees, err := p.trees(ctx)
	if err != nil {
		return "", err
	}
	views := make([]draw.View, len(trees))
	for i, t := range trees {
		views[i] = draw.View{Node: up[i].Node, Tree: t}
	}
	in := draw.Merge(views)
	number := func(b rpc.TreeBlock) int { return slices.Index(p.names.order, b.Hash) }
	slices.SortFunc(in.Blocks, func(a, b rpc.TreeBlock) int { return number(a) - number(b) })
	for _, g := range all {
		if g.State != Up {
			in.Silent = append(in.Silent, g.Node)
		}
	}
	var out bytes.Buffer
	err = draw.Write(&out, in, draw.Style{Width: 100, Call: p.names.block})
	return out.String(), err
}

// chosen returns the nodes that a step names, or all that answer.
func (p *player) chosen(ctx context.Context, nodes []string) ([]NodeStatus, error) {
	all, err := p.running(ctx)
	if err != nil || len(nodes) == 0 {
		return all, err
	}
	for _, n := range nodes {
		if !slices.ContainsFunc(all, func(g NodeStatus) bool { return g.Node == n }) {
			return nil, fmt.Errorf("%s does not answer: it is down or paused", n)
		}
	}
	return slices.DeleteFunc(all, func(g NodeStatus) bool { return !slices.Contains(nodes, g.Node) }), nil
}

func parseReorgs(w *words) action {
	nodes := w.nodes()
	return func(ctx context.Context, p *player) (string, error) {
		if _, _, err := p.trees(ctx); err != nil {
			return "", err
		}
		all, err := p.chosen(ctx, nodes)
		if err != nil {
			return "", err
		}
		var rows [][]string
		for _, g := range all {
			n, err := p.world.Node(g.Node)
			if err != nil {
				return "", err
			}
			journal, err := n.Reorgs(ctx, 0)
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
			numbers = append(numbers, slices.Index(p.names.order, b.Hash))
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
		all, err := p.chosen(ctx, nodes)
		if err != nil {
			return "", err
		}
		var names, texts []string
		for _, g := range all {
			names, texts = append(names, g.Node), append(texts, p.names.list(g.Pool))
		}
		return columns(grouped(names, texts)), nil
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
