package scenario

import (
	"context"
	"io/fs"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/payer"
	"toychain/rpc"
	"toychain/testnet/topology"
)

// World is where a script is played: nodes that can be partitioned, killed and asked.
// Nodes are called n1, n2, …; a method that changes something returns when it is done,
// and its error is for people. One goroutine uses a World at a time.
type World interface {
	// Up starts nodes n1 to n<nodes>, in a mesh, on a network with these parameters; their
	// miners make blocks of at most blockMax bytes, 0: as large as any may be. It is called
	// once, before anything else.
	Up(ctx context.Context, nodes int, params *consensus.Params, blockMax int) error
	// Time is how long the world has been up, by its own clock.
	Time() time.Duration
	// Step lets the world go on, and returns when something may have changed. It is the
	// n-th step in a row, from 1, that a script waits.
	Step(ctx context.Context, n int) error

	// The network.

	Partition(ctx context.Context, groups [][]string) error // every node is in exactly one group
	Heal(ctx context.Context) error
	Connect(ctx context.Context, pairs []topology.Pair) error // these connections and no others; nil: a mesh
	Link(ctx context.Context, l topology.Link) error
	Talking() [][]string // the running nodes, divided into those that reach each other, directly or through others

	// What happens to a single node.

	Kill(ctx context.Context, node string) error    // like a power failure
	Restart(ctx context.Context, node string) error // on the same data, running or not; returns when it is connected again
	Start(ctx context.Context, node string) error   // a node that is down, without waiting for anything
	Pause(ctx context.Context, node string) error
	Resume(ctx context.Context, node string) error
	Clock(ctx context.Context, node string, offset time.Duration) error // set it fast or, below 0, slow

	// What happens to the disk of a node that is down.

	Wipe(ctx context.Context, node string) error          // empty it
	Corrupt(ctx context.Context, node string) error       // change bytes all over it
	Reindex(ctx context.Context, node string) error       // rebuild the database from the blocks that can be read
	Lose(ctx context.Context, node, what string) error    // remove its key, its peers or its pool
	Disk(ctx context.Context, node string) (fs.FS, error) // all files of it, to read

	Rogues

	// Status returns the status of all nodes, n1 first.
	Status(ctx context.Context) ([]NodeStatus, error)
	// Memory returns the most bytes that a running node has held at one moment since it
	// started.
	Memory(node string) (int64, error)
	// Node returns a node that is up, to call.
	Node(name string) (Node, error)
}

// Node is a node to call: the part of the RPC's client that scripts need. A call that
// the node refuses returns an *rpc.Error.
type Node interface {
	payer.Node

	Tree(ctx context.Context, from block.Height) (rpc.Tree, error)
	Reorgs(ctx context.Context, limit int) ([]rpc.Reorg, error)
	Bans(ctx context.Context) ([]rpc.Ban, error)
	Tx(ctx context.Context, id block.Hash) (rpc.Tx, error)
	TestAccept(ctx context.Context, tx *block.Tx) (rpc.TestAccept, error)
	RawBlock(ctx context.Context, hash block.Hash) (*block.Block, error)
	SubmitBlock(ctx context.Context, b *block.Block) (string, error)
	Generate(ctx context.Context, n int, address string) ([]block.Hash, error)
	SetMining(ctx context.Context, address string, hashrate float64) (rpc.MiningInfo, error)
	Invalidate(ctx context.Context, hash block.Hash) error
	Reconsider(ctx context.Context, hash block.Hash) error
}

// Rogues are adversarial peers. Each one is a peer of one node and knows what that node
// knows. When it is banned, the next one comes.
type Rogues interface {
	// Lie sends a node a block on its tip that breaks a rule, of Lies, and returns when the
	// node has rejected it, and banned the rogue if that must have known.
	Lie(ctx context.Context, node, rule string) (block.Hash, error)
	// Slander shows the first node a block that fails only when it is connected, and the second
	// a block on it, and returns both when the second node has rejected them: it must not
	// blame the first, which passed the block on.
	Slander(ctx context.Context, first, second string) ([]block.Hash, error)
	// Withhold mines n blocks on the node's tip, or on what is withheld already, and
	// announces none of them. The first one holds these transactions.
	Withhold(ctx context.Context, node string, n int, txs ...*block.Tx) ([]block.Hash, error)
	// Release announces all that was withheld to the node.
	Release(ctx context.Context, node string) error
	// Flood sends a node so many of something, of Floods, until the rogue is banned.
	Flood(ctx context.Context, node, what string, n int) error
	// Tell has a rogue tell a node the addresses of n peers that do not exist, all at a machine
	// that counts connections, and false addresses of all other nodes.
	Tell(ctx context.Context, node string, n int) error
	// Dials returns how often such machines were dialed since Tell was called for a node.
	Dials(node string) (int, error)
	// Crowd connects n peers with a node, each with its own key. They do nothing until the
	// world ends.
	Crowd(ctx context.Context, node string, n int) error
	// Connected returns how many rogues a node counts among its peers.
	Connected(node string) (int, error)
}

// Lies are the rules that a rogue can break, by the names that Bitcoin gives them.
var Lies = []string{"bad-cb-amount", "bad-diffbits", "bad-txnmrklroot", "bad-txns-inputs-missingorspent",
	"high-hash", "mandatory-script-verify-flag-failed"}

// Floods are what a rogue can send many of.
var Floods = []string{"calls", "claims", "garbage", "garbage-gossip", "half-open", "half-sent", "headers", "invalid-blocks", "invalid-txs",
	"orphan-blocks", "orphan-txs", "requests", "side-blocks", "slow-readers", "streams"}

// State is whether a node runs.
type State string

// The states.
const (
	Up     State = "up"
	Down   State = "down"
	Paused State = "paused"
	Silent State = "silent" // it runs, and does not answer
)

// NodeStatus is what one node is at. All but Node and State are zero unless it is Up.
type NodeStatus struct {
	Node   string
	State  State
	Tip    block.Hash
	Height block.Height
	Work   string       // of the best chain, comparable for equality
	Pool   []block.Hash // pending transactions, in no order
	Peers  []string     // connected nodes, n1 first; rogues are not in it
}
