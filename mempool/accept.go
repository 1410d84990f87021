package mempool

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"toychain/block"
	"toychain/consensus"
)

// Added is the result of Add.
type Added struct {
	ID       block.Hash
	Accepted []*Entry     // the transaction, then the orphans whose parents are here now, parents first
	Replaced []block.Hash // conflicting transactions that these replaced, with descendants
	Evicted  []block.Hash // removed because the pool was full
}

// Add accepts a transaction or returns why not: a Reject or a consensus.Rule, wrapped; an
// *OrphanError, after which the transaction waits for its parents; or an error of the disk.
// Condemns and Reason distinguish them. now is the time of arrival.
//
// An error leaves the pool unchanged with two exceptions: after ErrOrphan the transaction is
// among the orphans, and after RejectFull the Added still lists what was removed.
func (p *Pool) Add(v View, tx *block.Tx, now time.Time) (Added, error) {
	added := Added{ID: tx.ID()}
	tip := v.Tip()
	p.decay(&tip, now)
	c, err := p.check(v, tx, added.ID, p.MinFee())
	if errors.Is(err, ErrOrphan) {
		p.orphans.keep(tx, added.ID, now)
		return added, err
	}
	p.orphans.drop(added.ID)
	if err != nil {
		return added, err
	}
	var in acceptResult
	in.admit(p, c, now, tip.Height)
	in.evicted = p.trim(now)
	if p.Has(added.ID) {
		err = p.retry(v, outputsOf(tx, added.ID), now, &in)
	}
	if err == nil && !p.Has(added.ID) { // evicted at once, or for one of its orphans
		in.evicted = slices.DeleteFunc(in.evicted, func(id block.Hash) bool { return id == added.ID })
		err = fmt.Errorf("%w: it pays %d per 1000 bytes, the pool now requires %d", RejectFull, c.alone().rate(), p.MinFee())
	}
	added.Accepted, added.Replaced, added.Evicted = p.report(&in), in.replaced, in.evicted
	return added, err
}

// acceptResult collects the transactions that one call accepts, replaces and evicts.
type acceptResult struct {
	accepted          []block.Hash
	replaced, evicted []block.Hash
}

// admit makes the change that check allowed.
func (in *acceptResult) admit(p *Pool, c *candidate, now time.Time, height block.Height) {
	in.replaced = append(in.replaced, p.removeAll(c.conflicts...)...)
	c.Time, c.Height = now, height
	p.insert(c.entry)
	in.accepted = append(in.accepted, c.ID)
}

// report returns those accepted that are still in the pool.
func (p *Pool) report(in *acceptResult) (out []*Entry) {
	for _, id := range in.accepted {
		if e := p.entries[id]; e != nil {
			out = append(out, p.snapshot(e))
		}
	}
	return out
}

// TestResult is the result of Test.
type TestResult struct {
	ID       block.Hash
	Fee      block.Amount // that it pays
	Modified block.Amount // that counts here, see Pool.Prioritise
	Size     int          // in bytes; without witnesses also the "virtual" size
	SigOps   int          // as a block counts them
	Replaces []block.Hash // the transactions that it would replace, with descendants
}

// Test runs Add's checks and returns its errors, but changes nothing; an orphan is not kept
// either (Core: testmempoolaccept). As in Core it cannot return RejectFull, which is known
// only when the pool is trimmed.
func (p *Pool) Test(v View, tx *block.Tx, now time.Time) (TestResult, error) {
	id := tx.ID()
	tip := v.Tip()
	f := p.rollingFee.decayed(now, p.halfLife(&tip), p.policy.Incremental)
	c, err := p.check(v, tx, id, f.fee(&p.policy))
	if err != nil {
		return TestResult{ID: id, Size: tx.Size()}, err
	}
	return TestResult{ID: id, Fee: c.Fee, Modified: c.Modified(), Size: c.Size, SigOps: c.SigOps, Replaces: idsOf(p.below(c.conflicts...))}, nil
}

// candidate is a transaction under validation and what has been learned about it so far.
type candidate struct {
	*entry    // not in the pool yet
	coins     consensus.Coins
	spent     []consensus.Coin // the coins in the order of the inputs, once checked
	conflicts []*entry         // entries that spend one of its coins, in the order of the inputs
}

