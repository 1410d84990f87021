package block

import (
	"fmt"
	"strconv"
	"strings"
)

// Amount is money in the smallest unit; 100,000,000 of them are one coin.
// On the wire it is a signed 64-bit integer, so bytes can hold amounts that
// no rule allows: negative ones and ones over MaxMoney.
type Amount int64

const (
	// Coin is one coin.
	Coin Amount = 100_000_000
	// MaxMoney is the most that an output, or any sum, may hold (Core: MAX_MONEY).
	MaxMoney = 21_000_000 * Coin
)

// Valid reports whether a is between zero and MaxMoney (Core: MoneyRange).
func (a Amount) Valid() bool { return a >= 0 && a <= MaxMoney }

// String writes coins with all eight decimals, "1.50000000".
func (a Amount) String() string {
	sign, u := "", uint64(a)
	if a < 0 {
		sign, u = "-", -u
	}
	return fmt.Sprintf("%s%d.%08d", sign, u/uint64(Coin), u%uint64(Coin))
}

// Short writes coins without trailing zeros, "1.5": for sentences, not for machines.
func (a Amount) Short() string {
	return strings.TrimSuffix(strings.TrimRight(a.String(), "0"), ".")
}

// ParseAmount reads coins with at most eight decimals: "1", "0.5", "-0.00000001".
// It never goes through a floating-point number.
func ParseAmount(s string) (Amount, error) {
	whole, frac, _ := strings.Cut(s, ".")
	digits, neg := strings.CutPrefix(whole, "-")
	if digits == "" || len(frac) > 8 || strings.HasSuffix(s, ".") || !allDigits(digits) || !allDigits(frac) {
		return 0, fmt.Errorf("amount %q: want coins with at most eight decimals, like 1.5", clip(s, 40))
	}
	n, err := strconv.ParseInt(digits+frac+strings.Repeat("0", 8-len(frac)), 10, 64)
	if err != nil { // only the range can be wrong by now
		return 0, fmt.Errorf("amount %q: too large", clip(s, 40))
	}
	if neg {
		n = -n
	}
	return Amount(n), nil
}

func allDigits(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// MarshalJSON writes a JSON number with eight decimals, as Core does.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalJSON takes a JSON number or a string of one, with at most eight decimals,
// also in the form in which JavaScript prints small ones, 1e-8. null is an error.
func (a *Amount) UnmarshalJSON(b []byte) error {
	s := string(b)
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	plain, ok := withoutExponent(s)
	if !ok {
		return fmt.Errorf("amount %q: want coins, like 1.5 or 1e-8", clip(s, 40))
	}
	v, err := ParseAmount(plain)
	if err != nil {
		return err
	}
	*a = v
	return nil
}

// maxExponent is more than any amount can need: MaxMoney is 21e6, the smallest
// unit 1e-8.
const maxExponent = 30

// withoutExponent moves the point of a number like "12.5e-3" as its exponent says,
// digit by digit and never as a floating-point number: "0.0125". Zeros that moved
// behind the last decimal are dropped.
func withoutExponent(s string) (plain string, ok bool) {
	i := strings.IndexAny(s, "eE")
	if i < 0 {
		return s, true
	}
	exp, err := strconv.Atoi(s[i+1:])
	if err != nil || exp < -maxExponent || exp > maxExponent {
		return "", false
	}
	number, neg := strings.CutPrefix(s[:i], "-")
	whole, frac, hasPoint := strings.Cut(number, ".")
	if whole == "" || hasPoint && frac == "" || !allDigits(whole) || !allDigits(frac) {
		return "", false
	}
	digits, point := whole+frac, len(whole)+exp
	if point < 1 {
		digits, point = strings.Repeat("0", 1-point)+digits, 1
	}
	if point > len(digits) {
		digits += strings.Repeat("0", point-len(digits))
	}
	plain = digits[:point]
	if rest := strings.TrimRight(digits[point:], "0"); rest != "" {
		plain += "." + rest
	}
	if neg {
		plain = "-" + plain
	}
	return plain, true
}
