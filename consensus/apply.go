package consensus

import (
	"fmt"
	"slices"

	"toychain/block"
)

// Needs returns the outpoints that the caller of ApplyBlock must look up before block b
// can be validated after s: those that its inputs spend and, where BIP30 is enforced,
// those that its outputs would overwrite. Coins created in the block itself are left out.
func Needs(s State, b Block) []block.Outpoint {
	own := make(map[block.Hash]struct{}, len(b.IDs))
	for _, id := range b.IDs {
		own[id] = struct{}{}
	}
	var out []block.Outpoint
	for _, tx := range b.Txs[min(1, len(b.Txs)):] {
		for i := range tx.Inputs {
			if _, ok := own[tx.Inputs[i].Prev.TxID]; !ok {
				out = append(out, tx.Inputs[i].Prev)
			}
		}
	}
	if s.Params.bip30(s.Height + 1) {
		for _, c := range created(s, b) {
			out = append(out, c.Outpoint)
		}
	}
	return out
}

// ApplyBlock validates block b as the successor of s and returns the state after it and
// what it does to the coin set. coins are those of the outpoints that it [Needs] which are
// unspent after s; v checks the signatures. It reads no clock and no disk and changes
// nothing. The error wraps a [Rule], or is [ErrNoParent] if b builds on another block.
//
// The order is Core's: first what is cheap for us to verify and expensive for an attacker
// to fake, signatures last.
func ApplyBlock(s State, b Block, coins Coins, v Verifier) (State, Delta, error) {
	if err := CheckWork(s.Params, &b.Header); err != nil {
		return State{}, Delta{}, err
	}
	return ApplyUnmined(s, b, coins, v)
}

// ApplyUnmined is ApplyBlock without the proof of work: a miner calls it on a template
// before it spends hours on the nonce, and getblocktemplate on a proposal.
func ApplyUnmined(s State, b Block, coins Coins, v Verifier) (State, Delta, error) {
	next, err := s.ApplyHeader(&b.Header)
	if err != nil {
		return State{}, Delta{}, err
	}
	if err := CheckBody(b); err != nil {
		return State{}, Delta{}, err
	}
	if err := CheckContext(&s, b.Block); err != nil {
		return State{}, Delta{}, err
	}
	delta, err := connect(s, b, coins, v)
	if err != nil {
		return State{}, Delta{}, err
	}
	return next, delta, nil
}

// connect spends and creates coins, transaction by transaction, and then checks all
// signatures at once (Core: ConnectBlock). A transaction may spend what an earlier one
// of the same block created, so the order within the block matters.
func connect(s State, b Block, coins Coins, sigs Verifier) (Delta, error) {
	delta := Delta{Created: created(s, b), Spent: make([]UTXO, 0, len(coins))}
	if err := checkBIP30(&s, delta.Created, coins); err != nil {
		return Delta{}, err
	}
	view := newCoinView(coins, len(delta.Created))
	spenders := make([]Spender, 0, len(b.Txs))
	unborn := delta.Created // coins of the transactions that are still to come
	var fees block.Amount
	sigops := 0
	for i, tx := range b.Txs {
		var spent []Coin
		if i > 0 {
			var fee block.Amount
			var err error
			spent, fee, err = spendInputs(&s, tx, view.spend)
			if err != nil {
				return Delta{}, fmt.Errorf("tx %d: %w", i, err)
			}
			fees += fee
			if !fees.Valid() {
				return Delta{}, fmt.Errorf("tx %d: %w: all fees so far %s", i, BadFeeRange, fees)
			}
			for j := range spent {
				delta.Spent = append(delta.Spent, UTXO{tx.Inputs[j].Prev, spent[j]})
			}
			spenders = append(spenders, Spender{i, b.IDs[i], tx, spent})
		}
		sigops += sigs.SigOps(tx, Outputs(spent))
		if sigops > MaxSigOps {
			return Delta{}, fmt.Errorf("tx %d: %w: %d so far, at most %d", i, BadSigOps, sigops, MaxSigOps)
		}
		for len(unborn) > 0 && unborn[0].TxID == b.IDs[i] {
			view.create(&unborn[0])
			unborn = unborn[1:]
		}
	}
	if err := checkReward(&s, b.Txs[0], fees); err != nil {
		return Delta{}, err
	}
	return delta, sigs.Verify(spenders)
}

