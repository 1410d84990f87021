package peer

import (
	"strings"
	"testing"
	"time"
)

// TestLinkText: what String writes ParseLink reads, and what is no link is refused with
// what to write instead.
func TestLinkText(t *testing.T) {
	for text, want := range map[string]Link{
		"perfect":    {},
		"delay 1.5s": {Delay: 1500},
		"delay 200ms jitter 50ms loss 30% bandwidth 50000 one-way": {Delay: 200, Jitter: 50, Loss: 0.3, Bandwidth: 50_000, OneWay: true},
	} {
		l, err := ParseLink(strings.Fields(text))
		if err != nil || l != want || l.String() != text {
			t.Errorf("%s: %+v, %v, written as %s", text, l, err, l)
		}
	}
	if l, err := ParseLink([]string{"one-way", "loss", "0.25"}); err != nil || l != (Link{OneWay: true, Loss: 0.25}) {
		t.Errorf("in another order: %+v, %v", l, err)
	}
	for text, want := range map[string]string{
		"": "are missing", "perfect one-way": "choose perfect", "slow": "want delay", "delay": "like 200ms", "delay 200": "like 200ms",
		"jitter -1s": "like 200ms", "delay 2h": "3600000 ms at most", "loss 101%": "like 30%", "loss x": "like 30%", "bandwidth -1": "like 50000",
	} {
		if l, err := ParseLink(strings.Fields(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v, want %q", text, l, err, want)
		}
	}
}

// FuzzParseLink: every link that is read is one that a node takes, and is the same when
// it is written and read again.
func FuzzParseLink(f *testing.F) {
	f.Add("delay 200ms jitter 50ms loss 30% bandwidth 50000 one-way")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLink(strings.Fields(text))
		if err != nil {
			return
		}
		again, err := ParseLink(strings.Fields(l.String()))
		again.Loss = l.Loss // which has a rounding
		if err != nil || again != l || l.Check() != nil || l.Delay.Duration() > time.Hour {
			t.Fatalf("%q: %+v became %+v, %v", text, l, again, err)
		}
	})
}
