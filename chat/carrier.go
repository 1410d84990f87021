package chat

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"toychain/block"
	"toychain/wallet"
)

// The data carrier of a message's part, at most [block.MaxData] bytes:
//
//	"tc" "m"  time, 6 bytes            part  parts  text
//	          ms since 1970, as typed  0..   1..16  up to 69 bytes of UTF-8
//
// and that of a name:
//
//	"tc" "n"  signature, 65 bytes      name, 1 to 12 bytes
const (
	magic      = "tc"
	kindPart   = 'm'
	kindName   = 'n'
	partHead   = len(magic) + 1 + 6 + 2
	partText   = block.MaxData - partHead
	sigSize    = 65
	maxName    = block.MaxData - len(magic) - 1 - sigSize
	maxParts   = 16 // ours: with their coins well within a mempool's chains of 25
	maxText    = maxParts * partText
	maxTimeMS  = 1<<48 - 1
	boardWords = "toychain chat"
)

var (
	// ErrText is wrapped by the error for a text that is no message.
	ErrText = errors.New("no message")
	// ErrName is wrapped by the error for a name that breaks the rules of names.
	ErrName = errors.New("no name")
)

// Board is the address that every carrier pays: the hash of words instead of a key, so no
// signature spends what it gets.
var Board = wallet.KeyAddress([]byte(boardWords))

// Split returns the data carriers of a message, in their order. The error is ErrText.
func Split(text string, at time.Time) ([][]byte, error) {
	ms := at.UnixMilli()
	switch {
	case strings.TrimSpace(text) == "":
		return nil, fmt.Errorf("%w: it is empty", ErrText)
	case !utf8.ValidString(text):
		return nil, fmt.Errorf("%w: it is not UTF-8", ErrText)
	case text != Clean(text):
		return nil, fmt.Errorf("%w: it has a character that cannot be shown on one line", ErrText)
	case len(text) > maxText:
		return nil, fmt.Errorf("%w: it has %d bytes, at most %d fit: shorten it, or send two", ErrText, len(text), maxText)
	case ms < 0 || ms > maxTimeMS:
		return nil, fmt.Errorf("%w: the clock says %s", ErrText, at)
	}
	parts := (len(text) + partText - 1) / partText
	var out [][]byte
	for i := range parts {
		var clock [8]byte
		binary.BigEndian.PutUint64(clock[:], uint64(ms))
		data := append([]byte(magic), kindPart)
		data = append(append(data, clock[2:]...), byte(i), byte(parts))
		out = append(out, append(data, text[i*partText:min((i+1)*partText, len(text))]...))
	}
	return out, nil
}

// part is a part of a message.
type part struct {
	timeMS   int64
	index, n int
	text     []byte
}

// parsePart is the inverse of Split for one part. ok is false if data is none.
func parsePart(data []byte) (p part, ok bool) {
	if len(data) <= partHead || len(data) > block.MaxData || string(data[:len(magic)]) != magic || data[len(magic)] != kindPart {
		return p, false
	}
	rest := data[len(magic)+1:]
	p = part{int64(binary.BigEndian.Uint64(append([]byte{0, 0}, rest[:6]...))), int(rest[6]), int(rest[7]), rest[8:]}
	return p, p.n >= 1 && p.n <= maxParts && p.index < p.n
}

var validName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,11}$`)

// CheckName returns ErrName for what is no name.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("%w: %q: want 1 to %d small letters, digits, - or _, the first a letter", ErrName, name, maxName)
	}
	return nil
}

// claim is what the owner of an address signs to be called by a name.
func claim(address, name string) string { return "toychain chat: " + address + " is " + name }

// NameData returns the data carrier that binds a name to an address, with the address's
// signature of [claim]. The error is ErrName.
func NameData(name, signature string) ([]byte, error) {
	sig, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || len(sig) != sigSize {
		return nil, fmt.Errorf("%w: %q is no signature", ErrName, signature)
	}
	if err := CheckName(name); err != nil {
		return nil, err
	}
	return append(append(append([]byte(magic), kindName), sig...), name...), nil
}

// parseName is the inverse of NameData.
func parseName(data []byte) (name, signature string, ok bool) {
	const head = len(magic) + 1
	if len(data) <= head+sigSize || string(data[:len(magic)]) != magic || data[len(magic)] != kindName {
		return "", "", false
	}
	name = string(data[head+sigSize:])
	return name, base64.StdEncoding.EncodeToString(data[head : head+sigSize]), validName.MatchString(name)
}

// Clean returns a text as one line without what could harm its reader: bytes that are not UTF-8,
// control characters, and characters that are invisible or change the direction of writing, become
// U+FFFD. Markup stays: a page that shows it as text must do so.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}
