package cli

import (
	"fmt"
	"strconv"
	"time"
)

// Count writes a whole number with commas between thousands.
func Count[T ~int | ~int32 | ~int64 | ~uint64](n T) string {
	digits := strconv.FormatInt(int64(n), 10)
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// Plural writes a count of things: 1 block, 2 blocks.
func Plural[T ~int | ~int32](n T, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + one + "s"
}

// Hashes writes a hash rate: 20,000 H/s, 2.31 MH/s.
func Hashes(rate float64) string {
	const switchAt = 100_000
	if rate < switchAt {
		return Count(int64(rate+0.5)) + " H/s"
	}
	units := "kMGTPE"
	for rate /= 1000; rate >= 1000 && len(units) > 1; rate /= 1000 {
		units = units[1:]
	}
	return ThreeDigits(rate) + " " + units[:1] + "H/s"
}

// ThreeDigits writes a number from 1 to a billion with at least three significant
// digits.
func ThreeDigits(v float64) string {
	switch {
	case v >= 100:
		return Count(int64(v + 0.5))
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// Span writes a duration: 4.2 s, 3 min, 5 h.
func Span(d time.Duration) string {
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

// Bytes writes a size.
func Bytes(n int64) string {
	switch {
	case n < 10_000:
		return Count(n) + " bytes"
	case n < 1_000_000:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// ParseCount reads a whole number from least to most. The error calls it name.
func ParseCount(name, s string, least, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, Usagef("%s %q: want a whole number from %s to %s", name, s, Count(least), Count(most))
	}
	return n, nil
}
