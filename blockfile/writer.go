package blockfile

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"

	"toychain/block"
)

// ParseFormat parses the name of a format that can be written.
func ParseFormat(s string) (Format, error) {
	if f := Format(s); f == Hex || f == Blk {
		return f, nil
	}
	return "", fmt.Errorf("format %q: want hex or blk", s)
}

// Write appends a block to a file in the format hex or blk. magic is the network's four bytes.
func Write(w io.Writer, f Format, magic [4]byte, b *block.Block) error {
	raw := b.Bytes()
	var out []byte
	if f == Hex {
		out = append(hex.AppendEncode(nil, raw), '\n')
	} else {
		out = binary.LittleEndian.AppendUint32(append(out, magic[:]...), uint32(len(raw)))
		out = append(out, raw...)
	}
	_, err := w.Write(out)
	return err
}
