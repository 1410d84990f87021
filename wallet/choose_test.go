package wallet

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"toychain/block"
)

// coinsOf returns spendable coins of these values, in coins' smallest units.
func coinsOf(values ...block.Amount) []Coin {
	out, script := make([]Coin, len(values)), addressOf(1).Script()
	for i, v := range values {
		out[i] = Coin{Outpoint: block.Outpoint{TxID: block.Hash{0xc0}, Index: uint32(i)}, Value: v,
			Script: script, Height: 1, Spendable: true}
	}
	return out
}

func indexes(coins []Coin) (out []int) {
	for _, c := range coins {
		out = append(out, int(c.Outpoint.Index))
	}
	return out
}

// At a fee rate of 1000 for 1000 bytes a byte costs one: a transaction of one input and
// one output 192, each further input 148, each further output 34.
func TestChoose(t *testing.T) {
	for _, v := range []struct {
		name   string
		values []block.Amount
		pay    []block.Amount
		want   []int // the inputs
		change block.Amount
		fee    block.Amount
	}{
		{"one coin, to the unit", []block.Amount{90_000, 50_192, 70_000}, []block.Amount{50_000}, []int{1}, 0, 192},
		{"two coins, to the unit", []block.Amount{90_000, 30_170, 20_170, 70_000}, []block.Amount{50_000}, []int{1, 2}, 0, 340},
		{"less than dust is left", []block.Amount{90_000, 50_300}, []block.Amount{50_000}, []int{1}, 0, 300},
		{"just not enough for change: 192 + 34 + 546 - 1", []block.Amount{50_771}, []block.Amount{50_000}, []int{0}, 0, 771},
		{"just enough for change", []block.Amount{50_772}, []block.Amount{50_000}, []int{0}, 546, 226},
		{"of three matches the one that loses least", []block.Amount{50_400, 50_195, 50_300}, []block.Amount{50_000}, []int{1}, 0, 195},
		{"smallest single coin", []block.Amount{90_000, 60_000, 70_000, 1_000}, []block.Amount{50_000}, []int{1}, 9_774, 226},
		{"of equals the first", []block.Amount{90_000, 60_000, 60_000}, []block.Amount{50_000}, []int{1}, 9_774, 226},
		{"largest first", []block.Amount{10_000, 30_000, 20_000, 29_000}, []block.Amount{50_000}, []int{1, 3}, 8_626, 374},
		{"two payments", []block.Amount{100_000}, []block.Amount{20_000, 30_000}, []int{0}, 49_740, 260},
		{"a coin not worth its fee stays", []block.Amount{148, 30_000, 26_000, 100}, []block.Amount{50_000}, []int{1, 2}, 5_626, 374},
	} {
		t.Run(v.name, func(t *testing.T) {
			r := Request{Coins: coinsOf(v.values...), Change: addressOf(9), FeeRate: 1000, Dust: 546}
			for i, value := range v.pay {
				r.Pay = append(r.Pay, Payment{To: addressOf(byte(2 + i)), Value: value})
			}
			s, err := Choose(r)
			if err != nil {
				t.Fatal(err)
			}
			if got := indexes(s.Coins); !slices.Equal(got, v.want) {
				t.Errorf("inputs %v, want %v", got, v.want)
			}
			if s.Fee != v.fee {
				t.Errorf("fee %d, want %d", s.Fee, v.fee)
			}
			for i, value := range v.pay {
				if to, _ := AddressOf(s.Outputs[i].Script); s.Outputs[i].Value != value || to != addressOf(byte(2+i)) {
					t.Errorf("output %d is not payment %d", i, i)
				}
			}
			if v.change == 0 && (s.Change != -1 || len(s.Outputs) != len(v.pay)) {
				t.Errorf("change at %d, want none", s.Change)
			}
			if v.change > 0 {
				if s.Change != len(v.pay) || s.Outputs[s.Change].Value != v.change {
					t.Fatalf("change at %d of %v, want %d", s.Change, s.Outputs, v.change)
				}
				if to, _ := AddressOf(s.Outputs[s.Change].Script); to != addressOf(9) {
					t.Error("change goes elsewhere")
				}
			}
		})
	}
}

