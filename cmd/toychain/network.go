package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/consensus"
	"toychain/network"
	"toychain/pow"
	"toychain/rpc"
	"toychain/rpc/answer"
)

func (a *app) networkCommand() *cobra.Command {
	return cli.Noun("network", "Make a network of your own, or show the rules of one.",
		"toychain network new -o my.toml\ntoychain network show --network my.toml",
		a.networkNewCommand(), a.networkShowCommand())
}

func (a *app) networkNewCommand() *cobra.Command {
	toy := consensus.Toy()
	cmd := &cobra.Command{
		Use:   "new [-o FILE]",
		Short: "Make a network with rules of your own, and mine its first block.",
		Example: "toychain network new --spacing 5s --window 20 --maturity 10 -o my.toml\n" +
			"toychain network new --preset classroom -o class.toml\ntoychain node run --network my.toml",
		Long: `Make a network with rules of your own, and mine its first block.

The file contains everything that its nodes must agree on. Give the same file to
everyone who takes part: nodes with different rules never connect.`,
	}
	var (
		p                                consensus.Params
		preset, limit, bits, subsidy, to string
		force                            bool
	)
	f := cmd.Flags()
	f.StringVar(&preset, "preset", "toy", "what is not given is as in toy, or `classroom`: toy with a difficulty that never changes")
	f.StringVarP(&to, "out", "o", "", "`FILE` to write (default: print it)")
	f.StringVar(&p.Name, "name", "", "name of the network (default: that of the file)")
	f.DurationVar(&p.Spacing, "spacing", toy.Spacing, "intended time between blocks")
	f.IntVar(&p.Window, "window", toy.Window, "`BLOCKS` between changes of the difficulty; 0: never")
	f.StringVar(&limit, "limit", fmt.Sprintf("%08x", toy.Limit), "easiest target, in compact form, `BITS`")
	f.StringVar(&bits, "bits", "", "target to start with, `BITS` (default: the easiest)")
	coinFlags(f, toy, &p, &subsidy)
	f.BoolVar(&force, "force", false, "overwrite the file")
	return on(cmd, nothing, func(ctx context.Context, _ none, _ []string) error {
		if err := a.fillPreset(&p, preset, to); err != nil {
			return err
		}
		start, err := fillNetwork(&p, to, limit, cmp.Or(bits, limit), subsidy)
		if err != nil {
			return err
		}
		err = a.writeFile(to, force, func(w io.Writer) error {
			made, err := a.mineGenesis(ctx, p, start)
			if err != nil {
				return err
			}
			p = *made
			return network.Write(w, made)
		})
		if err != nil || to == "" {
			return err
		}
		fmt.Fprintf(a.Stdout, "network %s  genesis %s  in %s\n", p.Name, p.Genesis.Hash(), to)
		return nil
	})
}

// coinFlags adds the flags about new coins.
func coinFlags(f *pflag.FlagSet, toy, p *consensus.Params, subsidy *string) {
	f.StringVar(subsidy, "subsidy", toy.Subsidy.Short(), "`COINS` that each of the first blocks creates")
	f.Int32Var((*int32)(&p.Halving), "halving", int32(toy.Halving), "`BLOCKS` after which the subsidy halves")
	f.Int32Var((*int32)(&p.Maturity), "maturity", int32(toy.Maturity), "`BLOCKS` until new coins can be spent")
}

// fillPreset sets what a preset has in place of toy's, unless it was typed.
func (a *app) fillPreset(p *consensus.Params, preset, to string) error {
	switch preset {
	case "toy":
		return nil
	case "classroom":
		if !a.typed["window"] {
			p.Window = 0
		}
		if p.Name == "" && to == "" {
			p.Name = preset
		}
		return nil
	}
	return cli.Usagef("--preset %q: want toy or classroom", preset)
}

// fillNetwork parses the flags of "network new" that are strings, and returns the target to start
// with.
func fillNetwork(p *consensus.Params, to, limit, bits, subsidy string) (start uint32, err error) {
	if p.Name == "" && to == "" {
		return 0, cli.Usagef("a network wants a name: --name NAME, or -o NAME.toml")
	}
	if p.Name == "" {
		p.Name = strings.TrimSuffix(filepath.Base(to), filepath.Ext(to))
	}
	if p.Name == testnetName {
		return 0, cli.Usagef("--name %s: this is the directory of the testnet; choose another", p.Name)
	}
	if p.Limit, err = pow.ParseBits(limit); err != nil {
		return 0, cli.Usagef("--limit: %w", err)
	}
	if start, err = pow.ParseBits(bits); err != nil {
		return 0, cli.Usagef("--bits: %w", err)
	}
	if p.Subsidy, err = block.ParseAmount(subsidy); err != nil {
		return 0, cli.Usagef("--subsidy: %w", err)
	}
	return start, nil
}

