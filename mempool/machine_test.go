package mempool_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/mempool"
)

// machine drives a pool on a real tree with random payments, blocks and
// reorganisations, next to an oracle that is too simple to be wrong: after each
// change of tip the pool must hold, in this order, what the blocks that left gave
// back and what waited, each if it is possible after those before it. A twin gets
// the same calls and must give the same answers.
type machine struct {
	*rapid.T
	params     *consensus.Params
	tree       *chain.Tree
	pool, twin *mempool.Pool
	now        time.Time
	blocks     []*chaingen.Block // of all branches
	byHash     map[block.Hash]*chaingen.Block
	made       []*block.Tx // every payment ever made, sent or not
	coins      []consensus.UTXO
}

func TestMachine(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) { run(r, mempool.DefaultPolicy()) })
}

// The same with a pool and an orphanage that are always full.
func TestMachineFull(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		policy := mempool.DefaultPolicy()
		policy.MaxBytes = rapid.IntRange(80, 900).Draw(r, "bytes")
		policy.MaxOrphans = rapid.IntRange(0, 2).Draw(r, "orphans")
		policy.MaxAncestors, policy.MaxDescendants = 4, 4
		run(r, policy)
	})
}

func run(r *rapid.T, policy mempool.Policy) {
	params := chaingen.Network()
	v := consensus.InOrder(free{})
	tree, err := chain.NewTree(params, v, chaingen.NewDisk(), nil, block.Hash{})
	if err != nil {
		r.Fatal(err)
	}
	m := &machine{T: r, params: params, tree: tree, now: noon, pool: mempool.New(policy), twin: mempool.New(policy),
		byHash: make(map[block.Hash]*chaingen.Block)}
	g := chaingen.Genesis(params)
	g.Verifier = v
	m.grew(g)
	for range 6 {
		m.connect(m.blocks[len(m.blocks)-1].Mine("start"))
	}
	r.Repeat(map[string]func(*rapid.T){
		"pay":        func(r *rapid.T) { m.T = r; m.add(m.payment()) },
		"pay again":  func(r *rapid.T) { m.T = r; m.payAgain() },
		"keep back":  func(r *rapid.T) { m.T = r; m.payment() },
		"mine":       func(r *rapid.T) { m.T = r; m.mine() },
		"fork":       func(r *rapid.T) { m.T = r; m.fork() },
		"invalidate": func(r *rapid.T) { m.T = r; m.invalidate() },
		"prioritise": func(r *rapid.T) { m.T = r; m.prioritise() },
		"expire":     func(r *rapid.T) { m.T = r; m.expire() },
		"":           func(r *rapid.T) { m.T = r; m.check() },
	})
}

func (m *machine) pick(n int, what string) int { return rapid.IntRange(0, n-1).Draw(m.T, what) }

// payment makes one of coins of any branch, spent or not, in the pool or in none:
// one in two of those that are newest.
func (m *machine) payment() *block.Tx {
	var spent []consensus.UTXO
	for range 1 + m.pick(3, "more inputs") {
		from := m.coins
		if m.pick(2, "any coin") == 0 {
			from = from[max(0, len(from)-8):]
		}
		c := from[m.pick(len(from), "coin")]
		if !slices.ContainsFunc(spent, func(s consensus.UTXO) bool { return s.Outpoint == c.Outpoint }) {
			spent = append(spent, c)
		}
	}
	outputs := 1 + m.pick(3, "more outputs")
	tx := spend(0, outputs, spent...)
	tx.Outputs[0].Value -= block.Amount(tx.Size() * (m.pick(20, "rate")))
	switch m.pick(8, "locks") {
	case 0:
		signal(tx)
	case 1:
		tx.LockTime, tx.Inputs[0].Sequence = uint32(m.tree.Tip().Height)+uint32(m.pick(3, "lock")), 0xfffffffe
	case 2:
		tx.Inputs[0].Sequence = uint32(m.pick(3, "relative"))
	}
	m.made = append(m.made, tx)
	for i := range tx.Outputs {
		m.coins = append(m.coins, out(tx, i))
	}
	return tx
}