// check decides whether tx is accepted, and changes nothing. The order is Core's: cheap
// checks first, signatures last, so that a peer cannot make us verify signatures of a
// transaction that is rejected anyway (Core: MemPoolAccept::PreChecks, ReplacementChecks,
// PolicyScriptChecks).
func (p *Pool) check(v View, tx *block.Tx, id block.Hash, minFee block.Amount) (*candidate, error) {
	if p.Has(id) {
		return nil, ErrKnown
	}
	if err := consensus.CheckTx(tx); err != nil {
		return nil, err
	}
	if tx.IsCoinbase() {
		return nil, RejectCoinbase
	}
	if err := p.policy.standard(tx); err != nil {
		return nil, err
	}
	tip := v.Tip()
	if !consensus.IsFinal(tx, tip.Height+1, tip.MedianTime()) {
		return nil, fmt.Errorf("%w: lock time %d", RejectNonFinal, tx.LockTime)
	}
	c := &candidate{entry: &entry{Entry: Entry{Tx: tx, ID: id, Size: tx.Size(), Delta: p.deltas[id]}}}
	err := p.findConflicts(c)
	if err == nil {
		err = p.findCoins(v, c)
	}
	if err == nil {
		err = p.checkSpending(v, &tip, c)
	}
	if err == nil {
		err = p.checkFee(c, minFee)
	}
	if err == nil {
		err = p.checkChain(c)
	}
	if err == nil {
		err = p.checkReplacement(c)
	}
	if err == nil {
		err = canonical(tx)
	}
	if err == nil {
		err = v.Verifier().Verify([]consensus.Spender{{ID: id, Tx: tx, Spent: c.spent}})
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// findCoins gathers the coins that c spends, from the tip and from the pool. A coin that is in
// neither makes c an orphan, unless c is in a block already, or spends an output that its
// parent in the pool does not have.
func (p *Pool) findCoins(v View, c *candidate) error {
	of := make([]block.Outpoint, len(c.Tx.Inputs))
	for i := range c.Tx.Inputs {
		of[i] = c.Tx.Inputs[i].Prev
	}
	var err error
	if c.coins, err = p.gather(v, of); err != nil {
		return err
	}
	var missing []block.Hash
	for i, o := range of {
		parent := p.entries[o.TxID]
		if parent != nil && !slices.Contains(c.parents, parent) {
			c.parents = append(c.parents, parent)
		}
		if _, ok := c.coins[o]; ok {
			continue
		}
		if parent != nil {
			return fmt.Errorf("input %d: %w: its transaction has no output %s", i, consensus.BadMissingOrSpent, o)
		}
		if !slices.Contains(missing, o.TxID) {
			missing = append(missing, o.TxID)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	confirmed, err := v.Coins(outputsOf(c.Tx, c.ID))
	switch {
	case err != nil:
		return err
	case len(confirmed) > 0:
		return ErrConfirmed
	}
	return &OrphanError{missing}
}

// checkSpending decides whether c may spend its coins in the next block, apart from the
// signatures, and computes its fee.
func (p *Pool) checkSpending(v View, tip *consensus.State, c *candidate) error {
	spent, fee, err := consensus.CheckTxInputs(*tip, c.Tx, c.coins)
	if errors.Is(err, consensus.BadNonFinal) { // the lock time was checked before, so this is BIP68
		return fmt.Errorf("%w (%s)", RejectNonBIP68Final, err)
	}
	if err != nil {
		return err
	}
	c.Fee, c.spent = fee, spent
	for i := range spent { // Core: AreInputsStandard
		if kind := block.KindOf(spent[i].Script); kind != block.KindPubKeyHash {
			return fmt.Errorf("input %d: %w: spends a %s output", i, RejectInputs, kind)
		}
	}
	if c.SigOps = v.Verifier().SigOps(c.Tx, consensus.Outputs(spent)); c.SigOps > MaxTxSigOps {
		return fmt.Errorf("%w: %d, at most %d", RejectSigOps, c.SigOps, MaxTxSigOps)
	}
	return nil
}

func (p *Pool) checkFee(c *candidate, minFee block.Amount) error {
	fee := c.Modified()
	if least := feeFor(p.policy.MinRelay, c.Size); fee < least {
		return fmt.Errorf("%w: %d < %d", RejectMinRelay, fee, least)
	}
	if least := feeFor(minFee, c.Size); fee < least {
		return fmt.Errorf("%w: %d < %d", RejectMinPool, fee, least)
	}
	return nil
}

// checkChain rejects c if it would make a chain of unconfirmed transactions too long (Core:
// CalculateMemPoolAncestors). Transactions that c replaces do not count.
func (p *Pool) checkChain(c *candidate) error {
	above := p.above(c.parents...)
	sum := c.alone()
	gone := make(map[*entry]Sum) // for each ancestor, the descendants that c replaces
	if len(c.conflicts) > 0 {
		for _, d := range p.below(c.conflicts...) {
			for _, a := range p.walk(d.parents, up) {
				gone[a] = gone[a].plus(d.alone())
			}
		}
	}
	for _, a := range above {
		sum = sum.plus(a.alone())
		d := a.Descendants.plus(c.alone()).minus(gone[a])
		if d.Count > p.policy.MaxDescendants || d.Size > p.policy.MaxDescendantBytes {
			return fmt.Errorf("%w: %s would have %d descendants of %d bytes, at most %d of %d",
				RejectChain, a.ID, d.Count, d.Size, p.policy.MaxDescendants, p.policy.MaxDescendantBytes)
		}
	}
	if sum.Count > p.policy.MaxAncestors || sum.Size > p.policy.MaxAncestorBytes {
		return fmt.Errorf("%w: %d ancestors of %d bytes, at most %d of %d",
			RejectChain, sum.Count, sum.Size, p.policy.MaxAncestors, p.policy.MaxAncestorBytes)
	}
	return nil
}

// findConflicts finds the entries that spend a coin of c. Of two transactions that spend the
// same coin the first seen stays, unless it signals replaceability: by a sequence of at most
// MaxReplaceable in one of its inputs, or in an input of an ancestor in the pool (BIP125 rule
// 1).
func (p *Pool) findConflicts(c *candidate) error {
	for i := range c.Tx.Inputs {
		e := p.spender[c.Tx.Inputs[i].Prev]
		if e == nil || slices.Contains(c.conflicts, e) {
			continue
		}
		if !p.policy.FullRBF && !p.replaceable(e) {
			return fmt.Errorf("input %d: %w: %s is spent by %s", i, RejectConflict, c.Tx.Inputs[i].Prev, e.ID)
		}
		c.conflicts = append(c.conflicts, e)
	}
	return nil
}

// checkReplacement decides whether c may replace the transactions that it conflicts with
// (BIP125 rules 2 to 5, and rule 6 of Core's policy/rbf.cpp).
func (p *Pool) checkReplacement(c *candidate) error {
	if len(c.conflicts) == 0 {
		return nil
	}
	for _, a := range p.above(c.parents...) {
		if slices.Contains(c.conflicts, a) {
			return fmt.Errorf("%w: it spends an output of %s and replaces it", RejectSpendsConflict, a.ID)
		}
	}
	count := 0
	for _, e := range c.conflicts {
		if c.alone().cmpRate(e.alone()) <= 0 {
			return fmt.Errorf("%w: %d per 1000 bytes, %s pays %d", RejectReplaceFee, c.alone().rate(), e.ID, e.alone().rate())
		}
		count += e.Descendants.Count
	}
	if count > p.policy.MaxReplaced {
		return fmt.Errorf("%w: %d, at most %d", RejectReplaceMany, count, p.policy.MaxReplaced)
	}
	for _, parent := range c.parents { // otherwise c could be worth less to a miner
		if !slices.ContainsFunc(c.conflicts, func(e *entry) bool { return slices.Contains(e.parents, parent) }) {
			return fmt.Errorf("%w: %s", RejectReplaceNew, parent.ID)
		}
	}
	var before block.Amount
	for _, e := range p.below(c.conflicts...) {
		before += e.Modified()
	}
	if least := before + feeFor(p.policy.Incremental, c.Size); c.Modified() < least {
		return fmt.Errorf("%w: %d, but those that it replaces pay %d, and with its own relay it must pay at least %d",
			RejectReplaceFee, c.Modified(), before, least)
	}
	return nil
}
