package mempool

import (
	"fmt"
	"slices"

	"toychain/block"
)

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
	if err := p.checkNewParents(c); err != nil {
		return err
	}
	var before block.Amount
	for _, e := range p.below(c.conflicts...) {
		before += e.Fee
	}
	if least := before + feeFor(p.policy.Incremental, c.Size); c.Fee < least {
		return fmt.Errorf("%w: %d, but those that it replaces pay %d, and with its own relay it must pay at least %d",
			RejectReplaceFee, c.Fee, before, least)
	}
	return nil
}

// checkNewParents rejects c if one of its unconfirmed parents is not a parent of a transaction
// that it replaces. Otherwise c could be worth less to a miner.
func (p *Pool) checkNewParents(c *candidate) error {
	var known []*entry
	for _, e := range c.conflicts {
		known = append(known, e.parents...)
	}
	for _, parent := range c.parents {
		if !slices.Contains(known, parent) {
			return fmt.Errorf("%w: %s", RejectReplaceNew, parent.ID)
		}
	}
	return nil
}
