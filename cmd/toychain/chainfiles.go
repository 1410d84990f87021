package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"toychain/block"
)

// Blocks travel in files as text: a block's bytes in hex on a line, the lowest first.

func (a *app) chainExportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "export [-o FILE]", Short: "Write the best chain's blocks to a file, one line of hex each.",
		Example: "toychain chain export -o chain.hex\ntoychain chain export --from 100 --to 120",
		Args:    noArgs,
	}
	f := cmd.Flags()
	to := f.StringP("out", "o", "", "`FILE` to write (default: print)")
	first := f.Int32("from", 1, "first `HEIGHT`")
	last := f.Int32("to", -1, "last `HEIGHT` (default: the tip)")
	force := f.Bool("force", false, "overwrite the file")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *first < 0 || *last >= 0 && *last < *first {
			return usagef("--from %d --to %d: want heights, the lower one first", *first, *last)
		}
		return a.ask(cmd, func(ctx context.Context, n asked) error {
			end := block.Height(*last)
			if end < 0 {
				var err error
				if end, err = n.BlockCount(ctx); err != nil {
					return err
				}
			}
			if *to == "" {
				return a.exportBlocks(ctx, n, a.stdout, block.Height(*first), end)
			}
			return a.exportFile(ctx, n, *to, *force, block.Height(*first), end)
		})
	}
	return cmd
}

// exportFile writes the file whole or not at all.
func (a *app) exportFile(ctx context.Context, n asked, to string, force bool, first, last block.Height) error {
	if _, err := os.Stat(to); err == nil && !force {
		return fmt.Errorf("%s is there already: choose another name, or overwrite it with --force", to)
	}
	f, err := os.CreateTemp(filepath.Dir(to), "."+filepath.Base(to)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after a rename
	out := bufio.NewWriter(f)
	err = a.exportBlocks(ctx, n, out, first, last)
	if err := errors.Join(err, out.Flush(), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), to); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%s in %s\n", plural(max(last-first+1, 0), "block"), to)
	return nil
}

func (a *app) exportBlocks(ctx context.Context, n asked, w io.Writer, first, last block.Height) error {
	line := a.progress()
	defer line.clear()
	for h := first; h <= last; h++ {
		hash, err := n.BlockHash(ctx, h)
		if err != nil {
			return err
		}
		b, err := n.RawBlock(ctx, hash)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w, hex.EncodeToString(b.Bytes())); err != nil {
			return err
		}
		line.show("block %s of %s", count(h), count(last))
	}
	return nil
}

func (a *app) chainImportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "import [FILE]", Short: "Hand blocks to the node, one line of hex each; without a file, from stdin.",
		Example: "toychain chain import chain.hex",
		Args:    args(0, 1, "one file"),
	}
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		from := io.Reader(a.stdin)
		if len(given) == 1 && given[0] != "-" {
			f, err := os.Open(given[0])
			if err != nil {
				return err
			}
			defer f.Close()
			from = f
		}
		return a.ask(cmd, func(ctx context.Context, n asked) error { return a.importBlocks(ctx, n, from) })
	}
	return cmd
}

// importBlocks submits one block after the other, up to the first that breaks a rule.
func (a *app) importBlocks(ctx context.Context, n asked, from io.Reader) error {
	progress := a.progress()
	defer progress.clear()
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxBlockLine)
	added, known, number := 0, 0, 0
	for lines.Scan() {
		number++
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		raw, err := hex.DecodeString(text)
		if err != nil {
			return fmt.Errorf("line %d: not hex: nothing from here on was imported", number)
		}
		b, err := block.Parse(raw)
		if err != nil {
			return fmt.Errorf("line %d: %w: nothing from here on was imported", number, err)
		}
		switch reason, err := n.SubmitBlock(ctx, b); {
		case err != nil:
			return fmt.Errorf("line %d: %w", number, err)
		case reason == "" || reason == "inconclusive":
			added++
		case strings.HasPrefix(reason, "duplicate") && reason != "duplicate-invalid":
			known++
		default:
			return fmt.Errorf("line %d: block %s: %w", number, b.Hash(), refusal(reason))
		}
		progress.show("%s read", plural(number, "block"))
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("line %d: %w", number+1, err)
	}
	progress.clear()
	fmt.Fprintf(a.stdout, "%s new, %s known before\n", plural(added, "block"), count(known))
	return nil
}

// maxBlockLine is the longest line: a block of the greatest size, and then some.
const maxBlockLine = 8 << 20

// refusal is a rule that the node says a block breaks.
type refusal string

func (r refusal) Error() string { return "the node refuses it: " + string(r) }
