package peer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Link is the faults of the link to one peer. The zero Link has none: it is perfect. A Link
// is one node's view: Delay, Jitter and Bandwidth hold back what this node sends, Loss and
// OneWay drop what it receives. For faults in both directions set it at both ends. Its JSON
// is the object of the RPC setlink.
type Link struct {
	// Delay is how long each byte is under way.
	Delay Millis `json:"delay_ms"`
	// Jitter is the most that is added to Delay, at random for each write. What one
	// stream carries stays in order.
	Jitter Millis `json:"jitter_ms"`
	// Loss is the part of the gossip messages that are dropped, 0 to 1. Streams are not
	// touched: they would only ask again.
	Loss float64 `json:"loss"`
	// OneWay: this node hears nothing of the peer, which may still hear us: gossip,
	// status and requests from it are dropped, and we request nothing from it. What
	// libp2p itself needs to keep the connection still passes.
	OneWay bool `json:"one_way"`
	// Bandwidth is the bytes a second that the link carries; 0 means no limit.
	Bandwidth int64 `json:"bandwidth"`
}

// Millis is a time in milliseconds, as JSON has it.
type Millis int64

// Duration returns it as Go's type.
func (m Millis) Duration() time.Duration { return time.Duration(m) * time.Millisecond }

// maxDelay is the longest delay of a link.
const maxDelay = Millis(time.Hour / time.Millisecond)

// Check rejects values out of range.
func (l Link) Check() error {
	switch {
	case l.Delay < 0 || l.Jitter < 0:
		return errors.New("link: delay and jitter may not be negative")
	case l.Delay > maxDelay || l.Jitter > maxDelay:
		return fmt.Errorf("link: delay and jitter may be %d ms at most", maxDelay)
	case !(l.Loss >= 0 && l.Loss <= 1):
		return fmt.Errorf("link: loss %v is not between 0 and 1", l.Loss)
	case l.Bandwidth < 0:
		return fmt.Errorf("link: bandwidth %d may not be negative", l.Bandwidth)
	}
	return nil
}

// ParseLink reads a link as String writes it: "delay 200ms jitter 50ms loss 30%
// bandwidth 50000 one-way", any of these in any order, one at least, or "perfect".
func ParseLink(words []string) (l Link, err error) {
	if len(words) == 0 {
		return l, errors.New("the faults of the link are missing: want " + linkWords)
	}
	if words[0] == "perfect" && len(words) == 1 {
		return l, nil
	}
	for len(words) > 0 {
		word := words[0]
		if word == "perfect" {
			return l, errors.New("a perfect link has no faults: choose perfect or the other words")
		}
		if words = words[1:]; word == "one-way" {
			l.OneWay = true
			continue
		}
		value := ""
		if len(words) > 0 {
			value, words = words[0], words[1:]
		}
		switch word {
		case "delay":
			l.Delay, err = parseMillis(value)
		case "jitter":
			l.Jitter, err = parseMillis(value)
		case "loss":
			l.Loss, err = parseLoss(value)
		case "bandwidth":
			if l.Bandwidth, err = strconv.ParseInt(value, 10, 64); err != nil || l.Bandwidth < 0 {
				err = errors.New("want bytes a second, like 50000")
			}
		default:
			return l, fmt.Errorf("%q: want %s", word, linkWords)
		}
		if err != nil {
			return l, fmt.Errorf("%s %q: %w", word, value, err)
		}
	}
	return l, l.Check()
}

const linkWords = "delay, jitter, loss, bandwidth, one-way or perfect"

func parseMillis(s string) (Millis, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, errors.New("want a time, like 200ms")
	}
	return Millis(d / time.Millisecond), nil
}

func parseLoss(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	loss, err := strconv.ParseFloat(number, 64)
	if percent {
		loss /= 100
	}
	if err != nil || !(loss >= 0 && loss <= 1) {
		return 0, errors.New("want a part, like 30%")
	}
	return loss, nil
}

// String writes the link for ParseLink.
func (l Link) String() string {
	var out []string
	add := func(is bool, format string, args ...any) {
		if is {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	add(l.Delay > 0, "delay %v", l.Delay.Duration())
	add(l.Jitter > 0, "jitter %v", l.Jitter.Duration())
	add(l.Loss > 0, "loss %g%%", l.Loss*100)
	add(l.Bandwidth > 0, "bandwidth %d", l.Bandwidth)
	add(l.OneWay, "one-way")
	add(len(out) == 0, "perfect")
	return strings.Join(out, " ")
}