func TestChooseAll(t *testing.T) {
	coins := coinsOf(50_000, 100, 70_000, 90_000)
	coins[3].Spendable = false
	r := Request{Coins: coins, Pay: []Payment{{To: addressOf(2)}}, FeeRate: 1000, Dust: 546, All: true}
	s, err := Choose(r)
	if err != nil {
		t.Fatal(err)
	}
	// 192 for one input and 148 for the second; the coin of 100 would cost more than it brings.
	if got := indexes(s.Coins); !slices.Equal(got, []int{2, 0}) || s.Fee != 340 || len(s.Outputs) != 1 || s.Outputs[0].Value != 120_000-340 {
		t.Errorf("inputs %v, fee %d, outputs %v", got, s.Fee, s.Outputs)
	}
	r.From = []block.Outpoint{coins[0].Outpoint}
	if s, err = Choose(r); err != nil || s.Outputs[0].Value != 50_000-192 || len(s.Coins) != 1 {
		t.Errorf("all of one coin: %v, %v", s.Outputs, err)
	}
	r.From, r.Coins = nil, coins[1:2]
	var short *TooLittle
	if _, err = Choose(r); !errors.As(err, &short) || short.Uneconomic != 100 || short.Need != 192+546 {
		t.Errorf("only uneconomic coins: %+v", err)
	}
}

func TestChooseNamedCoins(t *testing.T) {
	coins := coinsOf(60_000, 70_000, 80_000)
	coins[2].Spendable = false
	r := Request{Coins: coins, Pay: []Payment{{addressOf(2), 50_000}}, Change: addressOf(9), FeeRate: 1000, Dust: 546,
		From: []block.Outpoint{coins[1].Outpoint, coins[0].Outpoint}}
	s, err := Choose(r)
	if err != nil {
		t.Fatal(err)
	}
	if got := indexes(s.Coins); !slices.Equal(got, []int{1, 0}) { // both, although one would do
		t.Errorf("inputs %v", got)
	}
	for _, v := range []struct {
		from []block.Outpoint
		says string
	}{
		{[]block.Outpoint{}, "no coin chosen"},
		{[]block.Outpoint{{TxID: block.Hash{0xc0}, Index: 3}}, "not a coin of this wallet"},
		{[]block.Outpoint{coins[2].Outpoint}, "cannot be spent yet"},
		{[]block.Outpoint{coins[0].Outpoint, coins[0].Outpoint}, "chosen twice"},
	} {
		r.From = v.from
		_, err := Choose(r)
		wantError(t, err, v.says)
	}
	r.From, r.Pay[0].Value = []block.Outpoint{coins[0].Outpoint}, 59_900
	_, err = Choose(r)
	wantError(t, err, "not enough money: the chosen coins contain 0.0006, need 0.00060092 including a fee of 0.00000192")
}

func TestChooseDataAndReplaceable(t *testing.T) {
	r := Request{Coins: coinsOf(60_000), Change: addressOf(9), FeeRate: 1000, Dust: 546,
		Data: []byte("hello"), Replaceable: true}
	s, err := Choose(r)
	if err != nil {
		t.Fatal(err)
	}
	if data, ok := block.Data(s.Outputs[0].Script); !ok || string(data) != "hello" || s.Outputs[0].Value != 0 || s.Change != 1 {
		t.Errorf("outputs %v", s.Outputs)
	}
	tx := s.Tx()
	if tx.Inputs[0].Sequence != 0xfffffffd || tx.Version != 2 || tx.LockTime != 0 {
		t.Errorf("sequence %x, version %d, lock time %d", tx.Inputs[0].Sequence, tx.Version, tx.LockTime)
	}
	r.Replaceable = false
	if s, err = Choose(r); err != nil || s.Tx().Inputs[0].Sequence != 0xffffffff {
		t.Errorf("final: %v", err)
	}
	r.Data = make([]byte, 81)
	_, err = Choose(r)
	wantError(t, err, "81 bytes, at most 80")
}