// mineGenesis makes the network and searches the nonce of its first block. If no nonce
// of one second fits, it goes on with the next second.
func (a *app) mineGenesis(ctx context.Context, p consensus.Params, bits uint32) (*consensus.Params, error) {
	line := a.Progress()
	defer line.Clear()
	const portion = 1 << 18
	var tried uint64
	begun := time.Now()
	for at := uint32(begun.Unix()); ; at++ {
		made, err := network.New(p, bits, at)
		if err != nil {
			return nil, cli.UsageError{Err: err}
		}
		target, _ := pow.TargetFromBits(bits) // New has checked them
		expected := uint64(target.Work().Float())
		for from := uint64(0); from < 1<<32; from += portion {
			n, found := pow.Search(&made.Genesis.Header, target, uint32(from), portion)
			if found {
				return made, nil
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			tried += n
			line.Show("mining the first block  %s of about %s hashes  %s", cli.Count(tried), cli.Count(expected),
				cli.Hashes(float64(tried)/time.Since(begun).Seconds()))
		}
	}
}

func (a *app) networkShowCommand() *cobra.Command {
	return show(a, &cobra.Command{
		Use:     "show [NAME|FILE]",
		Short:   "Show a network's rules.",
		Example: "toychain network show regtest\ntoychain network show my.toml --json",
		Args:    cli.Args(0, 1, "one network"),
	}, nothing, func(_ context.Context, _ none, given []string) (networkRules, error) {
		p, err := network.Load(append(given, a.global.network)[0])
		if err != nil {
			return networkRules{}, err
		}
		g := p.Genesis.Header
		initial, _ := pow.TargetFromBits(g.Bits) // a network with bad bits is not loaded
		return networkRules{answer.Network(p), g.Time, fmt.Sprintf("%08x", g.Bits),
			fmt.Sprintf("%02x", p.Prefixes.PubKeyHash), usualPort(p.Name), initial}, nil
	}, printNetwork)
}

// networkRules is what "network show --json" prints.
type networkRules struct {
	rpc.Network
	Time   uint32 `json:"genesis_time"`
	Bits   string `json:"bits"`           // of the genesis block
	Prefix string `json:"address_prefix"` // hex, of the version byte that base58check encodes
	Port   int    `json:"rpc_port"`       // the default

	initial pow.Target
}

func printNetwork(t io.Writer, r networkRules) {
	spacing := time.Duration(r.Spacing) * time.Second
	difficulty := fmt.Sprintf("never changes (intended spacing %s)", spacing)
	if r.Window > 0 {
		difficulty = fmt.Sprintf("changes every %s, towards a block every %s", cli.Plural(r.Window, "block"), spacing)
	}
	fmt.Fprintf(t, "network\t%s\n", r.Name)
	fmt.Fprintf(t, "genesis\t%s\n\t%s\n", r.Genesis, time.Unix(int64(r.Time), 0).UTC().Format(time.DateTime))
	fmt.Fprintf(t, "digest\t%s\n\tnodes with another digest do not connect\n", r.Digest)
	fmt.Fprintf(t, "difficulty\t%s\n", difficulty)
	fmt.Fprintf(t, "at the start\tbits %s, about %s hashes a block;\n\tnever easier than %s\n",
		r.Bits, cli.Count(uint64(r.initial.Work().Float())), r.Limit)
	fmt.Fprintf(t, "clocks\ta block may be %s ahead of a node's clock\n", cli.Span(time.Duration(r.Future)*time.Second))
	fmt.Fprintf(t, "reward\t%s coins, halved every %s\n", r.Subsidy.Short(), cli.Plural(r.Halving, "block"))
	fmt.Fprintf(t, "maturity\tnew coins can be spent after %s\n", cli.Plural(r.Maturity, "block"))
	fmt.Fprintf(t, "rpc port\t%d\n", r.Port)
}

// usualAddr returns the address at which a network's node answers RPC by default.
func usualAddr(network string) string { return fmt.Sprintf("127.0.0.1:%d", usualPort(network)) }

// usualPort returns the port at which a network's node answers RPC by default.
func usualPort(network string) int {
	core := map[string]int{"main": 8332, "regtest": 18443} // Bitcoin Core's
	return cmp.Or(core[network], 18555)
}
