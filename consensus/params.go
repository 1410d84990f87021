package consensus

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"toychain/block"
	"toychain/pow"
)

// Params is everything that the nodes of one network must agree on, as plain values. Two
// nodes with different Params are on different networks: see [Params.Digest].
type Params struct {
	Name    string
	Genesis *block.Block

	Limit   uint32        // easiest target, in compact form
	Window  int           // blocks between changes of the target; 0: it never changes
	Spacing time.Duration // wanted time between blocks, whole seconds
	Future  time.Duration // how far a header may be ahead of our clock, whole seconds: see FutureFor

	Subsidy  block.Amount // what the first blocks may create
	Halving  block.Height // blocks until it halves, again and again
	Maturity block.Height // blocks until a coinbase can be spent

	// The heights from which Bitcoin's later rules hold.
	BIP34 block.Height // height in the coinbase, version 2
	BIP66 block.Height // strict DER (held from the start here), version 3
	BIP65 block.Height // version 4
	CSV   block.Height // relative lock times and median-time lock times (BIP68, BIP113)

	Prefixes block.Prefixes
}

// Regtest returns Bitcoin Core's regression test network: a block costs two hashes.
func Regtest() *Params {
	return &Params{
		Name:    "regtest",
		Genesis: satoshiGenesis(1296688602, 0x207fffff, 2),
		Limit:   0x207fffff, Window: 0, Spacing: 10 * time.Minute, Future: BitcoinFuture,
		Subsidy: 50 * block.Coin, Halving: 150, Maturity: 100,
		BIP34: 1, BIP66: 1, BIP65: 1, CSV: 1,
		Prefixes: testPrefixes,
	}
}

// Main returns Bitcoin's own parameters, for validating real headers and blocks offline.
// toychain ships no address of any of its nodes.
func Main() *Params {
	return &Params{
		Name:    "main",
		Genesis: satoshiGenesis(1231006505, 0x1d00ffff, 2083236893),
		Limit:   0x1d00ffff, Window: 2016, Spacing: 10 * time.Minute, Future: BitcoinFuture,
		Subsidy: 50 * block.Coin, Halving: 210_000, Maturity: 100,
		BIP34: 227_931, BIP66: 363_725, BIP65: 388_381, CSV: 419_328,
		Prefixes: block.Prefixes{PubKeyHash: 0x00, WIF: 0x80, CoinType: 0,
			HDPrivate: [4]byte{0x04, 0x88, 0xad, 0xe4}, HDPublic: [4]byte{0x04, 0x88, 0xb2, 0x1e}},
	}
}

// Toy returns the default network: a block every ten seconds, a target that changes every
// five minutes, coins that can be spent after ten blocks.
func Toy() *Params {
	p := &Params{
		Name:  "toy",
		Limit: 0x1f00ffff, Window: 30, Spacing: 10 * time.Second, Future: FutureFor(30, 10*time.Second),
		Subsidy: 50 * block.Coin, Halving: 1000, Maturity: 10,
		BIP34: 1, BIP66: 1, BIP65: 1, CSV: 1,
		Prefixes: testPrefixes,
	}
	p.Genesis = p.MakeGenesis(toyTime, p.Limit, toyNonce)
	return p
}

// BitcoinFuture is how far ahead of our clock Bitcoin lets a header be (Core:
// MAX_FUTURE_BLOCK_TIME).
const BitcoinFuture = 2 * time.Hour

// FutureFor returns how far a header may be ahead of our clock on a network that changes its
// target every window blocks: twelve blocks' worth, as on Bitcoin, and two minutes at least.
//
// The allowance is what a miner can lie about. Two hours are a 168th of Bitcoin's
// window of two weeks; of toy's window of five minutes they would be 24 times the whole, and
// one liar could set the difficulty at will. Without a window there is nothing to gain, and
// many blocks that are mined at once need the room: each must be later than the median of
// the eleven before it, so their times climb ahead of the clock.
func FutureFor(window int, spacing time.Duration) time.Duration {
	if window == 0 {
		return BitcoinFuture
	}
	return max(2*time.Minute, 12*spacing)
}

// Preset returns the network of this name; false if there is none.
func Preset(name string) (*Params, bool) {
	switch name {
	case "toy":
		return Toy(), true
	case "regtest":
		return Regtest(), true
	case "main":
		return Main(), true
	}
	return nil, false
}

// Toy's genesis: the time that was chosen and the first nonce that meets the target.
const (
	toyTime  = 1_767_225_600 // 2026-01-01T00:00:00Z
	toyNonce = 12_649
)

var testPrefixes = block.Prefixes{PubKeyHash: 0x6f, WIF: 0xef, CoinType: 1,
	HDPrivate: [4]byte{0x04, 0x35, 0x83, 0x94}, HDPublic: [4]byte{0x04, 0x35, 0x87, 0xcf}}

