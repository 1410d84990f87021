package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/blockfile"

	"toychain/cmd/internal/cli"
)

func (a *app) chainExportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "export [-o FILE]", Short: "Write the best chain's blocks to a file.",
		Example: "toychain chain export -o chain.hex\ntoychain chain export -o blk00000.dat\ntoychain chain export --from 100 --to 120",
		Long: `Write the best chain's blocks to a file, the lowest first: as a line of hex each, or
framed as Bitcoin's nodes store them (blk), which Core's -loadblock and btcd's
addblock read if the network is the same.`,
		Args: cli.NoArgs,
	}
	f := cmd.Flags()
	to := f.StringP("out", "o", "", "`FILE` to write (default: print)")
	format := f.String("format", "", "`hex` or blk (default: blk for a FILE.dat, else hex)")
	first := f.Int32("from", 1, "first `HEIGHT`")
	last := f.Int32("to", -1, "last `HEIGHT` (default: the tip)")
	force := f.Bool("force", false, "overwrite the file")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case *first < 0:
			return cli.Usagef("--from %d: want a height", *first)
		case f.Changed("to") && *last < 0:
			return cli.Usagef("--to %d: want a height", *last)
		case *last >= 0 && *last < *first:
			return cli.Usagef("--from %d --to %d: want the lower height first", *first, *last)
		}
		e := exporting{first: block.Height(*first), last: block.Height(*last)}
		var err error
		if e.format, err = a.exportFormat(*format, *to); err != nil {
			return err
		}
		return a.ask(cmd, func(ctx context.Context, n target) error {
			tip, err := n.BlockCount(ctx)
			if err != nil {
				return err
			}
			if e.last > tip || f.Changed("from") && e.first > tip {
				return fmt.Errorf("no block at height %d: the tip is at %d", max(e.first, e.last), tip)
			}
			if e.last < 0 {
				e.last = tip
			}
			write := func(w io.Writer) error {
				out := bufio.NewWriter(w)
				return errors.Join(e.blocks(ctx, a.Progress(), n, out), out.Flush())
			}
			if *to == "" {
				return write(a.Stdout)
			}
			if err := refuseExisting(*to, *force); err != nil {
				return err
			}
			if err := writeFile(*to, 0o644, *force, write); err != nil {
				return err
			}
			fmt.Fprintf(a.Stdout, "%s in %s\n", cli.Plural(max(e.last-e.first+1, 0), "block"), *to)
			return nil
		})
	}
	return cmd
}

// exporting is the range of blocks to write, and the format.
type exporting struct {
	first, last block.Height
	format      blockfile.Format
}

// exportFormat returns the format that the flags name. It refuses to write binary data to
// a terminal.
func (a *app) exportFormat(named, to string) (blockfile.Format, error) {
	switch {
	case named == "" && strings.HasSuffix(to, ".dat"):
		return blockfile.Blk, nil
	case named == "":
		return blockfile.Hex, nil
	}
	f, err := blockfile.ParseFormat(named)
	if err != nil {
		return "", cli.Usagef("--%v", err)
	}
	if f != blockfile.Hex && to == "" && cli.IsTerminal(a.Stdout) {
		return "", cli.Usagef("--format %s is not for a terminal: name a file with -o", f)
	}
	return f, nil
}

// blocks requests the blocks, many at a time, and writes them.
func (e exporting) blocks(ctx context.Context, line *cli.Progress, n target, w io.Writer) error {
	defer line.Clear()
	total := int(e.last - e.first + 1)
	var parent block.Hash
	for h := e.first; h <= e.last; {
		blocks, err := n.BlocksFrom(ctx, h, int(e.last-h+1))
		if err != nil {
			return err
		}
		for _, b := range blocks {
			if h > e.first && b.Header.Prev != parent {
				return fmt.Errorf("the best chain changed while it was read, at height %d: try again", h)
			}
			parent = b.Hash()
			if err := blockfile.Write(w, e.format, n.params.Magic(), b); err != nil {
				return err
			}
			h++
		}
		done := int(h - e.first)
		line.Show("%s of %s blocks  %s  %d %%", cli.Count(done), cli.Count(total), line.Rate(done), 100*done/total)
	}
	return nil
}