func TestTooLittle(t *testing.T) {
	coins := coinsOf(3*block.Coin, 50*block.Coin, 2*block.Coin, block.Coin)
	coins[1].Coinbase, coins[1].Spendable = true, false
	coins[2].Height, coins[2].Spendable = -1, false
	coins[3].Spendable = false
	_, err := Choose(Request{Coins: coins, Pay: []Payment{{addressOf(2), 10 * block.Coin}}, FeeRate: 1000})
	wantError(t, err, "not enough money: have 3 spendable (50 more not mature yet, 2 more unconfirmed, "+
		"1 more reserved by a pending payment), need 10.00000192 including a fee of 0.00000192")
	var short *TooLittle
	if !errors.As(err, &short) || short.Immature != 50*block.Coin || short.Need != 10*block.Coin+192 {
		t.Errorf("%+v", short)
	}
	_, err = Choose(Request{Pay: []Payment{{addressOf(2), block.Coin}}, FeeRate: 1000})
	wantError(t, err, "have 0 spendable, need 1.00000192")
}

func TestChooseRefuses(t *testing.T) {
	good := func() Request {
		return Request{Coins: coinsOf(60_000, 70_000), Pay: []Payment{{addressOf(2), 50_000}}, Change: addressOf(9), FeeRate: 1000, Dust: 546}
	}
	if _, err := Choose(good()); err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		name string
		edit func(r *Request)
		says string
	}{
		{"negative fee rate", func(r *Request) { r.FeeRate = -1 }, "fee rate"},
		{"absurd fee rate", func(r *Request) { r.FeeRate = 100_000_001 }, "fee rate"},
		{"negative dust", func(r *Request) { r.Dust = -1 }, "dust limit"},
		{"nothing to pay", func(r *Request) { r.Pay = nil }, "nothing to pay"},
		{"pay nothing", func(r *Request) { r.Pay[0].Value = 0 }, "payment 0: cannot pay 0"},
		{"pay less than nothing", func(r *Request) { r.Pay[0].Value = -1 }, "cannot pay -0.00000001"},
		{"pay more than there is", func(r *Request) { r.Pay[0].Value = 21_000_000*block.Coin + 1 }, "cannot pay"},
		{"pay more than there is in two", func(r *Request) {
			r.Pay = []Payment{{addressOf(2), 21_000_000 * block.Coin}, {addressOf(3), 1000}}
		}, "payment 1: the sum"},
		{"dust", func(r *Request) { r.Pay[0].Value = 545 }, "is dust"},
		{"all and an amount", func(r *Request) { r.All = true }, "no amount"},
		{"all to nobody", func(r *Request) { r.All, r.Pay = true, nil }, "one address"},
		{"a coin twice", func(r *Request) { r.Coins = append(r.Coins, r.Coins[0]) }, "listed twice"},
		{"a coin that cannot be signed", func(r *Request) { r.Coins[0].Script = []byte{0x51} }, "nonstandard"},
		{"a negative coin", func(r *Request) { r.Coins[0].Value = -1 }, "is out of range"},
		{"too many coins", func(r *Request) { r.Coins[0].Value = 21_000_000 * block.Coin }, "is out of range"},
		{"a transaction too large", func(r *Request) {
			r.Coins = coinsOf(slices.Repeat([]block.Amount{60_000}, 700)...)
			r.Pay = []Payment{{To: addressOf(2)}}
			r.All = true
		}, "700 coins make a transaction of 103646 bytes"},
	} {
		t.Run(v.name, func(t *testing.T) {
			r := good()
			v.edit(&r)
			_, err := Choose(r)
			wantError(t, err, v.says)
		})
	}
}

