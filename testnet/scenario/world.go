package scenario

import (
	"context"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/rpc"
	"toychain/testnet/purse"
	"toychain/testnet/topology"
	"toychain/wallet"
)

// World is where a script is played: nodes that can be cut apart, killed and asked.
// Node names are n1, n2, …; a method that changes something returns when it is done,
// and its error is for people. One goroutine uses a World at a time.
type World interface {
	// Up brings up nodes n1 to n<nodes>, each connected to each, on a network with
	// these parameters. It is called once, before anything else.
	Up(ctx context.Context, nodes int, params *consensus.Params) error
	// Time is how long the world has been up, by its own clock.
	Time() time.Duration
	// Step lets the world go on, and returns when something may have changed.
	Step(ctx context.Context) error

	Ground
	Lives
	Rogues
	Operators
	Readings
}

// Ground is who can talk to whom.
type Ground interface {
	// Partition cuts the network into groups; every node is in exactly one.
	Partition(ctx context.Context, groups [][]string) error
	// Heal undoes Partition.
	Heal(ctx context.Context) error
	// Connect makes these the network's connections and no others; none at all: each
	// is connected to each.
	Connect(ctx context.Context, pairs []topology.Pair) error
	// Link makes the line between two nodes bad, or perfect again.
	Link(ctx context.Context, l topology.Line) error
	// Talking returns the nodes that live and reach each other, directly or through
	// others: one group for each part that the network has at the moment.
	Talking(ctx context.Context) ([][]string, error)
}

// Lives is what happens to a single node.
type Lives interface {
	Kill(ctx context.Context, node string) error    // as a power cut would
	Restart(ctx context.Context, node string) error // on the same data, running or not; returns when it is back among its peers
	Start(ctx context.Context, node string) error   // as Restart, of one that is down, and does not wait for anything
	Wipe(ctx context.Context, node string) error    // of one that is down: its disk is empty, and it is a stranger to its peers
	Corrupt(ctx context.Context, node string) error // of one that is down: bytes are wrong all over its disk
	Reindex(ctx context.Context, node string) error // of one that is down: it rebuilds what it keeps from what can be read
	Pause(ctx context.Context, node string) error   // in the middle of whatever it does
	Resume(ctx context.Context, node string) error
	// Clock makes a node's clock so fast, or slow; 0: right.
	Clock(ctx context.Context, node string, offset time.Duration) error
	// Hashrate has a node mine by itself, at most so many hashes a second; 0 stops it.
	Hashrate(ctx context.Context, node string, rate int, to wallet.Address) error
	// Mine mines n blocks on the node's tip, one after the other, and returns them.
	Mine(ctx context.Context, node string, n int, to wallet.Address) ([]block.Hash, error)
}

// Rogues are strangers who break the rules. Each is a peer of one node, knows what that
// knows, and has nothing to lose: when it is thrown out, the next one comes.
type Rogues interface {
	// Lie gives a node a block on its tip that breaks a rule, of Lies, and returns when
	// the liar was thrown out for it.
	Lie(ctx context.Context, node, rule string) (block.Hash, error)
	// Withhold mines n blocks on the node's tip, or on what is withheld already, and
	// shows them to nobody. The first holds these payments.
	Withhold(ctx context.Context, node string, n int, txs ...*block.Tx) ([]block.Hash, error)
	// Release shows the node all that was withheld.
	Release(ctx context.Context, node string) error
	// Flood sends a node so many of something, of Floods, until it is thrown out.
	Flood(ctx context.Context, node, what string, n int) error
}

// Lies are the rules that a rogue can break, by the names that Bitcoin gives them.
var Lies = []string{"bad-cb-amount", "bad-diffbits", "bad-txnmrklroot", "bad-txns-inputs-missingorspent",
	"high-hash", "mandatory-script-verify-flag-failed"}

// Floods are what a rogue can send many of.
var Floods = []string{"calls", "claims", "garbage", "garbage-gossip", "half-open", "headers", "invalid-blocks", "invalid-txs",
	"orphan-blocks", "orphan-txs", "requests", "side-blocks", "slow-readers", "streams"}

// Readings is what can be asked.
type Readings interface {
	// Look returns where all nodes stand, n1 first.
	Look(ctx context.Context) ([]Glance, error)
	// Tree returns every block that a node knows.
	Tree(ctx context.Context, node string) (rpc.Tree, error)
	// Reorgs returns a node's journal, the oldest first.
	Reorgs(ctx context.Context, node string) ([]rpc.Reorg, error)
	// Bans returns how many peers a node refuses to talk to, for what they did.
	Bans(ctx context.Context, node string) (int, error)
	// Memory returns the most bytes that a living node has held at one moment since it
	// started.
	Memory(ctx context.Context, node string) (int64, error)
	// Payment returns the block of the node's best chain that holds a payment, or zeros.
	Payment(ctx context.Context, node string, id block.Hash) (block.Hash, error)
	// Refuses returns why the node's pool would not take a payment, or "".
	Refuses(ctx context.Context, node string, tx *block.Tx) (string, error)
	// Block returns a block of any branch that a node knows.
	Block(ctx context.Context, node string, hash block.Hash) (*block.Block, error)
	// Judge hands a node a block, and returns why it refuses it, or "".
	Judge(ctx context.Context, node string, b *block.Block) (string, error)
	// Book returns what a wallet asks of a node. A payment that the node refuses is an
	// *rpc.Error.
	Book(node string) (purse.Node, error)
}

// State is whether a node lives.
type State string

// The states.
const (
	Up     State = "up"
	Down   State = "down"
	Paused State = "paused"
	Silent State = "silent" // it lives, and does not answer
)

// Glance is where one node stands. All but Node and State are zero unless it is Up.
type Glance struct {
	Node   string
	State  State
	Tip    block.Hash
	Height block.Height
	Work   string       // of the best chain, comparable for equality
	Pool   []block.Hash // pending payments, in no order
	Peers  []string     // nodes that it is connected to, n1 first; strangers are not in it
}
