package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"toychain/block"
	"toychain/payer"
	"toychain/testnet"
	"toychain/wallet"
)

// Config is how to play the demo.
type Config struct {
	Out    io.Writer // for the story
	Colour bool      // with the colours of a terminal
	ASCII  bool      // trees without line drawing
	Width  int       // columns of the trees; 0: 80
	Keep   bool      // leave the network up and its directory in place
	Binary string    // what to start nodes from; "" is this program's own file

	Patience time.Duration // how long to wait for any one thing; 0: 20 seconds

	// Began is called once the nodes are up, with the testnet's directory; may be nil. Its error ends the demo.
	Began func(ctx context.Context, dir string) error

	// Pause is called between two chapters, for a reader; may be nil. Its error ends the demo.
	Pause func(context.Context) error
}

// Result is the outcome of the demo. It is returned only if everything was as it should be.
type Result struct {
	Nodes         int          `json:"nodes"`
	Converged     bool         `json:"converged"` // all nodes have one tip and one coin set
	Tip           block.Hash   `json:"tip"`
	Height        block.Height `json:"height"`
	UTXOHash      block.Hash   `json:"utxo_hash"`      // hash_serialized_3 of the coin set, on every node
	ReorgDepth    int          `json:"reorg_depth"`    // blocks that the losing half took back
	StaleBlocks   int          `json:"stale_blocks"`   // on no node's best chain at the end
	ReturnedTxs   int          `json:"returned_txs"`   // their payments that returned to the mempool
	ConflictedTxs int          `json:"conflicted_txs"` // their payments that became impossible
	Payments      []Payment    `json:"payments"`
	Seconds       float64      `json:"seconds"`       // without pauses
	Dir           string       `json:"dir,omitempty"` // of the testnet, if it was kept
}

// Payment is one payment of the story.
type Payment struct {
	From   string       `json:"from"`
	To     string       `json:"to"`
	Amount block.Amount `json:"amount"`
	Fee    block.Amount `json:"fee"`
	TxID   block.Hash   `json:"txid"`
	Fate   string       `json:"fate"` // confirmed, conflicted, or returned and then confirmed
}

// The words for what became of a payment.
const (
	fateConfirmed  = "confirmed"
	fateConflicted = "conflicted"
	fateReturned   = "returned to the pool, then confirmed"
)

// nodes are as many as the story needs.
const nodes = 4

// passphrase locks the demo's wallets, which hold play money.
const passphrase = "demo"

// demo is one run of the story. The first error stays in err: after it no node is called and
// nothing is written.
type demo struct {
	cfg      Config
	dir      string
	net      *testnet.Testnet
	people   map[string]person
	result   Result
	chapters int
	paused   time.Duration
	err      error

	first, toBob, toCarol, daves *payment
	forked                       block.Height // of the last block that both halves share
	left, right                  []block.Hash // what the halves mined, the lowest first
}

// person has a wallet.
type person struct {
	payer.Account
	text string // the address
}

// payment is a payment of the story.
type payment struct {
	Payment
	tx   *block.Tx
	coin wallet.Coin // that it spends
}