// What tooLarge advises must work.
func TestTooLargeAdvice(t *testing.T) {
	coins := coinsOf(slices.Repeat([]block.Amount{60_000}, 700)...)
	r := Request{Coins: coins, Pay: []Payment{{To: addressOf(2)}}, FeeRate: 1000, All: true}
	_, err := Choose(r)
	wantError(t, err, "the first 675 coins contain 0.405")
	r.Coins = coins[:675]
	if s, err := Choose(r); err != nil || s.Size > 100_000 {
		t.Errorf("size %d, %v", s.Size, err)
	}
	r.Coins = coins[:676]
	if _, err := Choose(r); err == nil {
		t.Error("676 coins fit too; the advice is too careful")
	}
}

// Whatever the wallet holds and pays: nothing is lost, nothing is taken twice, nothing
// that may not be spent is spent, and the fee is what was asked for.
func TestChooseProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := drawRequest(rt)
		coins := slices.Clone(r.Coins)
		s, err := Choose(r)
		again, err2 := Choose(r)
		if (err == nil) != (err2 == nil) || err == nil && s.Tx().ID() != again.Tx().ID() {
			rt.Fatal("two answers to one question")
		}
		if !slices.EqualFunc(coins, r.Coins, func(a, b Coin) bool { return a.Outpoint == b.Outpoint }) {
			rt.Fatal("the caller's coins were rearranged")
		}
		if err != nil {
			checkRefusal(rt, r, err)
			return
		}
		tx := s.Tx()
		var in, out block.Amount
		seen := map[block.Outpoint]bool{}
		for i, c := range s.Coins {
			if !c.Spendable || seen[c.Outpoint] || tx.Inputs[i].Prev != c.Outpoint {
				rt.Fatalf("input %d: coin %s: spendable %t, seen %t", i, c.Outpoint, c.Spendable, seen[c.Outpoint])
			}
			seen[c.Outpoint] = true
			in += c.Value
		}
		for i, o := range tx.Outputs {
			if out += o.Value; o.Value < r.Dust && block.KindOf(o.Script) != block.KindData {
				rt.Fatalf("output %d: %d is dust", i, o.Value)
			}
		}
		if in-out != s.Fee {
			rt.Fatalf("inputs %d less outputs %d is not the fee %d", in, out, s.Fee)
		}
		if err := Sign(tx, s.Spent(), keysOf(1)); err != nil {
			rt.Fatal(err)
		}
		// A signature is up to three bytes shorter, one in millions more than that.
		if size := tx.Size(); size > s.Size || size < s.Size-3*len(s.Coins)-8 {
			rt.Fatalf("signed size %d, predicted at most %d", size, s.Size)
		}
		if s.Fee*1000 < r.FeeRate*block.Amount(tx.Size()) {
			rt.Fatalf("fee %d for %d bytes is below the rate %d", s.Fee, tx.Size(), r.FeeRate)
		}
		// Never more than rounding, and the change that was too small to make.
		if most := r.FeeRate*block.Amount(s.Size+outputSize+2)/1000 + 1 + max(r.Dust, 1); s.Fee > most {
			rt.Fatalf("fee %d, at most %d was to be paid", s.Fee, most)
		}
	})
}

// checkRefusal holds a refusal against counting: the money must really be too little.
func checkRefusal(rt *rapid.T, r Request, err error) {
	var short *TooLittle
	if !errors.As(err, &short) {
		rt.Fatalf("refused: %v", err)
	}
	var spendable, pay block.Amount
	n := 0
	for _, c := range r.Coins {
		if c.Spendable && 1000*c.Value > 148*r.FeeRate {
			spendable += c.Value
			n++
		}
	}
	for _, p := range r.Pay {
		pay += p.Value
	}
	if r.All {
		pay = max(r.Dust, 1)
	}
	bytes := block.Amount(4+1+148*n+1+34*len(r.Pay)+4) + 93 // a data carrier at most
	if spendable >= pay+(r.FeeRate*bytes)/1000+1 {
		rt.Fatalf("%d is enough for %d: %v", spendable, pay, err)
	}
	if short.Need <= short.Spendable {
		rt.Fatalf("says it has %d and needs %d", short.Spendable, short.Need)
	}
}

