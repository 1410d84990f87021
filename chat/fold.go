package chat

import (
	"cmp"
	"slices"
	"strings"

	"toychain/block"
	"toychain/wallet"
)

// State is what became of a message, on one node.
type State string

// The states.
const (
	Pending   State = "pending"
	Confirmed State = "confirmed"
	TakenBack State = "taken-back"
)

// Carried is what a transaction that pays the board says, and where it is.
type Carried struct {
	From   wallet.Address // its author: who owned the coin that it spends first
	Data   []byte         // of its first data carrier; empty if it says nothing
	TxID   block.Hash
	State  State
	Height block.Height // of its block; -1 if it is not confirmed
}

// Message is a message as a node knows it.
type Message struct {
	ID      block.Hash   `json:"id"`      // txid of its first part
	From    string       `json:"from"`    // its author's name; the address if there is none
	Address string       `json:"address"` // its author's
	Text    string       `json:"text"`    // with … for a part that is missing
	State   State        `json:"state"`
	Height  block.Height `json:"height"`  // of the block that completed it; -1: it is not confirmed
	TimeMS  int64        `json:"time_ms"` // when it was written: its author says so, and signs it
	Parts   int          `json:"parts"`
	Missing int          `json:"missing,omitempty"` // parts that the node does not have
}

// read returns what a transaction says: nothing if it has no author.
func read(tx *block.Tx) (c Carried) {
	if from, ok := author(tx); ok {
		c.From, c.Data = from, slices.Clone(carrier(tx)) // the rest of the transaction is not kept
	}
	return c
}

// author returns the address whose coin a transaction spends first.
func author(tx *block.Tx) (a wallet.Address, ok bool) {
	if tx.IsCoinbase() || len(tx.Inputs) == 0 {
		return a, false
	}
	_, key, _, err := block.ParsePubKeyHashInput(tx.Inputs[0].Script)
	if err != nil {
		return a, false
	}
	return wallet.KeyAddress(key), true
}

// carrier returns the data of a transaction's first data carrier.
func carrier(tx *block.Tx) []byte {
	for i := range tx.Outputs {
		if data, ok := block.Data(tx.Outputs[i].Script); ok {
			return data
		}
	}
	return nil
}

// Fold returns the messages that these transactions carry, in the order of the chain: by the place
// of what completes each, then those that are pending, then those that were taken back. all has
// the order of the chain too, and what is not confirmed after it.
func Fold(all []Carried, prefixes block.Prefixes) []Message {
	f := folding{prefixes: prefixes, messages: make(map[messageKey]*begun),
		names: make(map[wallet.Address]string), taken: make(map[string]bool)}
	for i := range all {
		if name, sig, ok := parseName(all[i].Data); ok {
			f.claim(&all[i], name, sig)
		} else if p, ok := parsePart(all[i].Data); ok {
			f.add(&all[i], p, i)
		}
	}
	return f.finish()
}

// folding is what the transactions so far say.
type folding struct {
	prefixes block.Prefixes
	messages map[messageKey]*begun
	order    []*begun
	names    map[wallet.Address]string
	taken    map[string]bool // names that have an owner
}

// messageKey is what the parts of a message have in common.
type messageKey struct {
	from   wallet.Address
	timeMS int64
	n      int
}

// begun is a message of which parts may be missing.
type begun struct {
	Message
	from  wallet.Address
	texts [][]byte
	place int // in the chain: the last of its parts
}

// claim gives a name to the address that claims it, if it is the first, and has no other.
func (f *folding) claim(c *Carried, name, sig string) {
	if c.State == TakenBack || f.taken[name] || f.names[c.From] != "" {
		return
	}
	if wallet.VerifyMessage(c.From, sig, claim(c.From.Encode(f.prefixes), name)) == nil {
		f.names[c.From], f.taken[name] = name, true
	}
}

// add adds a part to its message.
func (f *folding) add(c *Carried, p part, place int) {
	k := messageKey{c.From, p.timeMS, p.n}
	m := f.messages[k]
	if m == nil {
		m = &begun{Message: Message{State: Confirmed, Address: c.From.Encode(f.prefixes), TimeMS: p.timeMS, Parts: p.n, Missing: p.n},
			from: c.From, texts: make([][]byte, p.n)}
		f.messages[k] = m
		f.order = append(f.order, m)
	}
	if m.texts[p.index] != nil {
		return // said twice: the first counts
	}
	m.texts[p.index] = p.text
	m.Missing--
	m.place = place
	m.Height = max(m.Height, c.Height)
	m.State = worse(m.State, c.State)
	if p.index == 0 || m.ID.IsZero() {
		m.ID = c.TxID
	}
}

// finish returns the messages.
func (f *folding) finish() []Message {
	slices.SortStableFunc(f.order, func(a, b *begun) int { return cmp.Compare(a.place, b.place) })
	out := []Message{}
	for _, m := range f.order {
		m.From = cmp.Or(f.names[m.from], m.Address)
		m.Text = joined(m.texts)
		if m.Missing > 0 && m.State == Confirmed {
			m.State = Pending // the rest may come
		}
		if m.State != Confirmed {
			m.Height = -1
		}
		out = append(out, m.Message)
	}
	return out
}

// worse returns the state of a message with parts of two states.
func worse(a, b State) State {
	rank := []State{Confirmed, Pending, TakenBack}
	return rank[max(slices.Index(rank, a), slices.Index(rank, b))]
}

// joined returns the text of a message's parts, with … for each that is missing.
func joined(parts [][]byte) string {
	var out strings.Builder
	for _, p := range parts {
		if p == nil {
			out.WriteString("…")
		}
		out.Write(p)
	}
	return Clean(out.String())
}

// ByTime orders messages as they were written: by the times that their authors signed.
func ByTime(all []Message) {
	slices.SortStableFunc(all, func(a, b Message) int {
		return cmp.Or(cmp.Compare(a.TimeMS, b.TimeMS), strings.Compare(a.ID.String(), b.ID.String()))
	})
}

// Matches reports whether a message has all of these words, in its text or its author's name.
func (m *Message) Matches(words []string) bool {
	in := strings.ToLower(m.From + " " + m.Text)
	for _, w := range words {
		if !strings.Contains(in, strings.ToLower(w)) {
			return false
		}
	}
	return true
}
