package answer

import (
	"fmt"
	"time"
	"toychain/consensus"
	"toychain/pow"
	"toychain/rpc"
	"toychain/wallet"
)

// Difficulty returns the difficulty of the bits in a validated header.
func Difficulty(bits uint32) rpc.Float {
	t, _ := pow.TargetFromBits(bits)
	return rpc.Float(t.Difficulty())
}

// Bits writes a compact target as eight hex digits.
func Bits(bits uint32) string { return fmt.Sprintf("%08x", bits) }

// Network returns what getblockchaininfo says of a network.
func Network(p *consensus.Params) rpc.Network {
	return rpc.Network{Name: p.Name, Digest: p.Digest(), Genesis: p.Genesis.Hash(), Limit: Bits(p.Limit),
		Window: p.Window, Spacing: int(p.Spacing / time.Second), Future: int(p.Future / time.Second),
		Subsidy: p.Subsidy, Halving: p.Halving, Maturity: p.Maturity}
}

// Address returns the address that an output script pays on a network, "" if it pays none.
func Address(p *consensus.Params, script []byte) string {
	a, ok := wallet.AddressOf(script)
	if !ok {
		return ""
	}
	return a.Encode(p.Prefixes)
}