func (m *machine) payAgain() {
	if len(m.made) > 0 {
		m.add(m.made[m.pick(len(m.made), "payment")])
	}
}

// both compares the answers of the pool and its twin.
func both[T any](m *machine, f func(*mempool.Pool) (T, error)) (T, error) {
	a, errA := f(m.pool)
	b, errB := f(m.twin)
	if !reflect.DeepEqual(a, b) || fmt.Sprint(errA) != fmt.Sprint(errB) {
		m.Fatalf("the same calls, two answers:\n%+v, %v\n%+v, %v", a, errA, b, errB)
	}
	return a, errA
}

func (m *machine) add(tx *block.Tx) {
	before := m.pool.IDs()
	result, tested := m.pool.Test(m.tree, tx, m.now)
	added, err := both(m, func(p *mempool.Pool) (mempool.Added, error) { return p.Add(m.tree, tx, m.now) })
	switch reason := mempool.Reason(err); {
	case err != nil && reason == "":
		m.Fatal(err)
	case reason == "mempool full":
	case fmt.Sprint(err) != fmt.Sprint(tested):
		m.Fatalf("Test says %v, Add says %v", tested, err)
	case err == nil && len(added.Accepted) > 0 && added.Accepted[0].ID == result.ID && added.Accepted[0].Fee != result.Fee:
		m.Fatalf("Test says fee %d, Add says %d", result.Fee, added.Accepted[0].Fee)
	}
	m.account(before, entryIDs(added.Accepted), added.Replaced, added.Evicted)
}

// account demands that what was here and what came is here, or is said to have left.
func (m *machine) account(before, came []block.Hash, left ...[]block.Hash) {
	want := make(map[block.Hash]bool)
	for _, id := range append(before, came...) {
		want[id] = true
	}
	for _, list := range left {
		for _, id := range list {
			delete(want, id)
		}
	}
	got := m.pool.IDs()
	for _, id := range got {
		if !want[id] {
			m.Fatalf("%s is here, nobody said why", id)
		}
	}
	if len(got) != len(want) {
		m.Fatalf("%d are here, %d should be", len(got), len(want))
	}
}

// grew takes note of a block.
func (m *machine) grew(b *chaingen.Block) {
	m.blocks = append(m.blocks, b)
	m.byHash[b.Hash] = b
	if b.Parent != nil {
		m.coins = append(m.coins, b.Reward())
	}
}

// mine makes a block of the template.
func (m *machine) mine() {
	var txs []*block.Tx
	for _, e := range m.pool.Template(m.tree, rapid.IntRange(0, 2000).Draw(m.T, "room"), blockSigOps) {
		txs = append(txs, e.Tx)
	}
	m.connect(m.tip().Mine(fmt.Sprint("m", len(m.blocks)), txs...)) // panics if the template breaks a rule
}

func (m *machine) tip() *chaingen.Block { return m.byHash[m.tree.Tip().Hash] }

// fork makes one to three blocks on one of the last, with whatever fits of what was
// ever made.
func (m *machine) fork() {
	on := m.blocks[len(m.blocks)-1-m.pick(min(6, len(m.blocks)), "back")]
	for range 1 + m.pick(3, "blocks") {
		if info, ok := m.tree.Info(on.Hash); !ok || info.Status.Invalid() {
			return
		}
		ledger := newLedger(on)
		var txs []*block.Tx
		for _, tx := range m.made {
			if m.pick(3, "take") > 0 && ledger.take(tx) == "" {
				txs = append(txs, tx)
			}
		}
		on = on.Mine(fmt.Sprint("f", len(m.blocks)), txs...)
		m.connect(on)
	}
}

func (m *machine) invalidate() {
	tip := m.tip()
	for range m.pick(4, "depth") {
		if tip.Height() > 4 {
			tip = tip.Parent
		}
	}
	if tip.Height() <= 4 {
		return // leave something to pay with
	}
	change, err := m.tree.Invalidate(tip.Hash, m.now)
	if err != nil {
		m.Fatal(err)
	}
	m.update(change)
}

