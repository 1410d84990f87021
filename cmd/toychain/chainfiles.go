package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/blockfile"
	"toychain/cmd/internal/cli"
	"toychain/consensus"
	"toychain/internal/atomicfile"
	"toychain/rpc"
)

func (a *app) chainExportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "export [-o FILE]", Short: "Write the best chain's blocks to a file.",
		Example: "toychain chain export -o chain.hex\ntoychain chain export -o blk00000.dat\ntoychain chain export --from 100 --to 120",
		Long: `Write the best chain's blocks to a file, the lowest first: as a line of hex each, or
framed as Bitcoin's nodes store them (blk), which Core's -loadblock and btcd's
addblock read if the network is the same.`,
	}
	f := cmd.Flags()
	to := f.StringP("out", "o", "", "`FILE` to write (default: print)")
	format := f.String("format", "", "`hex` or blk (default: blk for a FILE.dat, else hex)")
	var e exporting
	f.Int32Var((*int32)(&e.first), "from", 1, "first `HEIGHT`")
	f.Int32Var((*int32)(&e.last), "to", -1, "last `HEIGHT` (default: the tip)")
	force := f.Bool("force", false, "overwrite the file")
	cmd.PreRunE = func(*cobra.Command, []string) (err error) {
		switch {
		case e.first < 0:
			return cli.Usagef("--from %d: want a height", e.first)
		case f.Changed("to") && e.last < 0:
			return cli.Usagef("--to %d: want a height", e.last)
		case e.last >= 0 && e.last < e.first:
			return cli.Usagef("--from %d --to %d: want the lower height first", e.first, e.last)
		}
		e.format, err = a.exportFormat(*format, *to)
		return err
	}
	return on(cmd, a.dial, func(ctx context.Context, n target, _ []string) error {
		tip, err := n.BlockCount(ctx)
		if err != nil {
			return err
		}
		if e.last > tip || f.Changed("from") && e.first > tip {
			return beyond(max(e.first, e.last), tip)
		}
		if e.last < 0 {
			e.last = tip
		}
		err = a.writeFile(*to, *force, func(w io.Writer) error {
			out := bufio.NewWriter(w)
			return errors.Join(e.blocks(ctx, a.Progress(), n, out), out.Flush())
		})
		if err != nil || *to == "" {
			return err
		}
		fmt.Fprintf(a.Stdout, "%s in %s\n", cli.Plural(max(e.last-e.first+1, 0), "block"), *to)
		return nil
	})
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

// writeFile writes to stdout if path is empty, or else the whole file or nothing. It replaces an
// existing file only if force is set.
func (a *app) writeFile(path string, force bool, write func(io.Writer) error) error {
	place := atomicfile.Create
	switch {
	case path == "":
		return write(a.Stdout)
	case force:
		place = atomicfile.Replace
	}
	err := place(path, func(f *os.File) error { return errors.Join(write(f), f.Chmod(0o644)) })
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%s exists: choose another name, or overwrite it with --force", path)
	}
	return err
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

func (a *app) chainImportCommand() *cobra.Command {
	return on(&cobra.Command{
		Use: "import [FILE|DIR]", Short: "Submit the blocks in a file or a directory to the node.",
		Example: "toychain chain import chain.hex\ntoychain chain import blk00000.dat\n" +
			"toychain chain import ~/.bitcoin/regtest/blocks --network regtest\nzcat chain.hex.gz | toychain chain import",
		Long: `Submit the blocks in a file, in all files of a directory, or on stdin to the node,
which validates each of them. The format is recognised: lines of hex; Bitcoin's
frames, as in Core's blk00000.dat (obfuscated by xor.dat or not) and bootstrap.dat;
btcd's 000000000.fdb. In a file, blocks may precede their parents. The import stops
at the first block that cannot be read or breaks a rule, and says where; all blocks
before it are imported. Importing again does no harm: known blocks are skipped.`,
		Args: cli.Args(0, 1, "one file or directory"),
	}, a.dial, func(ctx context.Context, n target, given []string) (err error) {
		source := blockfile.Read(a.Stdin, n.params.Magic())
		if len(given) == 1 && given[0] != blockfile.Stdin {
			if source, err = blockfile.Open(given[0], n.params.Magic()); err != nil {
				return err
			}
		}
		in := &importing{app: a, node: n, source: source, line: a.Progress()}
		return in.run(ctx)
	})
}