// satoshiGenesis returns the first block of Bitcoin's networks. They share the
// coinbase with the headline of the day and differ in time, target and nonce.
func satoshiGenesis(time, bits, nonce uint32) *block.Block {
	const headline = "The Times 03/Jan/2009 Chancellor on brink of second bailout for banks"
	const key = "04678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb6" +
		"49f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f"
	pub, err := hex.DecodeString(key)
	if err != nil {
		panic(err)
	}
	in := append([]byte{4, 0xff, 0xff, 0, 0x1d, 1, 4, byte(len(headline))}, headline...)
	out := append(append([]byte{byte(len(pub))}, pub...), 0xac)
	return firstBlock(in, block.Output{Value: 50 * block.Coin, Script: out}, time, bits, nonce)
}

// MakeGenesis returns the first block of a network of toychain's own. Its coinbase commits
// to the parameters, so that other parameters make another chain from the start. Its only
// output is a data carrier, which cannot be spent.
func (p *Params) MakeGenesis(time, bits, nonce uint32) *block.Block {
	digest := sha256.Sum256([]byte(p.describe()))
	in := append([]byte{4, 0, 0, 0, 0, 32}, digest[:]...)
	script, err := block.DataScript([]byte("toychain " + p.Name))
	if err != nil {
		panic(err) // names are bounded: network.check
	}
	return firstBlock(in, block.Output{Value: p.Subsidy, Script: script}, time, bits, nonce)
}

func firstBlock(in []byte, out block.Output, time, bits, nonce uint32) *block.Block {
	coinbase := &block.Tx{
		Version: 1,
		Inputs:  []block.Input{{Prev: block.Outpoint{Index: block.NullIndex}, Script: in, Sequence: block.SequenceFinal}},
		Outputs: []block.Output{out},
	}
	root, _ := block.MerkleRoot([]block.Hash{coinbase.ID()})
	return &block.Block{
		Header: block.Header{Version: 1, MerkleRoot: root, Time: time, Bits: bits, Nonce: nonce},
		Txs:    []*block.Tx{coinbase},
	}
}

// describe writes every parameter but the genesis block, one way only. Future was two hours
// on every network at first, and is not written if it is.
func (p *Params) describe() string {
	text := fmt.Sprintf("toychain 1|%q|%08x|%d|%d|%d|%d|%d|%d|%d|%d|%d|%x",
		p.Name, p.Limit, p.Window, int64(p.Spacing.Seconds()), p.Subsidy, p.Halving, p.Maturity,
		p.BIP34, p.BIP66, p.BIP65, p.CSV, p.Prefixes)
	if p.Future != BitcoinFuture {
		text += fmt.Sprintf("|future %d", int64(p.Future.Seconds()))
	}
	return text
}

// Digest returns a hash of the parameters, genesis included. It is part of every libp2p
// protocol ID, so nodes with different digests never meet, and it is stored with the data,
// so a directory of another network is refused.
func (p *Params) Digest() block.Hash {
	g := p.Genesis.Hash()
	return block.Sum(append([]byte(p.describe()), g[:]...))
}

// Magic returns the four bytes that precede each block in this network's block files (Core:
// MessageStart). Bitcoin's networks have Bitcoin's; others have the first four bytes of
// their Digest as it is displayed, with the highest bit set, so that no text begins like
// that. It is not part of the Digest.
func (p *Params) Magic() [4]byte {
	switch p.Name {
	case "main":
		return [4]byte{0xf9, 0xbe, 0xb4, 0xd9}
	case "regtest":
		return [4]byte{0xfa, 0xbf, 0xb5, 0xda}
	}
	d := p.Digest()
	return [4]byte{d[31] | 0x80, d[30], d[29], d[28]}
}

// SubsidyAt returns how much money the block at height h may create: Subsidy, halved every
// Halving blocks until nothing is left (Core: GetBlockSubsidy). All halvings together
// create just under 2·Subsidy·Halving: 21 million coins on main.
func (p *Params) SubsidyAt(h block.Height) block.Amount {
	halvings := h / p.Halving
	if halvings >= 64 {
		return 0
	}
	return p.Subsidy >> halvings
}

// PowLimit returns the easiest target.
func (p *Params) PowLimit() pow.Target {
	t, err := pow.TargetFromBits(p.Limit)
	if err != nil {
		panic(err) // a preset, or checked on load: network.check
	}
	return t
}

// minVersion returns the lowest block version that is accepted at height h. Miners announced
// that they were ready for each of these rules by a version number, and from its activation
// on lower ones are refused.
func (p *Params) minVersion(h block.Height) int32 {
	switch {
	case h >= p.BIP65:
		return 4
	case h >= p.BIP66:
		return 3
	case h >= p.BIP34:
		return 2
	}
	return -1 << 31
}

// bip30 reports whether a block at height h must not overwrite an unspent coin. Once the
// height is in every coinbase (BIP34), no two transactions have the same txid. Bitcoin's
// blocks 91,842 and 91,880 did it before there was a rule.
func (p *Params) bip30(h block.Height) bool {
	repeated := p.Name == "main" && (h == 91_842 || h == 91_880)
	return h < p.BIP34 && !repeated
}