// checkBIP30 rejects a block that would overwrite an unspent coin by creating another
// under the same outpoint. Two coinbases with the same bytes have the same txid; since
// BIP34 the height in them keeps them apart.
func checkBIP30(s *State, made []UTXO, coins Coins) error {
	if !s.Params.bip30(s.Height + 1) {
		return nil
	}
	for _, c := range made {
		if _, exists := coins[c.Outpoint]; exists {
			return fmt.Errorf("%w: %s is unspent", BadBIP30, c.Outpoint)
		}
	}
	return nil
}

// coinView is the coin set in the middle of a block.
type coinView struct {
	before  Coins // the block's
	spent   map[block.Outpoint]struct{}
	created map[block.Outpoint]*Coin
}

func newCoinView(before Coins, created int) coinView {
	return coinView{before, make(map[block.Outpoint]struct{}, len(before)), make(map[block.Outpoint]*Coin, created)}
}

func (v *coinView) create(c *UTXO) { v.created[c.Outpoint] = &c.Coin }

// spend removes a coin from the view and returns it; nil if it is not there.
func (v *coinView) spend(o block.Outpoint) *Coin {
	if _, gone := v.spent[o]; gone {
		return nil
	}
	coin := v.before[o]
	if coin == nil {
		coin = v.created[o]
	}
	if coin != nil {
		v.spent[o] = struct{}{}
	}
	return coin
}

// spendInputs checks everything about tx's inputs in the block after s except the
// signatures. It returns the coins in the order of the inputs, and the fee: what the
// inputs hold and the outputs do not (Core: Consensus::CheckTxInputs, SequenceLocks).
func spendInputs(s *State, tx *block.Tx, spend func(block.Outpoint) *Coin) ([]Coin, block.Amount, error) {
	spent := make([]Coin, len(tx.Inputs))
	var in, out block.Amount
	for i := range tx.Inputs {
		coin := spend(tx.Inputs[i].Prev)
		if coin == nil {
			return nil, 0, fmt.Errorf("input %d: %w: %s", i, BadMissingOrSpent, tx.Inputs[i].Prev)
		}
		depth := s.Height + 1 - coin.Height
		if coin.Coinbase && depth < s.Params.Maturity {
			return nil, 0, fmt.Errorf("input %d: %w: at depth %d, wants %d", i, BadPremature, depth, s.Params.Maturity)
		}
		in += coin.Value
		if !coin.Value.Valid() || !in.Valid() {
			return nil, 0, fmt.Errorf("input %d: %w: %s, all so far %s", i, BadInputValues, coin.Value, in)
		}
		spent[i] = *coin
	}
	for i := range tx.Outputs {
		out += tx.Outputs[i].Value // the sum is in range, see CheckTx
	}
	if in < out {
		return nil, 0, fmt.Errorf("%w: spends %s, has %s", BadInBelowOut, out, in)
	}
	for i := range spent {
		if err := checkSequence(s, tx, i, &spent[i]); err != nil {
			return nil, 0, err
		}
	}
	return spent, in - out, nil
}

// CheckTxInputs checks whether tx could be in the block after s, except for its signatures.
// coins are those that it spends. It returns them in the order of the inputs, and the fee.
// Together with [CheckTx], which must come first, and [Verifier.Verify] it is what
// ApplyBlock demands of each transaction but the coinbase: the mempool's use of the rules.
func CheckTxInputs(s State, tx *block.Tx, coins Coins) ([]Coin, block.Amount, error) {
	if !IsFinal(tx, s.Height+1, s.MedianTime()) {
		return nil, 0, fmt.Errorf("%w: lock time %d", BadNonFinal, tx.LockTime)
	}
	return spendInputs(&s, tx, func(o block.Outpoint) *Coin { return coins[o] })
}

// checkReward rejects a coinbase that pays more than the subsidy and the block's fees.
// It may pay less; what it does not pay is lost.
func checkReward(s *State, coinbase *block.Tx, fees block.Amount) error {
	var out block.Amount
	for i := range coinbase.Outputs {
		out += coinbase.Outputs[i].Value
	}
	if most := s.Params.SubsidyAt(s.Height+1) + fees; out > most {
		return fmt.Errorf("%w: pays %s, reward and fees are %s", BadCoinbaseAmount, out, most)
	}
	return nil
}

// Outputs returns what the coins hold, in the same order.
func Outputs(coins []Coin) []block.Output {
	out := make([]block.Output, len(coins))
	for i := range coins {
		out[i] = coins[i].Output
	}
	return slices.Clip(out)
}