// importing submits blocks to a node, many at a time.
type importing struct {
	*app
	node   target
	source *blockfile.Source
	line   *cli.Progress

	added, known int
}

func (in *importing) run(ctx context.Context) error {
	defer in.source.Close()
	defer in.line.Clear()
	order := blockfile.NewOrder(in.source, func(h block.Hash) (bool, error) { // the node has it
		_, err := in.node.Header(ctx, h)
		if hasCode(err, rpc.CodeInvalidAddress) {
			return false, nil
		}
		return err == nil, err
	})
	next, err := order.Next()
	for {
		var records []blockfile.Record
		for size := 0; err == nil && len(records) < rpc.BatchBlocks; next, err = order.Next() {
			size += next.Block.Size()
			if size > rpc.BatchBytes && len(records) > 0 {
				break
			}
			records = append(records, next)
		}
		if err := in.submit(ctx, records); err != nil {
			return err
		}
		switch _, malformed := errors.AsType[*blockfile.Malformed](err); {
		case err == io.EOF:
			in.line.Clear()
			fmt.Fprintf(in.Stdout, "%s new, %s known before\n", cli.Plural(in.added, "block"), cli.Count(in.known))
			return nil
		case malformed && order.Waiting() > 0:
			return in.stopped(fmt.Errorf("%w; %s before it have no parents yet", err, cli.Plural(order.Waiting(), "block")))
		case err != nil:
			return in.stopped(err)
		}
		in.show(in.source.Progress())
	}
}

// show shows how far the import is: in bytes of the files, if their size is known.
func (in *importing) show(read, total int64) {
	done := in.added + in.known
	of := ""
	if total > 0 {
		of = fmt.Sprintf("  %d %% of %s", 100*read/total, cli.Bytes(total))
	}
	in.line.Show("%s  %s%s", cli.Plural(done, "block"), in.line.Rate(done), of)
}

// submit submits one portion, up to the first block that breaks a rule.
func (in *importing) submit(ctx context.Context, records []blockfile.Record) error {
	blocks := make([]*block.Block, len(records))
	for i, r := range records {
		blocks[i] = r.Block
	}
	reasons, err := in.node.SubmitBlocks(ctx, blocks)
	if err != nil {
		return err
	}
	for i, reason := range reasons {
		switch {
		case reason == "" || reason == "inconclusive":
			in.added++
		case strings.HasPrefix(reason, "duplicate") && reason != "duplicate-invalid":
			in.known++
		default:
			return in.stopped(fmt.Errorf("%s: block %s: %w", records[i].Location, blocks[i].Hash(), refusal(reason)))
		}
	}
	return nil
}

// stopped adds to err how far the import came and, for another network's blocks, what to do.
func (in *importing) stopped(err error) error {
	var other *blockfile.WrongMagic
	if errors.As(err, &other) {
		for _, p := range []*consensus.Params{consensus.Toy(), consensus.Regtest(), consensus.Main()} {
			if p.Magic() == other.Got {
				err = fmt.Errorf("%w; they are blocks of %s: ask a node of that network with --network %s", err, p.Name, p.Name)
			}
		}
	}
	return fmt.Errorf("%w; all blocks before that are imported: %s new, %s known before", err, cli.Plural(in.added, "block"), cli.Count(in.known))
}

// refusal is the rule for which the node rejects a block or a transaction.
type refusal string

func (r refusal) Error() string { return "the node rejects it: " + string(r) }
