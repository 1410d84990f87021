package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/pow"
	"toychain/rpc"
)

func (a *app) chainCommand() *cobra.Command {
	return cli.Noun("chain", "Look at the chain: state, blocks, branches and reorganisations.",
		"toychain chain info\ntoychain chain tree --node n1\ntoychain chain pool",
		a.chainInfoCommand(), a.chainTipsCommand(), a.chainTreeCommand(), a.chainBlockCommand(), a.chainTxCommand(), a.chainPoolCommand(),
		a.chainReorgsCommand(), a.chainStaleCommand(), a.chainExportCommand(), a.chainImportCommand(), a.chainVerifyCommand(), a.chainReindexCommand())
}

func (a *app) chainInfoCommand() *cobra.Command {
	return show(a, &cobra.Command{
		Use: "info", SuggestFor: []string{"status", "height"}, Short: "Show the tip of the chain, and how its difficulty moves.",
		Example: "toychain chain info\ntoychain chain info --node n2 --json",
	}, a.dial, gatherInfo, a.printInfo)
}

// chainInfo is what "chain info" prints.
type chainInfo struct {
	rpc.BlockchainInfo
	HashesPerBlock float64        `json:"hashes_per_block"` // expected for the next block
	Hashrate       *float64       `json:"hashrate"`         // of all miners, estimated from the last blocks; null: too few of them
	Pace           *pace          `json:"pace"`             // null: nothing to measure, or the target never changes
	Mining         rpc.MiningInfo `json:"mining"`

	easiest float64 // hashes per block at the easiest target
}

// pace is how fast the blocks of the current window arrive, and where that leads.
type pace struct {
	Blocks  int     `json:"blocks"`  // intervals measured
	Seconds float64 `json:"seconds"` // of one, on average
	Factor  float64 `json:"factor"`  // by which the difficulty changes if this goes on
}

// gatherInfo requests everything that "chain info" prints.
func gatherInfo(ctx context.Context, n target, _ []string) (i chainInfo, err error) {
	if i.BlockchainInfo, err = n.BlockchainInfo(ctx); err != nil {
		return i, err
	}
	if i.Mining, err = rpc.GetMiningInfo.Call(ctx, n.Client, rpc.None{}); err != nil {
		return i, err
	}
	if i.HashesPerBlock, err = expectedHashes(i.Next.Bits); err != nil {
		return i, err
	}
	if i.easiest, err = expectedHashes(i.Network.Limit); err != nil {
		return i, err
	}
	if i.Pace, err = measurePace(ctx, n, i.BlockchainInfo); err != nil {
		return i, err
	}
	i.Hashrate, err = measureHashrate(ctx, n, i.BlockchainInfo)
	return i, err
}

// expectedHashes returns how many hashes a block at this compact target takes on average.
func expectedHashes(compact string) (float64, error) {
	bits, err := pow.ParseBits(compact)
	if err != nil {
		return 0, err
	}
	target, err := pow.TargetFromBits(bits)
	return target.Work().Float(), err
}

// since returns the header at height h, but not below 1, how many blocks followed it, and
// how many seconds they took. Genesis is excluded, because it is older than the
// network's first miner. If no blocks followed, there is nothing to measure.
func since(ctx context.Context, n target, b rpc.BlockchainInfo, h block.Height) (head rpc.Header, blocks int, seconds float64, err error) {
	h = max(h, 1)
	if h >= b.Blocks {
		return head, 0, 0, nil
	}
	hash, err := rpc.GetBlockHash.Call(ctx, n.Client, rpc.HeightArg{Height: int64(h)})
	if err == nil {
		head, err = n.Header(ctx, hash)
	}
	return head, int(b.Blocks - h), max(float64(int64(b.Time)-int64(head.Time)), 0), err
}

// measurePace measures the current window. It returns nil if there is nothing to measure.
func measurePace(ctx context.Context, n target, b rpc.BlockchainInfo) (*pace, error) {
	window := block.Height(b.Network.Window)
	if window == 0 {
		return nil, nil
	}
	_, blocks, seconds, err := since(ctx, n, b, b.Blocks-b.Blocks%window)
	if err != nil || blocks == 0 {
		return nil, err
	}
	p := &pace{Blocks: blocks, Seconds: seconds / float64(blocks), Factor: 4}
	if seconds > 0 { // like the rule: the time of a window's intervals, one fewer than its blocks
		actual, wanted := p.Seconds*float64(window-1), float64(window)*float64(b.Network.Spacing)
		p.Factor = min(max(wanted/actual, 0.25), 4)
	}
	return p, nil
}

// measureHashrate returns the work of the last blocks divided by the time that they took
// (Core: getnetworkhashps), or nil if there are too few.
func measureHashrate(ctx context.Context, n target, b rpc.BlockchainInfo) (*float64, error) {
	const lookBack = 30
	head, _, seconds, err := since(ctx, n, b, b.Blocks-lookBack)
	if err != nil || seconds == 0 {
		return nil, err
	}
	rate := b.ChainWork.Sub(head.ChainWork).Float() / seconds
	return &rate, nil
}

