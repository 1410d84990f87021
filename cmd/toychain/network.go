package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/consensus"
	"toychain/network"
	"toychain/pow"
)

func (a *app) networkCommand() *cobra.Command {
	return cli.Noun("network", "Make a network of one's own, or look at one's rules.",
		"toychain network new -o my.toml\ntoychain network show --network my.toml",
		a.networkNewCommand(), a.networkShowCommand())
}

func (a *app) networkNewCommand() *cobra.Command {
	toy := consensus.Toy()
	cmd := &cobra.Command{
		Use:     "new [-o FILE]",
		Short:   "Make a network with rules of one's own, and mine its first block.",
		Example: "toychain network new --spacing 5s --window 20 --maturity 10 -o my.toml\ntoychain node run --network my.toml",
		Long: `Make a network with rules of one's own, and mine its first block.

Everything that its nodes must agree on is in the file. Give the same file to
everybody who is to take part: nodes of other rules never meet.`,
		Args: cli.NoArgs,
	}
	var (
		p                        consensus.Params
		limit, bits, subsidy, to string
		halving, maturity        int32
		force                    bool
	)
	f := cmd.Flags()
	f.StringVarP(&to, "out", "o", "", "`FILE` to write (default: print it)")
	f.StringVar(&p.Name, "name", "", "what the network is called (default: as the file)")
	f.DurationVar(&p.Spacing, "spacing", toy.Spacing, "wanted time between blocks")
	f.IntVar(&p.Window, "window", toy.Window, "`BLOCKS` between changes of the difficulty; 0: never")
	f.StringVar(&limit, "limit", fmt.Sprintf("%08x", toy.Limit), "easiest target, in compact form, `BITS`")
	f.StringVar(&bits, "bits", "", "target to start with, `BITS` (default: the easiest)")
	f.StringVar(&subsidy, "subsidy", toy.Subsidy.Short(), "`COINS` that each of the first blocks creates")
	f.Int32Var(&halving, "halving", int32(toy.Halving), "`BLOCKS` until that halves")
	f.Int32Var(&maturity, "maturity", int32(toy.Maturity), "`BLOCKS` until new coins can be spent")
	f.BoolVar(&force, "force", false, "overwrite the file")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		p.Halving, p.Maturity = block.Height(halving), block.Height(maturity)
		if err := fillNetwork(&p, to, limit, subsidy); err != nil {
			return err
		}
		start := p.Limit
		if bits != "" {
			var err error
			if start, err = pow.ParseBits(bits); err != nil {
				return cli.Usagef("--bits: %w", err)
			}
		}
		if _, err := os.Stat(to); to != "" && err == nil && !force {
			return fmt.Errorf("%s is there already: choose another name, or overwrite it with --force", to)
		}
		made, err := a.mineGenesis(cmd.Context(), p, start)
		if err != nil {
			return err
		}
		if to == "" {
			err := network.Write(a.Stdout, made)
			return err
		}
		if err := writeNetwork(made, to, force); err != nil {
			return err
		}
		fmt.Fprintf(a.Stdout, "network %s  genesis %s  in %s\n", made.Name, made.Genesis.Hash(), to)
		return nil
	}
	return cmd
}

// fillNetwork reads what the flags of "network new" say in words.
func fillNetwork(p *consensus.Params, to, limit, subsidy string) (err error) {
	if p.Name == "" && to == "" {
		return cli.Usagef("a network wants a name: --name NAME, or -o NAME.toml")
	}
	if p.Name == "" {
		p.Name = strings.TrimSuffix(filepath.Base(to), filepath.Ext(to))
	}
	if p.Name == testnetName {
		return cli.Usagef("--name %s: is the folder of the testnet; choose another", p.Name)
	}
	if p.Limit, err = pow.ParseBits(limit); err != nil {
		return cli.Usagef("--limit: %w", err)
	}
	if p.Subsidy, err = block.ParseAmount(subsidy); err != nil {
		return cli.Usagef("--subsidy: %w", err)
	}
	return nil
}

// mineGenesis makes the network and searches the nonce of its first block, on all
// cores. When no nonce of a time does, it takes the next second.
func (a *app) mineGenesis(ctx context.Context, p consensus.Params, bits uint32) (*consensus.Params, error) {
	line := a.Progress()
	defer line.Clear()
	var tried atomic.Uint64
	begun := time.Now()
	for at := uint32(begun.Unix()); ; at++ {
		made, err := network.New(p, bits, at)
		if err != nil {
			return nil, cli.UsageError{Err: err}
		}
		target, err := pow.TargetFromBits(bits)
		if err != nil {
			return nil, cli.UsageError{Err: err}
		}
		expected := target.Work().Float()
		nonce, found := searchNonces(ctx, made.Genesis.Header, target, func(n uint64) {
			all := tried.Add(n)
			line.Show("mining the first block  %s of about %s hashes  %s", cli.Count(all), cli.Count(uint64(expected)),
				cli.Hashes(float64(all)/time.Since(begun).Seconds()))
		})
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if found {
			made.Genesis.Header.Nonce = nonce
			return made, nil
		}
	}
}

