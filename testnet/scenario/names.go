package scenario

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/payer"
	"toychain/rpc"
	"toychain/testnet/topology"
	"toychain/wallet"
)

// names maps blocks, payments and people to names that are the same on each run of a script.
type names struct {
	params *consensus.Params
	dir    string // of the wallets; "": they are in memory

	blocks map[block.Hash]int // their numbers
	order  []block.Hash       // b0 is order[0]
	paid   []payment          // p1 is paid[0]
	people map[string]*payer.Account
}

// payment is a transaction of the script.
type payment struct {
	id    block.Hash
	tx    *block.Tx // nil: the script did not make it
	from  string    // the person that paid
	node  string    // that it was sent to
	known bool      // a settle has seen it on all nodes
}

func newNames(params *consensus.Params, dir string) *names {
	n := &names{params: params, dir: dir, blocks: map[block.Hash]int{}, people: map[string]*payer.Account{}}
	n.block(params.Genesis.Hash())
	return n
}

// number returns the number of a block. One without a number gets the next one.
func (n *names) number(h block.Hash) int {
	i, ok := n.blocks[h]
	if !ok {
		i = len(n.order)
		n.blocks[h] = i
		n.order = append(n.order, h)
	}
	return i
}

// block returns the name of a block.
func (n *names) block(h block.Hash) string { return "b" + strconv.Itoa(n.number(h)) }

// see names blocks that no step asked for, as background miners make them, in the order in
// which the nodes received them.
func (n *names) see(trees []rpc.Tree) {
	var all []rpc.TreeBlock
	for _, t := range trees {
		all = append(all, t.Blocks...)
	}
	slices.SortFunc(all, func(a, b rpc.TreeBlock) int {
		return cmp.Or(cmp.Compare(a.ReceivedMS, b.ReceivedMS), cmp.Compare(a.Height, b.Height), slices.Compare(a.Hash[:], b.Hash[:]))
	})
	for _, b := range all {
		n.number(b.Hash)
	}
}

// hash returns the block of this name.
func (n *names) hash(name string) (block.Hash, error) {
	i, err := strconv.Atoi(name[1:])
	if err != nil || i >= len(n.order) {
		return block.Hash{}, fmt.Errorf("there is no %s: the last block is b%d", name, len(n.order)-1)
	}
	return n.order[i], nil
}

// payment returns the name of a payment. One without a name gets the next one.
func (n *names) payment(id block.Hash) string {
	i := slices.IndexFunc(n.paid, func(p payment) bool { return p.id == id })
	if i < 0 {
		i = len(n.paid)
		n.paid = append(n.paid, payment{id: id, known: true})
	}
	return "p" + strconv.Itoa(i+1)
}

// made records a payment that was sent to a node.
func (n *names) made(tx *block.Tx, from, node string) {
	if p, err := n.paidAs(n.payment(tx.ID())); err == nil {
		*p = payment{id: tx.ID(), tx: tx, from: from, node: node}
	}
}

// paidAs returns the payment of this name.
func (n *names) paidAs(name string) (*payment, error) {
	i, err := strconv.Atoi(name[1:])
	if err != nil || i < 1 || i > len(n.paid) {
		return nil, fmt.Errorf("there is no %s: %d payments were made", name, len(n.paid))
	}
	return &n.paid[i-1], nil
}

// list writes the names of several payments, p2 before p10; "-" for none.
func (n *names) list(ids []block.Hash) string {
	var out []string
	for _, id := range ids {
		out = append(out, n.payment(id))
	}
	slices.SortFunc(out, topology.Compare)
	return cmp.Or(strings.Join(out, " "), "-")
}

// path returns the names of the blocks from genesis to a tip, given the parent of each:
// b1-b3-b4, and b1…b12-b14 for consecutive names.
func (n *names) path(tip block.Hash, parents map[block.Hash]block.Hash) string {
	var way []int
	for h, i := tip, 0; h != n.order[0] && i <= len(parents); h, i = parents[h], i+1 {
		way = append(way, n.number(h))
	}
	slices.Reverse(way)
	return runs(way)
}

// runs returns numbers as names of blocks, four or more consecutive ones as b1…b4; none is the
// path to genesis, b0.
func runs(way []int) string {
	if len(way) == 0 {
		return "b0"
	}
	var out []string
	for _, n := range way {
		out = append(out, "b"+strconv.Itoa(n))
	}
	return topology.Join(out, "-", "…", 4)
}

// passphrase locks the wallets, which hold play money: the words follow from the name.
const passphrase = "scenario"

// entropy makes the same words from the same name.
type entropy string

func (e entropy) Read(b []byte) (int, error) {
	sum := sha256.Sum256([]byte("toychain scenario: " + string(e)))
	return copy(b, sum[:]), nil
}

// person returns the account of a person, whose wallet is created at the first mention.
func (n *names) person(name string) (*payer.Account, error) {
	if p := n.people[name]; p != nil {
		return p, nil
	}
	words, err := wallet.NewMnemonic(12, entropy(name))
	if err != nil {
		return nil, err
	}
	owner := wallet.New{Name: name, Network: wallet.Network{Name: n.params.Name, Prefixes: n.params.Prefixes},
		Mnemonic: words, Created: time.Unix(0, 0), WorkFactor: wallet.CheapWorkFactor}
	var p payer.Account
	if n.dir == "" {
		p, err = payer.InMemory(owner)
	} else {
		p, err = payer.NewAccount(filepath.Join(n.dir, name+".json"), passphrase, owner)
	}
	if err != nil {
		return nil, err
	}
	n.people[name] = &p
	return &p, nil
}
