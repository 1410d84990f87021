package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"toychain/block"
)

// count writes a whole number with commas between thousands.
func count[T ~int | ~int32 | ~int64 | ~uint64](n T) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// hashes writes a rate for people: 20,000 H/s, 2.31 MH/s.
func hashes(rate float64) string {
	const switchAt = 100_000
	if rate < switchAt {
		return count(int64(rate+0.5)) + " H/s"
	}
	units := []string{"kH/s", "MH/s", "GH/s", "TH/s", "PH/s", "EH/s"}
	rate /= 1000
	i := 0
	for rate >= 1000 && i < len(units)-1 {
		rate, i = rate/1000, i+1
	}
	return threeDigits(rate) + " " + units[i]
}

// threeDigits writes a number from 1 on, and below a billion, with three
// significant digits at least.
func threeDigits(v float64) string {
	switch {
	case v >= 100:
		return count(int64(v + 0.5))
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// span writes a time for people: 4.2 s, 3 min, 5 h.
func span(d time.Duration) string {
	switch s := d.Seconds(); {
	case s < 0:
		return "0 s"
	case s < 10:
		return strconv.FormatFloat(s, 'f', 1, 64) + " s"
	case s < 120:
		return fmt.Sprintf("%.0f s", s)
	case s < 2*60*60:
		return fmt.Sprintf("%.0f min", s/60)
	case s < 48*60*60:
		return fmt.Sprintf("%.0f h", s/3600)
	default:
		return fmt.Sprintf("%.0f days", s/86400)
	}
}

// bytesOf writes a size for people.
func bytesOf(n int64) string {
	switch {
	case n < 10_000:
		return count(n) + " bytes"
	case n < 1_000_000:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// parseAmount reads an amount of the command line.
func parseAmount(s string) (block.Amount, error) {
	v, err := block.ParseAmount(s)
	if err != nil {
		return 0, usageError{err}
	}
	if v <= 0 || !v.Valid() {
		return 0, usagef("amount %s: want more than nothing and at most %s", s, block.MaxMoney.Short())
	}
	return v, nil
}

// parseCount reads a count of the command line, which names it.
func parseCount(name, s string, least, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, usagef("%s %q: want a whole number from %s to %s", name, s, count(least), count(most))
	}
	return n, nil
}
