package block_test

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"toychain/block"
)

func TestAmountText(t *testing.T) {
	for _, row := range []struct {
		a           block.Amount
		long, short string
	}{
		{0, "0.00000000", "0"},
		{1, "0.00000001", "0.00000001"},
		{-1, "-0.00000001", "-0.00000001"},
		{150_000_000, "1.50000000", "1.5"},
		{100 * block.Coin, "100.00000000", "100"},
		{-10 * block.Coin, "-10.00000000", "-10"},
		{block.MaxMoney, "21000000.00000000", "21000000"},
		{math.MaxInt64, "92233720368.54775807", "92233720368.54775807"},
		{math.MinInt64, "-92233720368.54775808", "-92233720368.54775808"},
	} {
		if got := row.a.String(); got != row.long {
			t.Errorf("%d: %s, want %s", int64(row.a), got, row.long)
		}
		if got := row.a.Short(); got != row.short {
			t.Errorf("%d: short %s, want %s", int64(row.a), got, row.short)
		}
	}
}

func TestParseAmount(t *testing.T) {
	for _, row := range []struct {
		text string
		want block.Amount
		err  string
	}{
		{"0", 0, ""},
		{"1", block.Coin, ""},
		{"0.5", block.Coin / 2, ""},
		{"1.50000000", 150_000_000, ""},
		{"0.00000001", 1, ""},
		{"-0.00000001", -1, ""},
		{"21000000", block.MaxMoney, ""},
		{"92233720368.54775807", math.MaxInt64, ""},
		{"-92233720368.54775807", -math.MaxInt64, ""},
		{"92233720368.54775808", 0, "too large"},
		{"92233720369", 0, "too large"},
		{"-92233720369", 0, "too large"},
		{"99999999999999999999999999", 0, "too large"},
		{"0.000000001", 0, "at most eight decimals"},
		{"0.123456789", 0, "at most eight decimals"},
		{"1.000000000", block.Coin, ""},
		{"1.10000000000000000000", 110_000_000, ""},
		{"0.0000000000000000000000", 0, ""},
		{"-0", 0, ""},
		{"1e3", 1000 * block.Coin, ""},
		{"1000000000000e-12", block.Coin, ""},
		{"-1.5E-7", -15, ""},
		{"0e9999", 0, ""},
		{"1e9999", 0, "too large"},
		{"1e-9999", 0, "at most eight decimals"},
		{"1e99999", 0, "want coins"},
		{"01", 0, "want coins"},
		{"-01.5", 0, "want coins"},
		{"00", 0, "want coins"},
		{"1e", 0, "want coins"},
		{"-92233720368.54775808", math.MinInt64, ""},
		{"", 0, "want coins"},
		{"-", 0, "want coins"},
		{".", 0, "want coins"},
		{".5", 0, "want coins"},
		{"1.", 0, "want coins"},
		{"+1", 0, "want coins"},
		{"--1", 0, "want coins"},
		{"1-", 0, "want coins"},
		{"1.-5", 0, "want coins"},
		{"1.2.3", 0, "want coins"},
		{"1,5", 0, "want coins"},
		{" 1", 0, "want coins"},
		{"0x10", 0, "want coins"},
		{"1_000", 0, "want coins"},
		{"NaN", 0, "want coins"},
		{"Infinity", 0, "want coins"},
		{"١", 0, "want coins"}, // a digit, but not one of ours
		{strings.Repeat("x", 5000), 0, "…"},
	} {
		got, err := block.ParseAmount(row.text)
		switch {
		case row.err == "" && (err != nil || got != row.want):
			t.Errorf("%q: %d, %v, want %d", row.text, int64(got), err, int64(row.want))
		case row.err != "" && (err == nil || !strings.Contains(err.Error(), row.err) || len(err.Error()) > 200):
			t.Errorf("%.60q: %v, want an error with %q", row.text, err, row.err)
		}
	}
}

