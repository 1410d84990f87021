package consensus

import (
	"fmt"
	"slices"

	"toychain/block"
)

// Needs returns the outpoints that must be looked up before ApplyBlock can judge
// block b on top of s: what its inputs spend and, where BIP30 is enforced, what
// its outputs would overwrite. Coins made in the block itself are left out.
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

// ApplyBlock is the one judge of blocks. It decides whether b may follow s, given
// the coins that it Needs, and returns the state after it and what it does to the
// coin set. It reads no clock and no disk and changes nothing: the same values
// give the same answer. The error wraps a Rule (or is ErrNoParent if b builds on
// another block).
func ApplyBlock(s State, b Block, coins Coins, v Verifier) (State, Delta, error) {
	if err := CheckWork(s.Params, &b.Header); err != nil {
		return State{}, Delta{}, err
	}
	return ApplyUnmined(s, b, coins, v)
}

// ApplyUnmined is ApplyBlock before the proof of work: what a miner asks of a
// block that it is about to search a nonce for.
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

// connect spends and makes coins, transaction by transaction, and at last checks
// all the signatures at once (Core: ConnectBlock).
func connect(s State, b Block, coins Coins, sigs Verifier) (Delta, error) {
	delta := Delta{Created: created(s, b)}
	if s.Params.bip30(s.Height + 1) {
		for _, c := range delta.Created {
			if _, there := coins[c.Outpoint]; there {
				return Delta{}, fmt.Errorf("%w: %s is unspent", BadBIP30, c.Outpoint)
			}
		}
	}
	v := view{coins: coins, spent: make(map[block.Outpoint]struct{}, len(coins)), made: make(map[block.Outpoint]*Coin, len(delta.Created))}
	made := delta.Created
	var fees block.Amount
	spenders := make([]Spender, 0, len(b.Txs))
	delta.Spent = make([]UTXO, 0, len(coins))
	sigops := 0
	for i, tx := range b.Txs {
		var spent []Coin
		if i > 0 {
			var fee block.Amount
			var err error
			if spent, fee, err = spendInputs(&s, tx, v.take); err != nil {
				return Delta{}, fmt.Errorf("tx %d: %w", i, err)
			}
			if fees += fee; !fees.Valid() {
				return Delta{}, fmt.Errorf("tx %d: %w: all fees so far %s", i, BadFeeRange, fees)
			}
			for j := range spent {
				delta.Spent = append(delta.Spent, UTXO{tx.Inputs[j].Prev, spent[j]})
			}
			spenders = append(spenders, Spender{i, b.IDs[i], tx, spent})
		}
		if sigops += sigs.SigOps(tx, Outputs(spent)); sigops > MaxSigOps {
			return Delta{}, fmt.Errorf("tx %d: %w: %d so far, at most %d", i, BadSigOps, sigops, MaxSigOps)
		}
		for ; len(made) > 0 && made[0].TxID == b.IDs[i]; made = made[1:] {
			v.made[made[0].Outpoint] = &made[0].Coin
		}
	}
	if err := checkReward(&s, b.Txs[0], fees); err != nil {
		return Delta{}, err
	}
	return delta, sigs.Verify(spenders)
}

// view is the coin set in the middle of a block.
type view struct {
	coins Coins                       // before the block
	spent map[block.Outpoint]struct{} // by it, so far
	made  map[block.Outpoint]*Coin    // by it, so far
}

// take spends a coin if it is there.
func (v *view) take(o block.Outpoint) (Coin, bool) {
	if _, gone := v.spent[o]; gone {
		return Coin{}, false
	}
	coin, ok := v.coins[o]
	if !ok {
		made, here := v.made[o]
		if !here {
			return Coin{}, false
		}
		coin = *made
	}
	v.spent[o] = struct{}{}
	return coin, true
}

// spendInputs decides whether tx may spend its inputs in the block after s, but
// for the signatures, and returns the coins in the order of its inputs and the
// fee (Core: Consensus::CheckTxInputs and SequenceLocks).
func spendInputs(s *State, tx *block.Tx, take func(block.Outpoint) (Coin, bool)) ([]Coin, block.Amount, error) {
	spent := make([]Coin, len(tx.Inputs))
	var in, out block.Amount
	for i := range tx.Inputs {
		coin, ok := take(tx.Inputs[i].Prev)
		if !ok {
			return nil, 0, fmt.Errorf("input %d: %w: %s", i, BadMissingOrSpent, tx.Inputs[i].Prev)
		}
		if depth := s.Height + 1 - coin.Height; coin.Coinbase && depth < s.Params.Maturity {
			return nil, 0, fmt.Errorf("input %d: %w: at depth %d, wants %d", i, BadPremature, depth, s.Params.Maturity)
		}
		if in += coin.Value; !coin.Value.Valid() || !in.Valid() {
			return nil, 0, fmt.Errorf("input %d: %w: %s, all so far %s", i, BadInputValues, coin.Value, in)
		}
		spent[i] = coin
	}
	for i := range tx.Outputs {
		out += tx.Outputs[i].Value // in range: CheckTx
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

// CheckPayment decides whether tx could be in the block after s, given the coins
// it spends, but for the signatures: see CheckSignatures. Together with CheckTx,
// which must come first, they are what ApplyBlock demands of each payment. It
// returns the coins in the order of the inputs, and the fee.
func CheckPayment(s State, tx *block.Tx, coins Coins) ([]Coin, block.Amount, error) {
	if !IsFinal(tx, s.Height+1, s.MedianTime()) {
		return nil, 0, fmt.Errorf("%w: lock time %d", BadNonFinal, tx.LockTime)
	}
	return spendInputs(&s, tx, func(o block.Outpoint) (Coin, bool) { c, ok := coins[o]; return c, ok })
}

// checkReward decides whether the coinbase takes no more than it may.
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