func drawRequest(rt *rapid.T) Request {
	small := rapid.Int64Range(0, 3000)
	value := rapid.OneOf(small, rapid.Int64Range(0, 10*int64(block.Coin)), rapid.SampledFrom([]int64{50_000, 50_000, 100_000}))
	r := Request{Change: addressOf(9),
		FeeRate: block.Amount(rapid.OneOf(rapid.SampledFrom([]int64{0, 1, 1000}), small).Draw(rt, "rate")),
		Dust:    block.Amount(rapid.SampledFrom([]int64{0, 1, 546, 5000}).Draw(rt, "dust"))}
	r.Coins = coinsOf(make([]block.Amount, rapid.IntRange(0, 12).Draw(rt, "coins"))...)
	for i := range r.Coins {
		r.Coins[i].Value = block.Amount(value.Draw(rt, "value"))
		r.Coins[i].Spendable = rapid.IntRange(0, 3).Draw(rt, "spendable") > 0
	}
	if r.All = rapid.IntRange(0, 5).Draw(rt, "all") == 0; r.All {
		r.Pay = []Payment{{To: addressOf(2)}}
	} else {
		for range rapid.IntRange(1, 3).Draw(rt, "payments") {
			r.Pay = append(r.Pay, Payment{addressOf(3), max(1, r.Dust, block.Amount(value.Draw(rt, "pay")))})
		}
	}
	if rapid.Bool().Draw(rt, "with data") {
		r.Data = rapid.SliceOfN(rapid.Byte(), 0, 80).Draw(rt, "data")
	}
	return r
}

// The search is held against trying every subset: when an exact match exists, it is
// found, and no other loses less.
func TestExactAgainstAllSubsets(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := drawRequest(rt)
		r.All, r.Data = false, nil
		// Pay what some of the coins hold, less a little: around that, matches are.
		var pay block.Amount
		for _, c := range r.Coins {
			if rapid.Bool().Draw(rt, "aim at") {
				pay += c.Value - 148*r.FeeRate/1000
			}
		}
		pay -= block.Amount(rapid.Int64Range(0, 1500).Draw(rt, "less"))
		r.Pay = []Payment{{addressOf(3), max(1, r.Dust, pay)}}
		p, err := r.plan()
		if err != nil {
			rt.Fatal(err)
		}
		least := block.Amount(-1)
		for set := 1; set < 1<<len(p.usable); set++ {
			n, sum := 0, block.Amount(0)
			for i, c := range p.usable {
				if set>>i&1 == 1 {
					n, sum = n+1, sum+c.Value
				}
			}
			left := sum - r.Pay[0].Value - (r.FeeRate*block.Amount(10+34+148*n)+999)/1000
			change := sum - r.Pay[0].Value - (r.FeeRate*block.Amount(10+68+148*n)+999)/1000
			if left >= 0 && change < max(r.Dust, 1) && (least < 0 || sum < least) {
				least = sum
			}
		}
		got := block.Amount(-1)
		if coins := p.exact(); coins != nil {
			got = sumOf(coins)
		}
		if got != least {
			rt.Fatalf("found a match of %d, the best is %d", got, least)
		}
	})
}

// Many coins without a match must not take for ever: without maxTries this test does.
func TestChooseIsBounded(t *testing.T) {
	coins := make([]block.Amount, 5000)
	for i := range coins {
		coins[i] = block.Amount(1_000_000 + 2*i) // even, so no odd sum is reached without a remainder
	}
	s, err := Choose(Request{Coins: coinsOf(coins...), Pay: []Payment{{addressOf(2), 300_000_001}}, Change: addressOf(9)})
	if err != nil || s.Change < 0 {
		t.Fatalf("change at %d, %v", s.Change, err)
	}
}