// searchNonces tries all nonces of a header, each core those of its own range, and
// returns the lowest found by whoever was first. progress is called by one core at
// a time.
func searchNonces(ctx context.Context, h block.Header, t pow.Target, progress func(tried uint64)) (uint32, bool) {
	const all, piece = uint64(1) << 32, uint64(1) << 18
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cores := uint64(runtime.GOMAXPROCS(0))
	var (
		mu    sync.Mutex
		nonce uint32
		found bool
		group sync.WaitGroup
	)
	for core := range cores {
		group.Go(func() {
			own := h
			for at := all / cores * core; at < all/cores*(core+1) && ctx.Err() == nil; at += piece {
				tried, ok := pow.Search(&own, t, uint32(at), piece)
				mu.Lock()
				progress(tried)
				if ok && !found {
					nonce, found = own.Nonce, true
					cancel()
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return nonce, found
}

// writeNetwork writes the file, whole or not at all.
func writeNetwork(p *consensus.Params, to string, force bool) error {
	text := new(strings.Builder)
	if err := network.Write(text, p); err != nil {
		return err
	}
	return writeFile(to, text.String(), 0o644, force)
}

// writeFile writes a file whole or not at all, over an old one only if told so.
func writeFile(to, text string, mode fs.FileMode, over bool) error {
	f, err := os.CreateTemp(filepath.Dir(to), "."+filepath.Base(to)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after a rename
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err != nil {
		return err
	}
	if over {
		return os.Rename(f.Name(), to)
	}
	if err := os.Link(f.Name(), to); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already: choose another name, or overwrite it with --force", to)
	} else if err != nil {
		return os.Rename(f.Name(), to) // a file system without links
	}
	return nil
}

func (a *app) networkShowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show [NAME|FILE]",
		Short:   "Show a network's rules.",
		Example: "toychain network show regtest\ntoychain network show my.toml --json",
		Args:    cli.Args(0, 1, "one network"),
	}
	asJSON := cli.JSONFlag(cmd)
	cmd.RunE = func(_ *cobra.Command, given []string) error {
		name := a.global.network
		if len(given) == 1 {
			name = given[0]
		}
		p, _, err := network.Load(name)
		if err != nil {
			return err
		}
		if *asJSON {
			return a.PrintJSON(describe(p))
		}
		return a.printNetwork(p)
	}
	return cmd
}

// networkRules is what "network show" prints.
type networkRules struct {
	Name     string       `json:"name"`
	Digest   block.Hash   `json:"digest"`
	Genesis  block.Hash   `json:"genesis"`
	Time     uint32       `json:"genesis_time"`
	Limit    string       `json:"limit"`
	Bits     string       `json:"bits"`    // to start with
	Window   int          `json:"window"`  // blocks; 0: the target never changes
	Spacing  int          `json:"spacing"` // seconds
	Subsidy  block.Amount `json:"subsidy"`
	Halving  block.Height `json:"halving"`
	Maturity block.Height `json:"maturity"`
	Prefix   string       `json:"address_prefix"` // hex, of the bytes that base58check encodes
	Port     int          `json:"rpc_port"`       // that a node takes unless it is told otherwise
}

func describe(p *consensus.Params) networkRules {
	g := p.Genesis.Header
	return networkRules{
		Name: p.Name, Digest: p.Digest(), Genesis: g.Hash(), Time: g.Time,
		Limit: fmt.Sprintf("%08x", p.Limit), Bits: fmt.Sprintf("%08x", g.Bits),
		Window: p.Window, Spacing: int(p.Spacing.Seconds()),
		Subsidy: p.Subsidy, Halving: p.Halving, Maturity: p.Maturity,
		Prefix: fmt.Sprintf("%02x", p.Prefixes.PubKeyHash), Port: usualPort(p.Name),
	}
}

func (a *app) printNetwork(p *consensus.Params) error {
	r := describe(p)
	target, err := pow.TargetFromBits(p.Genesis.Header.Bits)
	if err != nil {
		return err
	}
	difficulty := fmt.Sprintf("never changes (wanted spacing %s)", p.Spacing)
	if p.Window > 0 {
		difficulty = fmt.Sprintf("changes every %s, towards a block every %s", cli.Plural(p.Window, "block"), p.Spacing)
	}
	t := cli.Table(a.Stdout)
	fmt.Fprintf(t, "network\t%s\n", r.Name)
	fmt.Fprintf(t, "genesis\t%s\n\t%s\n", r.Genesis, time.Unix(int64(r.Time), 0).UTC().Format(time.DateTime))
	fmt.Fprintf(t, "digest\t%s\n\tnodes with another one are strangers\n", r.Digest)
	fmt.Fprintf(t, "difficulty\t%s\n", difficulty)
	fmt.Fprintf(t, "at the start\tbits %s, about %s hashes a block;\n\tnever easier than %s\n",
		r.Bits, cli.Count(uint64(target.Work().Float())), r.Limit)
	fmt.Fprintf(t, "reward\t%s coins, halved every %s\n", r.Subsidy.Short(), cli.Plural(r.Halving, "block"))
	fmt.Fprintf(t, "maturity\tnew coins can be spent after %s\n", cli.Plural(r.Maturity, "block"))
	fmt.Fprintf(t, "rpc port\t%d\n", r.Port)
	return t.Flush()
}

// usualPort is where a network's node listens for RPC unless it is told otherwise.
func usualPort(network string) int {
	switch network {
	case "main":
		return 8332 // as Bitcoin Core
	case "regtest":
		return 18443 // as Bitcoin Core
	}
	return 18555
}
