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
	"toychain/rpc"
	"toychain/wallet"
)

// names gives everything that a transcript mentions a name that is the same on each
// run. One script has one of it.
type names struct {
	params *consensus.Params
	dir    string // where the wallets are

	blocks   map[block.Hash]string
	born     []block.Hash // b0 is born[0]
	payments map[block.Hash]string
	paid     []payment // p1 is paid[0]
	people   map[string]*person
}

// payment is a transaction that somebody made.
type payment struct {
	id   block.Hash
	tx   *block.Tx // nil: it was seen, and is nobody's here
	from string    // who paid
	node string    // where it was handed in
	told bool      // a settle has seen it spread
}

// person is somebody with a wallet.
type person struct {
	wallet  *wallet.Wallet
	keys    *wallet.Keychain
	address wallet.Address
}

func newNames(params *consensus.Params, dir string) *names {
	n := &names{params: params, dir: dir, blocks: map[block.Hash]string{},
		payments: map[block.Hash]string{}, people: map[string]*person{}}
	n.block(params.Genesis.Hash())
	return n
}

// block returns what a block is called. One that has no name yet is the youngest.
func (n *names) block(h block.Hash) string {
	name, ok := n.blocks[h]
	if !ok {
		name = "b" + strconv.Itoa(len(n.born))
		n.blocks[h] = name
		n.born = append(n.born, h)
	}
	return name
}

// see names the blocks that nobody asked for, as background miners make them, in the
// order in which the nodes first saw them.
func (n *names) see(trees []rpc.Tree) {
	first := map[block.Hash]rpc.TreeBlock{}
	for _, t := range trees {
		for _, b := range t.Blocks {
			if old, ok := first[b.Hash]; !ok || b.ReceivedMS < old.ReceivedMS {
				first[b.Hash] = b
			}
		}
	}
	var fresh []rpc.TreeBlock
	for h, b := range first {
		if _, known := n.blocks[h]; !known {
			fresh = append(fresh, b)
		}
	}
	slices.SortFunc(fresh, func(a, b rpc.TreeBlock) int {
		return cmp.Or(cmp.Compare(a.ReceivedMS, b.ReceivedMS), cmp.Compare(a.Height, b.Height), slices.Compare(a.Hash[:], b.Hash[:]))
	})
	for _, b := range fresh {
		n.block(b.Hash)
	}
}

// hash returns the block of this name.
func (n *names) hash(name string) (block.Hash, error) {
	i, err := strconv.Atoi(name[1:])
	if err != nil || i >= len(n.born) {
		return block.Hash{}, fmt.Errorf("there is no %s: the youngest block is b%d", name, len(n.born)-1)
	}
	return n.born[i], nil
}

// payment returns what a payment is called, as block does.
func (n *names) payment(id block.Hash) string {
	name, ok := n.payments[id]
	if !ok {
		n.paid = append(n.paid, payment{id: id, told: true})
		name = "p" + strconv.Itoa(len(n.paid))
		n.payments[id] = name
	}
	return name
}

// made notes a payment that was handed to a node.
func (n *names) made(tx *block.Tx, from, node string) {
	n.payment(tx.ID())
	i := slices.IndexFunc(n.paid, func(p payment) bool { return p.id == tx.ID() })
	n.paid[i] = payment{id: tx.ID(), tx: tx, from: from, node: node}
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
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	if len(out) == 0 {
		return "-"
	}
	return strings.Join(out, " ")
}

// path writes the way to a block from genesis, given what is before each: b1-b3-b4, and
// b1…b12-b14 for neighbours by name.
func (n *names) path(tip block.Hash, before map[block.Hash]block.Hash) string {
	var way []int
	for h, i := tip, 0; h != n.born[0] && i <= len(before); h, i = before[h], i+1 {
		born, _ := strconv.Atoi(n.block(h)[1:])
		way = append(way, born)
	}
	slices.Reverse(way)
	return runs(way)
}

// runs writes numbers as names of blocks, four and more neighbours as b1…b4; no number
// is the way to genesis, b0.
func runs(way []int) string {
	if len(way) == 0 {
		return "b0"
	}
	var out []string
	for i := 0; i < len(way); {
		j := i + 1
		for j < len(way) && way[j] == way[j-1]+1 {
			j++
		}
		if j-i >= 4 {
			out = append(out, fmt.Sprintf("b%d…b%d", way[i], way[j-1]))
			i = j
			continue
		}
		for ; i < j; i++ {
			out = append(out, "b"+strconv.Itoa(way[i]))
		}
	}
	return strings.Join(out, "-")
}

// lock is the passphrase of the wallets: what it protects is play money, and everybody
// can make the words again from the name.
const lock = "scenario"

// entropy makes the same words of the same name, for ever.
type entropy string

func (e entropy) Read(b []byte) (int, error) {
	sum := sha256.Sum256([]byte("toychain scenario: " + string(e)))
	return copy(b, sum[:]), nil
}

// person returns somebody, whose wallet is made when he is first mentioned.
func (n *names) person(name string) (*person, error) {
	if p := n.people[name]; p != nil {
		return p, nil
	}
	words, err := wallet.NewMnemonic(12, entropy(name))
	if err != nil {
		return nil, err
	}
	p := &person{}
	p.wallet, err = wallet.Create(filepath.Join(n.dir, name+".json"), lock, wallet.New{Name: name,
		Network:  wallet.Network{Name: n.params.Name, Prefixes: n.params.Prefixes},
		Mnemonic: words, Created: time.Unix(0, 0), WorkFactor: wallet.CheapWorkFactor})
	if err != nil {
		return nil, err
	}
	if p.keys, err = p.wallet.Unlock(lock); err != nil {
		return nil, err
	}
	if p.address, err = p.wallet.Receive(); err != nil {
		return nil, err
	}
	n.people[name] = p
	return p, nil
}
