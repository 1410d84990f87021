package replay

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"toychain/block"
)

// Said is a message on the chain, as a node knows it from the event on.
type Said struct {
	ID      block.Hash   `json:"id"`
	From    string       `json:"from"` // its author's name, or address
	Address string       `json:"address"`
	Text    string       `json:"text"`
	TimeMS  int64        `json:"time_ms"` // when it was written, as its author signed
	State   string       `json:"state"`   // pending, confirmed or taken-back
	Height  block.Height `json:"height"`  // of the block that confirmed it; -1: none does
}

// The states of a message.
const (
	pending   = "pending"
	confirmed = "confirmed"
	takenBack = "taken-back"
)

// Words says what became of the message at a node; first: no other had it before.
func (s *Said) Words(first bool) string {
	who, text := oneLine(s.From), oneLine(s.Text)
	if len(who) > 20 { // an address
		who = who[:6] + "…" + who[len(who)-4:]
	}
	switch {
	case s.State == confirmed:
		return fmt.Sprintf("block %d confirms what %s wrote: “%s”", s.Height, who, text)
	case s.State == takenBack:
		return fmt.Sprintf("what %s wrote is taken back: “%s”", who, text)
	case first:
		return fmt.Sprintf("%s writes: “%s”", who, text)
	}
	return fmt.Sprintf("has what %s wrote: “%s”", who, text)
}

// oneLine returns a text of a stranger, safe for a terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// check reports what is wrong with a message of a recording.
func (s *Said) check(node string) error {
	switch {
	case s == nil || node == "":
		return fmt.Errorf("a %s without its message or node", Chat)
	case !slices.Contains([]string{pending, confirmed, takenBack}, s.State):
		return fmt.Errorf("a message in the state %q: want %s, %s or %s", s.State, pending, confirmed, takenBack)
	}
	return nil
}

// Add adds what was said on the chain meanwhile: events of the kind Chat, in the order of time.
func (r *Run) Add(said []Event) {
	r.Events = r.merge([][]Event{r.Events, said})
	r.number()
}
