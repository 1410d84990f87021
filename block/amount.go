package block

import (
	"fmt"
	"strconv"
	"strings"
)

// Amount is money in the smallest unit (a satoshi); 100,000,000 of them are one
// coin. On the wire it is a signed 64-bit integer (Core: CAmount), so bytes can hold
// amounts that no rule allows: negative ones and ones over MaxMoney.
//
// It is an integer because a float64 cannot represent 0.1 exactly: sums of such
// amounts would depend on their order, and nodes would disagree about a block.
type Amount int64

const (
	// Coin is one coin.
	Coin Amount = 100_000_000
	// MaxMoney is the largest amount that an output, or any sum, may hold (Core: MAX_MONEY).
	MaxMoney = 21_000_000 * Coin
)

// Valid reports whether a is between zero and MaxMoney (Core: MoneyRange).
func (a Amount) Valid() bool { return a >= 0 && a <= MaxMoney }

// String returns a in coins with all eight decimals, "1.50000000".
func (a Amount) String() string {
	sign, u := "", uint64(a)
	if a < 0 {
		sign, u = "-", -u // also right for the smallest int64, which has no positive twin
	}
	return fmt.Sprintf("%s%d.%08d", sign, u/uint64(Coin), u%uint64(Coin))
}

// Short returns a in coins without trailing zeros, "1.5": for sentences, not for machines.
func (a Amount) Short() string {
	return strings.TrimSuffix(strings.TrimRight(a.String(), "0"), ".")
}

// ParseAmount returns the amount that s states in coins, with at most eight decimals:
// "1", "0.5", "-0.00000001". It rejects exponents, signs other than one minus, spaces,
// and what does not fit into 64 bits.
func ParseAmount(s string) (Amount, error) {
	whole, frac, _ := strings.Cut(s, ".")
	digits, neg := strings.CutPrefix(whole, "-")
	if digits == "" || len(frac) > 8 || strings.HasSuffix(s, ".") || !allDigits(digits) || !allDigits(frac) {
		return 0, fmt.Errorf("amount %q: want coins with at most eight decimals, like 1.5", clip(s, 40))
	}
	// "1.5" becomes the digits "1" + "5" + "0000000", which are its smallest units.
	n, err := strconv.ParseInt(digits+frac+strings.Repeat("0", 8-len(frac)), 10, 64)
	if err != nil { // only the range can be wrong by now
		return 0, fmt.Errorf("amount %q: too large", clip(s, 40))
	}
	if neg {
		n = -n
	}
	return Amount(n), nil
}

// allDigits reports whether s has no characters but 0 to 9.
func allDigits(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