func (a *app) printInfo(t io.Writer, i chainInfo) {
	behind := ""
	if i.Headers > i.Blocks {
		behind = a.Colours(a.Stdout).Yellow(fmt.Sprintf("  syncing, %s known", cli.Plural(i.Headers, "header")))
	}
	rate := "unknown: too few blocks"
	if i.Hashrate != nil {
		rate = fmt.Sprintf("about %s in the whole network, by the last blocks", cli.Hashes(*i.Hashrate))
	}
	fmt.Fprintf(t, "network\t%s\n", i.Network.Name)
	fmt.Fprintf(t, "height\t%s%s\n", cli.Count(i.Blocks), behind)
	fmt.Fprintf(t, "tip\t%s\n\t%s\n", i.BestBlockHash, age(i.Time))
	fmt.Fprintf(t, "work\tabout %s hashes, all blocks together\n", large(i.ChainWork.Float()))
	fmt.Fprintf(t, "difficulty\tbits %s, about %s hashes a block%s\n", i.Next.Bits, large(i.HashesPerBlock), i.compared())
	fmt.Fprintf(t, "next change\t%s\n", i.outlook())
	fmt.Fprintf(t, "hash rate\t%s\n", rate)
	fmt.Fprintf(t, "this node\t%s\n", describeMiner(i.Mining))
	fmt.Fprintf(t, "reward\t%s coins for block %s, and its fees\n", i.Next.Subsidy.Short(), cli.Count(i.Next.Height))
	fmt.Fprintf(t, "mempool\t%s\n", cli.Plural(i.Mining.PooledTx, "transaction"))
	fmt.Fprintf(t, "on disk\t%s\n", cli.Bytes(i.SizeOnDisk))
}

// large writes a count of hashes. Those of Bitcoin's main chain do not fit 64 bits.
func large(v float64) string {
	if v < math.MaxInt64/2 {
		return cli.Count(int64(v))
	}
	return fmt.Sprintf("%.3g", v)
}

// compared relates the difficulty to the easiest possible one.
func (i *chainInfo) compared() string {
	if ratio := i.HashesPerBlock / i.easiest; ratio >= 1.005 {
		return fmt.Sprintf(": %s times the easiest", cli.ThreeDigits(ratio))
	}
	return ": as easy as it gets"
}

// outlook returns when the difficulty changes, and in which direction.
func (i *chainInfo) outlook() string {
	n, p := i.Network, i.Pace
	if n.Window == 0 {
		return "never, on this network"
	}
	when := "in " + cli.Plural(i.Next.Retarget, "block")
	if i.Next.Retarget == 1 {
		when = "with the next block"
	}
	text := fmt.Sprintf("%s (every %s), towards a block every %d s", when, cli.Count(n.Window), n.Spacing)
	if p == nil {
		return text
	}
	now := fmt.Sprintf("one every %.1f s", p.Seconds)
	if p.Seconds < 0.1 {
		now = "many per second"
	}
	text = fmt.Sprintf("%s;\n\tnow %s: ", text, now)
	switch {
	case p.Factor < 1 && i.Next.Bits == n.Limit:
		return text + "it cannot become easier"
	case p.Factor >= 1.05:
		return fmt.Sprintf("%sbecoming %.1f times harder", text, p.Factor)
	case p.Factor <= 0.95:
		return fmt.Sprintf("%sbecoming %.1f times easier", text, 1/p.Factor)
	}
	return text + "about as intended"
}

// describeMiner returns what a node's miner does.
func describeMiner(m rpc.MiningInfo) string {
	if !m.Mining {
		return "does not mine"
	}
	limit := ""
	if m.HashrateCap > 0 {
		limit = fmt.Sprintf(" (at most %s)", cli.Hashes(m.HashrateCap))
	}
	text := fmt.Sprintf("mines at %s%s for %s,\n\tfound %s", cli.Hashes(float64(m.Hashrate)), limit, m.Address, cli.Plural(m.Found, "block"))
	for _, w := range m.Warnings {
		text += "\n\t" + w
	}
	return text
}

// age returns how long ago a time in seconds since 1970 was.
func age(at uint32) string {
	d := time.Since(time.Unix(int64(at), 0))
	if d < 0 {
		return "just now"
	}
	return cli.Span(d) + " ago"
}

func (a *app) chainTipsCommand() *cobra.Command {
	return show(a, &cobra.Command{
		Use: "tips", Short: "List the tips of all branches.", Example: "toychain chain tips",
	}, a.dial, func(ctx context.Context, n target, _ []string) ([]rpc.Tip, error) {
		return rpc.GetChainTips.Call(ctx, n.Client, rpc.None{})
	}, func(t io.Writer, tips []rpc.Tip) {
		fmt.Fprintln(t, "height\thash and status")
		for _, tip := range tips {
			text := strings.Replace(cmp.Or(tipTexts[tip.Status], "a branch of N"), "N", cli.Plural(tip.BranchLen, "block"), 1)
			fmt.Fprintf(t, "%d\t%s\n\t%s: %s\n", tip.Height, tip.Hash, tip.Status, text)
		}
	})
}

// tipTexts are what a tip's status means; N stands for the length of its branch.
var tipTexts = map[string]string{
	"active":        "the best chain",
	"valid-fork":    "a stale branch of N, once the best chain",
	"valid-headers": "a branch of N, never the best chain",
	"headers-only":  "a branch of N, not all downloaded yet",
	"invalid":       "a branch of N that breaks a rule",
}
