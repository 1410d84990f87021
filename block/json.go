package block

import (
	"fmt"
	"strconv"
	"strings"
)

// How hashes and amounts look in JSON. A learner can skip this file.

// MarshalText returns h's String, for JSON and TOML.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText sets h as ParseHash reads it.
func (h *Hash) UnmarshalText(b []byte) (err error) {
	*h, err = ParseHash(string(b))
	return err
}

// MarshalJSON returns a as a JSON number with eight decimals, as Core writes it.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalJSON sets a from a JSON number, or a string with one, of at most eight
// decimals. It also accepts the form in which JavaScript prints small numbers, 1e-8,
// and rejects null.
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

// maxExponent bounds exponents: more than any amount needs (MaxMoney is 21e6 coins,
// the smallest unit 1e-8), and few enough zeros to write out.
const maxExponent = 30

// withoutExponent returns a number like "12.5e-3" in plain digits, "0.0125". It moves
// the point digit by digit, because a floating-point number would round. Zeros behind
// the last other decimal are dropped.
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
