package block

import (
	"fmt"
	"regexp"
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

// amountText is how an amount may be written: JSON's numbers.
var amountText = regexp.MustCompile(`^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,4}))?$`)

// ParseAmount returns the amount that s states in coins: "1", "0.5", "-0.00000001", "1e-8".
// What lies behind the eighth decimal must be zeros. It rejects what JSON rejects, like "01"
// or ".5", and what does not fit into 64 bits (Core: ParseFixedPoint).
func ParseAmount(s string) (Amount, error) {
	m := amountText.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("amount %q: want coins, like 1.5 or 1e-8", clip(s, 40))
	}
	exponent, _ := strconv.Atoi(m[4]) // 0 if there is none
	digits := m[2] + m[3]
	shift := 8 - len(m[3]) + exponent // by how many places the digits must move to be smallest units
	short := strings.TrimRight(digits, "0")
	shift += len(digits) - len(short)
	switch {
	case short == "":
		return 0, nil
	case shift < 0:
		return 0, fmt.Errorf("amount %q: at most eight decimals", clip(s, 40))
	case shift > 19:
		return 0, fmt.Errorf("amount %q: too large", clip(s, 40))
	}
	n, err := strconv.ParseInt(m[1]+short+strings.Repeat("0", shift), 10, 64)
	if err != nil { // only the range can be wrong by now
		return 0, fmt.Errorf("amount %q: too large", clip(s, 40))
	}
	return Amount(n), nil
}