func TestAmountJSON(t *testing.T) {
	for _, row := range []struct {
		text string
		want block.Amount
		ok   bool
	}{
		{"1.5", 150_000_000, true},
		{`"1.5"`, 150_000_000, true},
		{"50", 50 * block.Coin, true},
		{"1e-8", 1, true}, // JSON.stringify(0.00000001)
		{"1.5e-7", 15, true},
		{"-1e-8", -1, true},
		{"1E-8", 1, true},
		{`"1e-8"`, 1, true},
		{"1e8", 100_000_000 * block.Coin, true},
		{"2.1e+7", block.MaxMoney, true},
		{"2.1e7", block.MaxMoney, true},
		{"0e0", 0, true},
		{"0e-30", 0, true},
		{"1e0", block.Coin, true},
		{"1.25e1", 1_250_000_000, true},
		{"12.5e-3", 1_250_000, true},
		{"100e-10", 1, true},
		{"1e-9", 0, false},
		{"1.5e-8", 0, false},
		{"1e11", 0, false},
		{"1e30", 0, false},
		{"1e31", 0, false},
		{"1e-31", 0, false},
		{"1e1000000000", 0, false},
		{"1e-9223372036854775808", 0, false},
		{`"1e"`, 0, false},
		{`"e5"`, 0, false},
		{`"1e5e5"`, 0, false},
		{`"1.e5"`, 0, false},
		{`".5e1"`, 0, false},
		{`"1e1.5"`, 0, false},
		{`"--1e2"`, 0, false},
		{`"NaN"`, 0, false},
		{`""`, 0, false},
		{`"`, 0, false},
		{`"\"1\""`, 0, false},
		{"null", 0, false},
		{"true", 0, false},
		{"[1]", 0, false},
		{"{}", 0, false},
	} {
		a := block.Amount(77)
		err := json.Unmarshal([]byte(row.text), &a)
		if row.ok && (err != nil || a != row.want) {
			t.Errorf("%s: %s, %v, want %s", row.text, a, err, row.want)
		}
		if !row.ok && (err == nil || a != 77) {
			t.Errorf("%s: %s, %v, want an error and nothing changed", row.text, a, err)
		}
	}
	raw, err := json.Marshal(struct{ Fee block.Amount }{1})
	if err != nil || string(raw) != `{"Fee":0.00000001}` {
		t.Errorf("json %s, %v", raw, err)
	}
}

// Every amount that is written is read back exactly: none goes through a float.
func TestAmountRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := block.Amount(rapid.Int64().Draw(t, "amount"))
		for _, text := range []string{a.String(), a.Short()} {
			if got, err := block.ParseAmount(text); err != nil || got != a {
				t.Fatalf("%s: %d, %v, want %d", text, int64(got), err, int64(a))
			}
		}
	})
}

// UnmarshalJSON agrees with exact fractions on every text that it accepts.
func FuzzAmountJSON(f *testing.F) {
	for _, s := range []string{"1.5", "1e-8", `"2.1e7"`, "-0.00000001", "1e31", "12.50e-3", "null"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var a block.Amount
		if json.Unmarshal([]byte(s), &a) != nil {
			return
		}
		exact, ok := new(big.Rat).SetString(strings.Trim(strings.TrimSpace(s), `"`))
		if !ok {
			t.Fatalf("%q was read as %s but is no number", s, a)
		}
		if want := new(big.Rat).SetFrac64(int64(a), int64(block.Coin)); exact.Cmp(want) != 0 {
			t.Fatalf("%q was read as %s", s, a)
		}
	})
}

func TestAmountValid(t *testing.T) {
	for a, want := range map[block.Amount]bool{
		math.MinInt64: false, -1: false, 0: true, 1: true,
		block.MaxMoney: true, block.MaxMoney + 1: false, math.MaxInt64: false,
	} {
		if a.Valid() != want {
			t.Errorf("%s: valid %v", a, a.Valid())
		}
	}
}