// Play tells the story of a partition and its end, on real node processes in a temporary
// directory: every sentence is checked on the nodes first. As soon as anything is not as it
// should be, it returns an error with what was expected and what is. In every case, also if
// ctx ends, no process and no file is left, unless Keep is set and all was right.
func Play(ctx context.Context, cfg Config) (_ Result, err error) {
	started := time.Now()
	dir, err := os.MkdirTemp("", "toychain-demo-")
	if err != nil {
		return Result{}, fmt.Errorf("demo: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return Result{}, fmt.Errorf("demo: %w", err)
	}
	if cfg.Patience == 0 {
		cfg.Patience = 20 * time.Second
	}
	d := &demo{cfg: cfg, dir: dir, people: map[string]person{}}
	d.result.Nodes = nodes
	defer func() {
		if err == nil && cfg.Keep {
			return
		}
		if gone := d.clear(context.WithoutCancel(ctx)); gone != nil {
			err = errors.Join(err, fmt.Errorf("demo: cleaning up: %w", gone))
		}
	}()
	if err := d.play(ctx); err != nil {
		return Result{}, fmt.Errorf("demo: %w", err)
	}
	d.result.Seconds = (time.Since(started) - d.paused).Seconds()
	d.end()
	return d.result, d.err
}

// play tells one chapter after the other.
func (d *demo) play(ctx context.Context) error {
	for i, chapter := range []func(context.Context){
		d.fourNodes, d.money, d.firstPayment, d.cut, d.twoHistories, d.heal, d.again, d.audit,
	} {
		if i > 0 && d.cfg.Pause != nil {
			begun := time.Now()
			if err := d.cfg.Pause(ctx); err != nil {
				return err
			}
			d.paused += time.Since(begun)
		}
		chapter(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if d.err != nil {
			return d.err
		}
	}
	return nil
}

// clear stops the nodes and removes the directory.
func (d *demo) clear(ctx context.Context) error {
	if d.net != nil {
		if err := d.net.Down(ctx, true); err != nil {
			return err
		}
	}
	return os.RemoveAll(d.dir)
}

// fourNodes starts the network.
func (d *demo) fourNodes(ctx context.Context) {
	d.chapter("Four nodes")
	d.idea("n1, n2, n3 and n4 are four programs on this machine, each with its own copy",
		"of the chain. No node is in charge: each checks everything itself.")
	net, err := testnet.Up(ctx, testnet.Config{Dir: d.dir, Nodes: nodes, Network: "toy", Binary: d.cfg.Binary, Detach: d.cfg.Keep})
	if err != nil {
		d.fail(err)
		return
	}
	d.net = net
	if d.cfg.Began != nil {
		if d.fail(d.cfg.Began(ctx, d.dir)); d.err != nil {
			return
		}
	}
	all, err := d.net.Status(ctx)
	d.fail(err)
	for _, s := range all {
		switch {
		case s.Error != "":
			d.fail(fmt.Errorf("%s does not answer: %s", s.Name, s.Error))
		case len(s.Peers) != nodes-1 || s.Height != 0:
			d.fail(unexpected(s.Name, "height 0 and peers: the other three", fmt.Sprintf("height %d and peers: %v", s.Height, s.Peers)))
		}
	}
	d.fact("All four are running. Each is connected to the other three, at height 0.")
}

// makePeople creates the wallets: real words, real keys, a locked file each.
func (d *demo) makePeople(names ...string) error {
	params := d.net.Params()
	network := wallet.Network{Name: params.Name, Prefixes: params.Prefixes}
	for _, name := range names {
		words, err := wallet.NewMnemonic(12, rand.Reader)
		if err != nil {
			return err
		}
		account, err := payer.NewAccount(filepath.Join(d.dir, "wallets", name+".json"), passphrase,
			wallet.New{Name: name, Network: network, Mnemonic: words, Created: time.Now(), WorkFactor: wallet.CheapWorkFactor})
		if err != nil {
			return err
		}
		d.people[name] = person{account, account.Address.Encode(params.Prefixes)}
	}
	return nil
}

// end writes the outcome, and what can be done now if the network was kept.
func (d *demo) end() {
	r := d.result
	d.blank()
	outcome := fmt.Sprintf("It came out right, in %.1f seconds: %d nodes, 1 history, %d stale blocks.", r.Seconds, r.Nodes, r.StaleBlocks)
	d.fact("%s", d.paint("32;1", outcome))
	if !d.cfg.Keep {
		return
	}
	d.result.Dir = d.dir
	wallets := filepath.Join(d.dir, "wallets")
	d.blank()
	d.heading("Your turn")
	d.idea("The network is still up. Try:")
	for _, args := range []string{
		"testnet status",
		"testnet partition n1,n2 n3,n4",
		"mine 2 --node n1 --to " + d.people["bob"].text,
		"mine 3 --node n3 --to " + d.people["carol"].text,
		"testnet tree",
		"testnet heal",
		"chain reorgs --node n1",
		"wallet balance --node n1 --wallet " + filepath.Join(wallets, "bob.json"),
		"testnet down --rm",
	} {
		d.line("   %s %s --dir %s", commandName(), args, d.dir)
	}
	d.blank()
	d.idea("The wallets stay in "+wallets+",", "each locked with the passphrase: "+passphrase)
}

// commandName returns what the user typed to call this program.
func commandName() string {
	if strings.Contains(os.Args[0], "go-build") {
		return "go run ./cmd/toychain"
	}
	return os.Args[0]
}
