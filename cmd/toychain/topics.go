package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
)

// topics returns the pages of help about no single command. README shows them too.
func topics() []cli.Topic {
	text := func(s string) func(*cobra.Command) string { return func(*cobra.Command) string { return s } }
	return []cli.Topic{
		{Name: "environment", Short: "Variables and settings.", Text: func(root *cobra.Command) string {
			return aboutSettings + cli.Variables(root) + "\n" + otherVariables
		}},
		{Name: "files", Short: "Which files are where.", Text: text(files)},
		{Name: "exit-codes", Short: "What the exit codes mean.", Text: text(exitCodes)},
	}
}

const aboutSettings = `A flag counts most if it is typed. Else a variable of the environment sets it,
else the file DATADIR/toychain.toml, where rpc-user = "me" stands for
TOYCHAIN_RPC_USER=me and paths begin at DATADIR, and else its default. A switch
is set with true.

`

const otherVariables = `TOYCHAIN_PASSPHRASE       the wallet's passphrase, instead of a question
HOME                      DATADIR is below it, unless --datadir names another
NO_COLOR, TERM=dumb       no colours, unless --color asks for them
COLUMNS                   the width of what is drawn, if stdout is no terminal
LC_ALL, LC_CTYPE, LANG    the first that is set: if it does not say UTF-8, trees
                          are drawn with plain characters, unless --ascii=false
`

const files = `DATADIR is ~/.toychain or what --datadir says, NETWORK toy or what --network
says.

DATADIR/toychain.toml     settings, see: toychain help environment
DATADIR/NETWORK/          what a node keeps, and the wallets:
  chain/                  blocks, coins and indexes (LevelDB)
  pool.txt                pending transactions, while the node does not run
  node.key                its key; its ID as a peer follows from it
  peers.json              addresses of peers
  .cookie                 the password of its clients, a new one at each start
  rpc.addr                HOST:PORT where it answers, while it runs
  wallets/NAME.json       a wallet, locked with its passphrase
DATADIR/testnet/          the testnet, or the directory that --dir names:
  testnet.json            how programs reach the nodes
  state.json              processes, partition and faults; of no use to others
  events.jsonl            what was done to the network, a line each
  network.toml            the rules, if they are not those of a preset
  lock                    while a command changes something
  NODE/node.log           a node's log
  NODE/NETWORK/           what that node keeps, as above
`

// exitCodes is the list of the codes that exitCode and cli.Report return.
const exitCodes = `0    done
1    not done: a file, a wallet or a testnet is missing, a check failed, and so on
2    the command line cannot be understood: no such command, flag or node, or a
     value that is no address, amount, number, and so on
3    no node answers
4    a node answers and refuses, or knows no such block or transaction
130  interrupted by Ctrl-C; another signal: 128 and its number
`

func (a *app) manCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "man DIR", Short: "Write the manual pages into a directory.",
		Example: "toychain man man1\nman -l man1/toychain-wallet-send.1",
		Long: `Write the manual pages into a directory, one for each command. Where man looks for them
is said by manpath; the pages are of section 1.`,
		Args: cli.Args(1, 1, "DIR"),
	}
	return on(cmd, nothing, func(_ context.Context, _ none, given []string) error {
		if err := os.MkdirAll(given[0], 0o755); err != nil {
			return err
		}
		pages, err := cli.WriteMan(cmd.Root(), given[0], a.Topics)
		if err == nil {
			fmt.Fprintf(a.Stdout, "%s in %s\n", cli.Plural(pages, "page"), given[0])
		}
		return err
	})
}