func (m *machine) connect(b *chaingen.Block) {
	m.grew(b)
	m.now = m.now.Add(time.Minute)
	change, err := m.tree.AddBlock(b.Block, m.now)
	if err != nil {
		m.Fatal(err)
	}
	m.update(change)
}

// update tells the pool and asks the oracle what it should be.
func (m *machine) update(change chain.Change) {
	waited := m.pool.Entries()
	bytes := m.pool.Policy().MaxBytes
	u, err := both(m, func(p *mempool.Pool) (mempool.Updated, error) { return p.Update(m.tree, change, m.now) })
	if err != nil {
		m.Fatal(err)
	}
	before := make([]block.Hash, len(waited))
	var order []*block.Tx
	for _, step := range slices.Backward(change.Reverted) {
		order = append(order, step.Block.Txs[1:]...)
	}
	for i, e := range waited {
		before[i], order = e.ID, append(order, e.Tx)
	}
	m.account(before, append(u.Returned, entryIDs(u.Accepted)...), u.Confirmed, u.Conflicted, u.Dropped, u.Replaced, u.Evicted)

	var want []block.Hash
	size := 0
	ledger, said := newLedger(m.tip()), lists(u)
	for _, tx := range order {
		id := tx.ID()
		fate := ledger.take(tx)
		if fate == "" {
			want = append(want, id)
			size += tx.Size()
		} else if fate != "reconfirmed" && !said[fate][id] || fate == "reconfirmed" && said["any"][id] != said["confirmed"][id] {
			m.Fatalf("%s is %s, the pool says %+v", id, fate, u)
		}
	}
	if size > bytes {
		return // the pool has to choose: account and Check must do
	}
	want = append(want, entryIDs(u.Accepted)...)
	want = slices.DeleteFunc(want, func(id block.Hash) bool { return said["gone"][id] })
	if got := m.pool.IDs(); !slices.Equal(got, want) {
		m.Fatalf("the pool is %s\nwant        %s", got, want)
	}
}

// lists turns an Updated into sets, and checks that nobody is in two.
func lists(u mempool.Updated) map[string]map[block.Hash]bool {
	out := map[string]map[block.Hash]bool{"gone": {}, "any": {}}
	for name, ids := range map[string][]block.Hash{"confirmed": u.Confirmed, "conflicted": u.Conflicted, "dropped": u.Dropped,
		"returned": u.Returned, "accepted": entryIDs(u.Accepted), "replaced": u.Replaced, "evicted": u.Evicted} {
		out[name] = make(map[block.Hash]bool)
		for _, id := range ids {
			if out["any"][id] {
				panic(fmt.Sprintf("%s is in two lists of %+v", id, u))
			}
			out[name][id], out["any"][id] = true, true
			if name == "replaced" || name == "evicted" {
				out["gone"][id] = true
			}
		}
	}
	return out
}

// ledger is the oracle: every coin after a block, and what payments make of them.
type ledger struct {
	on    *chaingen.Block
	coins consensus.Coins
	mined map[block.Hash]bool
	fates map[block.Hash]string
}

func newLedger(on *chaingen.Block) *ledger {
	l := &ledger{on, on.CoinSet(), make(map[block.Hash]bool), make(map[block.Hash]string)}
	for _, b := range on.Chain() {
		for _, tx := range b.Txs {
			l.mined[tx.ID()] = true
		}
	}
	return l
}

// take makes a payment if the next block may hold it, and otherwise says what is to
// be said of it: that it is confirmed, conflicted, or dropped because it is too early.
func (l *ledger) take(tx *block.Tx) (fate string) {
	id := tx.ID()
	defer func() { l.fates[id] = fate }()
	if l.mined[id] {
		return "reconfirmed"
	}
	for i := range tx.Inputs {
		o := tx.Inputs[i].Prev
		if f := l.fates[o.TxID]; f == "conflicted" || f == "dropped" {
			return f
		}
		if _, ok := l.coins[o]; !ok {
			return "conflicted"
		}
	}
	if _, _, err := consensus.CheckTxInputs(l.on.State, tx, l.coins); err != nil {
		return "dropped"
	}
	for i := range tx.Inputs {
		delete(l.coins, tx.Inputs[i].Prev)
	}
	for i := range tx.Outputs {
		l.coins[block.Outpoint{TxID: id, Index: uint32(i)}] = &consensus.Coin{Output: tx.Outputs[i],
			Height: l.on.Height() + 1, MedianTime: l.on.State.MedianTime()}
	}
	return ""
}

