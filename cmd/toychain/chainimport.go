package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/blockfile"
	"toychain/cmd/internal/cli"
	"toychain/consensus"
	"toychain/rpc"
)

func (a *app) chainImportCommand() *cobra.Command {
	return &cobra.Command{
		Use: "import [FILE|FOLDER]", Short: "Hand the blocks in a file or a folder to the node.",
		Example: "toychain chain import chain.hex\ntoychain chain import blk00000.dat\n" +
			"toychain chain import ~/.bitcoin/regtest/blocks --network regtest\nzcat chain.hex.gz | toychain chain import",
		Long: `Hand the blocks in a file, in all files of a folder, or on stdin to the node, which
judges each of them. What is in them shows by itself: lines of hex; Bitcoin's frames,
as in Core's blk00000.dat (hidden by xor.dat or not) and bootstrap.dat; btcd's
000000000.fdb. In a file blocks may stand before their parents. At the first that
cannot be read, or breaks a rule, it stops and says where; all before it is in then.
To import again does no harm: what is known is passed over.`,
		Args: cli.Args(0, 1, "one file or folder"),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.ask(cmd, func(ctx context.Context, n target) error {
				source := blockfile.Read(a.Stdin, n.params.Magic())
				if len(given) == 1 && given[0] != blockfile.Stdin {
					var err error
					if source, err = blockfile.Open(given[0], n.params.Magic()); err != nil {
						return err
					}
				}
				in := &importing{app: a, node: n, source: source, line: a.Progress()}
				return in.run(ctx)
			})
		},
	}
}

// importing hands blocks to a node, many at a time, while the next ones are read.
type importing struct {
	*app
	node   target
	source *blockfile.Source
	line   *cli.Progress

	added, known int
}

// portion is what is handed over at once.
type portion struct {
	records     []blockfile.Record
	read, total int64 // bytes of the files so far, and of all
	err         error // why there are no more; io.EOF if all is well
}

func (in *importing) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	portions := make(chan portion, 1)
	go in.read(ctx, portions)
	defer func() {
		cancel()
		for range portions { // until it has ended
		}
		in.source.Close()
	}()
	defer in.line.Clear()
	for p := range portions {
		if err := in.submit(ctx, p.records); err != nil {
			return err
		}
		if p.err == io.EOF {
			in.line.Clear()
			fmt.Fprintf(in.Stdout, "%s new, %s known before\n", cli.Plural(in.added, "block"), cli.Count(in.known))
			return nil
		}
		if p.err != nil {
			return in.stopped(p.err)
		}
		in.show(p)
	}
	return ctx.Err()
}

func (in *importing) show(p portion) {
	done := in.added + in.known
	if p.total == 0 {
		in.line.Show("%s  %s", cli.Plural(done, "block"), in.line.Rate(done))
		return
	}
	in.line.Show("%s  %s  %d %% of %s", cli.Plural(done, "block"), in.line.Rate(done), 100*p.read/p.total, cli.Bytes(p.total))
}

// read cuts the files into portions.
func (in *importing) read(ctx context.Context, to chan<- portion) {
	defer close(to)
	order := blockfile.NewOrder(in.source, func(h block.Hash) (bool, error) { return in.has(ctx, h) })
	next, err := order.Next()
	for {
		p := portion{}
		for size := 0; err == nil && len(p.records) < rpc.BatchBlocks; next, err = order.Next() {
			size += next.Block.Size()
			if size > rpc.BatchBytes && len(p.records) > 0 {
				break
			}
			p.records = append(p.records, next)
		}
		p.err = err
		if n := order.Waiting(); n > 0 && blockfile.IsBad(p.err) {
			p.err = fmt.Errorf("%w; %s before it have no parents yet", p.err, cli.Plural(n, "block"))
		}
		p.read, p.total = in.source.Progress()
		select {
		case to <- p:
		case <-ctx.Done():
			return
		}
		if p.err != nil {
			return
		}
	}
}

// has asks the node for a block that was not in the files so far.
func (in *importing) has(ctx context.Context, h block.Hash) (bool, error) {
	_, err := in.node.Header(ctx, h)
	var no *rpc.Error
	if errors.As(err, &no) && no.Code == rpc.CodeInvalidAddress {
		return false, nil
	}
	return err == nil, err
}

// submit hands over one portion, up to the first block that breaks a rule.
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
			return in.stopped(fmt.Errorf("%s: block %s: %w", records[i].Place, blocks[i].Hash(), refusal(reason)))
		}
	}
	return nil
}

// stopped adds how far it came, and what to do if that is plain.
func (in *importing) stopped(err error) error {
	var other *blockfile.Stranger
	if errors.As(err, &other) {
		for _, p := range []*consensus.Params{consensus.Toy(), consensus.Regtest(), consensus.Main()} {
			if p.Magic() == other.Got {
				err = fmt.Errorf("%w; they are blocks of %s: ask a node of that network with --network %s", err, p.Name, p.Name)
			}
		}
	}
	return fmt.Errorf("%w; all before that is in: %s new, %s known before", err, cli.Plural(in.added, "block"), cli.Count(in.known))
}

// refusal is a rule that the node says a block breaks.
type refusal string

func (r refusal) Error() string { return "the node refuses it: " + string(r) }
