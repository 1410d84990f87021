package chat

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/btcsuite/btcd/btcec/v2"

	"toychain/block"
	"toychain/rpc"
	"toychain/wallet"
)

var prefixes = block.Prefixes{PubKeyHash: 0x6f}

// person has a key.
type person struct {
	key     *btcec.PrivateKey
	address string
}

func newPerson(seed byte) person {
	key, pub := btcec.PrivKeyFromBytes(bytes.Repeat([]byte{seed}, 32))
	return person{key, wallet.KeyAddress(pub.SerializeCompressed()).Encode(prefixes)}
}

var spent uint32 // each transaction spends another coin

// carries returns a transaction of this person with data.
func (p person) carries(t *testing.T, data []byte) *block.Tx {
	t.Helper()
	script, err := block.DataScript(data)
	if err != nil {
		t.Fatal(err)
	}
	spent++
	key := p.key.PubKey().SerializeCompressed()
	return &block.Tx{Version: 2, Inputs: []block.Input{{Prev: block.Outpoint{Index: spent}, Script: block.PubKeyHashInput(make([]byte, 71), key)}},
		Outputs: []block.Output{{Value: 546, Script: Board.Script()}, {Script: script}}}
}

func (p person) says(t *testing.T, text string, ms int64) (out []*block.Tx) {
	t.Helper()
	parts, err := Split(text, time.UnixMilli(ms))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range parts {
		out = append(out, p.carries(t, d))
	}
	return out
}

// claims returns the claim of a name, signed by another if it is a lie.
func (p person) claims(t *testing.T, name string, by person) *block.Tx {
	t.Helper()
	data, err := NameData(name, wallet.SignMessage(by.key, claim(p.address, name)))
	if err != nil {
		t.Fatal(err)
	}
	return p.carries(t, data)
}

// in returns transactions in a block, in the mempool (-1), or taken back (-2).
func in(height block.Height, txs ...*block.Tx) (out []Carried) {
	for _, tx := range txs {
		c := read(tx)
		c.TxID, c.State, c.Height = tx.ID(), Confirmed, height
		if height < 0 {
			c.State, c.Height = map[block.Height]State{-1: Pending, -2: TakenBack}[height], -1
		}
		out = append(out, c)
	}
	return out
}