func (m *machine) prioritise() {
	if len(m.made) == 0 {
		return
	}
	id, delta := m.made[m.pick(len(m.made), "prioritised")].ID(), block.Amount(rapid.IntRange(-5000, 5000).Draw(m.T, "delta"))
	deltas, _ := both(m, func(p *mempool.Pool) ([]mempool.Delta, error) {
		p.Prioritise(id, delta)
		return p.Deltas(), nil
	})
	for _, d := range deltas {
		if e, ok := m.pool.Get(d.ID); ok != d.Pending || ok && (e.Delta != d.Fee || e.Modified() != d.Modified) {
			m.Fatalf("%+v is said of %+v", d, e)
		}
	}
}

func (m *machine) expire() {
	m.now = m.now.Add(time.Duration(rapid.IntRange(0, 300).Draw(m.T, "hours")) * time.Hour)
	before := m.pool.IDs()
	gone, _ := both(m, func(p *mempool.Pool) ([]block.Hash, error) { return p.Expire(m.now), nil })
	m.account(before, nil, gone)
}

// check looks at all that must be true at any time.
func (m *machine) check() {
	if err := m.pool.Check(m.tree); err != nil {
		m.Fatal(err)
	}
	if !reflect.DeepEqual(m.pool.Entries(), m.twin.Entries()) || m.pool.MinFee() != m.twin.MinFee() {
		m.Fatal("the twins have grown apart")
	}
	m.checkTouching()
	for _, inputs := range m.pool.OrphanInputs() {
		lacks := 0
		for _, o := range inputs {
			ok, err := m.pool.HasCoin(m.tree, o)
			if err != nil {
				m.Fatal(err)
			}
			if !ok {
				lacks++
			}
		}
		if lacks == 0 {
			m.Fatalf("an orphan waits although everything it spends is here: %v", inputs)
		}
	}
	chosen := m.pool.Template(m.tree, blockRoom, blockSigOps)
	unwanted := slices.ContainsFunc(m.pool.Entries(), func(e *mempool.Entry) bool { return e.Modified() < 0 })
	if len(chosen) != m.pool.Len() && !unwanted {
		m.Fatalf("the template has %d of %d transactions", len(chosen), m.pool.Len())
	}
	ledger := newLedger(m.tip())
	for _, e := range chosen {
		if fate := ledger.take(e.Tx); fate != "" {
			m.Fatalf("the template holds %s, which is %s", e.ID, fate)
		}
	}
}

// checkTouching compares what the pool finds for the script of a payment, and for one of its coins,
// with what a look at all transactions finds. Only the pool is asked, so that its twin shows that the
// index changes nothing else.
func (m *machine) checkTouching() {
	if len(m.made) == 0 {
		return
	}
	tx := m.made[len(m.made)/2]
	script, coin := string(tx.Outputs[0].Script), tx.Inputs[0].Prev
	ours := map[block.Outpoint]bool{coin: true}
	var want []block.Hash
	for e := range m.pool.All() {
		takesPart := slices.ContainsFunc(e.Tx.Inputs, func(in block.Input) bool { return ours[in.Prev] })
		for i, out := range e.Tx.Outputs {
			if string(out.Script) == script {
				ours[block.Outpoint{TxID: e.ID, Index: uint32(i)}], takesPart = true, true
			}
		}
		if takesPart {
			want = append(want, e.ID)
		}
	}
	var got []block.Hash
	for _, e := range m.pool.Touching(slices.Values([]string{script}), slices.Values([]block.Outpoint{coin})) {
		got = append(got, e.ID)
	}
	if !slices.Equal(got, want) {
		m.Fatalf("%d transactions touch the script or the coin: %v, want %v", len(got), got, want)
	}
}