func chain(lists ...[]Carried) (out []Carried) {
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// lines shows messages as "from: text state height".
func lines(all []Message) string {
	var out strings.Builder
	for _, m := range all {
		fmt.Fprintf(&out, "%s: %s %s %d\n", m.From, m.Text, m.State, m.Height)
	}
	return out.String()
}

// TestLongMessages: a text is cut into carriers that fit, at any byte, and is one message again
// wherever its parts are. It is confirmed with its last part, and taken back with any.
func TestLongMessages(t *testing.T) {
	a := newPerson(1)
	for _, n := range []int{1, partText, partText + 1, maxText} {
		text := strings.Repeat("ü", n/2) + strings.Repeat("x", n%2)
		txs := a.says(t, text, 1)
		if want := (n + partText - 1) / partText; len(txs) != want {
			t.Fatalf("%d bytes are %d parts, want %d", n, len(txs), want)
		}
		for _, tx := range txs {
			if data := carrier(tx); len(data) > block.MaxData {
				t.Fatalf("a part has %d bytes", len(data))
			}
		}
		if got := Fold(in(3, txs...), prefixes); len(got) != 1 || got[0].Text != text || got[0].ID != txs[0].ID() {
			t.Fatalf("%d bytes came back as %+v", n, got)
		}
	}
	if _, err := Split(strings.Repeat("x", maxText+1), time.UnixMilli(1)); !errors.Is(err, ErrText) {
		t.Errorf("a text that is too long: %v", err)
	}
	txs := a.says(t, strings.Repeat("a", partText)+strings.Repeat("b", partText)+"c", 7)
	all := a.address + ": " + strings.Repeat("a", partText) + strings.Repeat("b", partText) + "c "
	for _, c := range []struct {
		name  string
		where []Carried
		want  string
	}{
		{"all pending", in(-1, txs...), all + "pending -1\n"},
		{"one of them confirmed", chain(in(5, txs[0]), in(-1, txs[1:]...)), all + "pending -1\n"},
		{"in two blocks", chain(in(5, txs[:2]...), in(6, txs[2])), all + "confirmed 6\n"},
		{"the last first", chain(in(5, txs[2]), in(6, txs[:2]...)), all + "confirmed 6\n"},
		{"one taken back", chain(in(5, txs[:2]...), in(-2, txs[2])), all + "taken-back -1\n"},
		{"one missing", in(5, txs[0], txs[2]), a.address + ": " + strings.Repeat("a", partText) + "…c pending -1\n"},
		{"one twice", in(5, append(txs, a.says(t, strings.Repeat("z", 2*partText+1), 7)...)...), all + "confirmed 5\n"},
	} {
		if got := lines(Fold(c.where, prefixes)); got != c.want {
			t.Errorf("%s:\n%swant\n%s", c.name, got, c.want)
		}
	}
}

// TestNames: the first claim of a name on the chain counts, and only of the address itself.
//
//	   alice claims alice        mallory claims alice, and bob in bob's place
//	1 ──────────────────────  2 ─────────────────────────────────────────────  3
func TestNames(t *testing.T) {
	a, b, m := newPerson(1), newPerson(2), newPerson(3)
	hello := chain(in(3, a.says(t, "I am a", 1)...), in(3, b.says(t, "I am b", 2)...), in(3, m.says(t, "I am m", 3)...))
	first, again := a.claims(t, "alice", a), m.claims(t, "alice", m)
	for _, c := range []struct {
		name  string
		where []Carried
		want  [3]string
	}{
		{"none", nil, [3]string{a.address, b.address, m.address}},
		{"the first has it", in(1, first, again), [3]string{"alice", b.address, m.address}},
		{"a reorganisation gives it to the other", chain(in(1, again), in(-1, first)), [3]string{a.address, b.address, "alice"}},
		{"taken back", in(-2, first), [3]string{a.address, b.address, m.address}},
		{"signed by another", in(1, b.claims(t, "bob", m)), [3]string{a.address, b.address, m.address}},
		{"sent by another", in(1, m.carries(t, carrier(b.claims(t, "bob", b)))), [3]string{a.address, b.address, m.address}},
		{"a second name", in(1, first, a.claims(t, "carol", a)), [3]string{"alice", b.address, m.address}},
	} {
		got := Fold(chain(c.where, hello), prefixes)
		if len(got) != 3 || [3]string{got[0].From, got[1].From, got[2].From} != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	for _, bad := range []string{"", "Alice", "a name", "<b>", "thirteen-long", "ä"} {
		if err := CheckName(bad); !errors.Is(err, ErrName) {
			t.Errorf("the name %q: %v", bad, err)
		}
	}
}

// TestHostileTexts: what a stranger writes is one line of characters that can be seen, and cannot be
// sent from here otherwise.
func TestHostileTexts(t *testing.T) {
	a := newPerson(1)
	for _, bad := range []string{"\x1b[2J", "a\nb", "\u202egnp.exe", "\u200bhidden", "\xff\xfe", "\x00"} {
		if _, err := Split("x"+bad, time.UnixMilli(1)); !errors.Is(err, ErrText) {
			t.Errorf("%q can be sent", bad)
		}
		data := append([]byte("tcm\x00\x00\x00\x00\x00\x01\x00\x01"), "x"+bad...)
		got := Fold(in(1, a.carries(t, data)), prefixes)
		if len(got) != 1 || got[0].Text != Clean(got[0].Text) || strings.Contains(got[0].Text, bad) || !utf8.ValidString(got[0].Text) {
			t.Errorf("%q is shown as %+v", bad, got)
		}
	}
	if text := "<script>alert('1')</script> & ünïcode 🙂"; Clean(text) != text {
		t.Errorf("%q is shown as %q", text, Clean(text))
	}
	for _, text := range []string{"", " ", "  \u00a0"} {
		if _, err := Split(text, time.UnixMilli(1)); !errors.Is(err, ErrText) {
			t.Errorf("%q can be sent", text)
		}
	}
}

// TestOrders: the chain's order, and that in which messages were written.
func TestOrders(t *testing.T) {
	a, b := newPerson(1), newPerson(2)
	all := Fold(chain(in(1, b.says(t, "second", 20)...), in(2, a.says(t, "first", 10)...), in(-1, a.says(t, "third", 30)...)), prefixes)
	text := func() (s string) {
		for _, m := range all {
			s += m.Text + " "
		}
		return s
	}
	if got := text(); got != "second first third " {
		t.Errorf("the chain's order is %s", got)
	}
	if ByTime(all); text() != "first second third " {
		t.Errorf("by their times they are %s", text())
	}
	if !all[0].Matches([]string{"FIR", a.address[:6]}) || all[0].Matches([]string{"first", "second"}) {
		t.Error("a search finds what it must not, or not what it must")
	}
}

// FuzzCarrier: any bytes in a carrier are a part, a name or nothing; what is parsed is written as the
// same bytes.
func FuzzCarrier(f *testing.F) {
	parts, _ := Split(strings.Repeat("hello ", 20), time.UnixMilli(1_700_000_000_000))
	for _, p := range parts {
		f.Add(p)
	}
	a := newPerson(1)
	name, _ := NameData("alice", wallet.SignMessage(a.key, claim(a.address, "alice")))
	f.Add(name)
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, ok := parsePart(data); ok && (p.index >= p.n || p.n > maxParts || len(p.text) == 0 || len(p.text) > partText) {
			t.Fatalf("%x is the part %+v", data, p)
		}
		if name, sig, ok := parseName(data); ok {
			if again, err := NameData(name, sig); err != nil || !bytes.Equal(again, data) {
				t.Fatalf("%x is the name %q, which is %x, %v", data, name, again, err)
			}
		}
		if len(data) > block.MaxData {
			return
		}
		for _, m := range Fold(in(1, newPerson(1).carries(t, data)), prefixes) {
			if m.Text != Clean(m.Text) {
				t.Fatalf("%x shows %q", data, m.Text)
			}
		}
	})
}

// TestReaderIsBounded: of any number of transactions on the board a reader keeps the newest.
func TestReaderIsBounded(t *testing.T) {
	rows := make([]rpc.HistoryRow, 2*maxRead+1)
	r := NewReader(nil, block.Prefixes{})
	for i := range rows {
		binary.LittleEndian.PutUint32(rows[i].TxID[:], uint32(i))
		r.said[rows[i].TxID] = Carried{}
	}
	kept := newest(rows)
	if len(kept) != maxRead || kept[maxRead-1].TxID != rows[2*maxRead].TxID || len(newest(rows[:maxRead])) != maxRead {
		t.Errorf("%d rows are looked at, the last is %s", len(kept), kept[len(kept)-1].TxID)
	}
	r.forget(rows)
	if len(r.said) != len(rows) {
		t.Errorf("%d of %d rows that are looked at are kept", len(r.said), len(rows))
	}
	r.forget(kept)
	if _, last := r.said[rows[2*maxRead].TxID]; len(r.said) != maxRead || !last {
		t.Errorf("%d transactions are kept, the last one: %v", len(r.said), last)
	}
}
