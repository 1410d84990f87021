package chain

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"

	"github.com/BurntSushi/toml"

	"toychain/block"
	"toychain/pow"
)

// file is how a network of one's own is written down.
type file struct {
	Name     string      `toml:"name"`
	Spacing  string      `toml:"spacing"`
	Window   int         `toml:"window"`
	Limit    string      `toml:"limit"`
	Subsidy  string      `toml:"subsidy"`
	Halving  int32       `toml:"halving"`
	Maturity int32       `toml:"maturity"`
	Genesis  genesisFile `toml:"genesis"`
}

type genesisFile struct {
	Time  uint32 `toml:"time"`
	Bits  string `toml:"bits"`
	Nonce uint32 `toml:"nonce"`
	Hash  string `toml:"hash"`
}

const fileHead = `# A toychain network. Nodes that are to meet need the same file: every value is
# part of the genesis block's hash. Make another one with: toychain network new
#
# spacing   wanted time between blocks
# window    blocks between changes of the difficulty; 0: it never changes
# limit     easiest target, in compact form; genesis.bits is the one to start with
# subsidy   coins that the first blocks create, halved every "halving" blocks
# maturity  blocks until a coinbase can be spent

`

// NewNetwork returns the parameters of a network of one's own. p has the values
// of file above and those that toy has; bits are the target to start with, in
// compact form; time is the genesis block's, in seconds since 1970. The genesis
// block has no nonce yet: search one with pow.Search before anything else.
func NewNetwork(p Params, bits, time uint32) (*Params, error) {
	toy := Toy()
	p.BIP34, p.BIP66, p.BIP65, p.CSV, p.Prefixes = toy.BIP34, toy.BIP66, toy.BIP65, toy.CSV, toy.Prefixes
	if err := p.check(); err != nil {
		return nil, err
	}
	start, err := pow.TargetFromBits(bits)
	if err != nil {
		return nil, fmt.Errorf("starting bits %08x: %w", bits, err)
	}
	if start.Cmp(p.limit()) > 0 || start.Bits() != bits {
		return nil, fmt.Errorf("starting bits %08x: want a target no easier than the limit %08x", bits, p.Limit)
	}
	p.Genesis = p.genesis(time, bits, 0)
	return &p, nil
}

// WriteTo writes the parameters as TOML.
func (p *Params) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	b.WriteString(fileHead)
	g := p.Genesis.Header
	err := toml.NewEncoder(&b).Encode(file{
		Name: p.Name, Spacing: p.Spacing.String(), Window: p.Window, Limit: fmt.Sprintf("%08x", p.Limit),
		Subsidy: p.Subsidy.Short(), Halving: int32(p.Halving), Maturity: int32(p.Maturity),
		Genesis: genesisFile{Time: g.Time, Bits: fmt.Sprintf("%08x", g.Bits), Nonce: g.Nonce, Hash: g.Hash().String()},
	})
	if err != nil {
		return 0, err
	}
	return b.WriteTo(w)
}

// ReadParams reads what WriteTo wrote. Every value is part of the genesis block's
// hash, so a changed or damaged file does not fit the hash that it names.
func ReadParams(text string) (*Params, error) {
	var f file
	meta, err := toml.Decode(text, &f)
	if err != nil {
		return nil, fmt.Errorf("not a network file: %w", err)
	}
	if extra := meta.Undecoded(); len(extra) > 0 {
		return nil, fmt.Errorf("not a network file: unknown key %q", extra[0])
	}
	for _, key := range [][]string{{"name"}, {"spacing"}, {"window"}, {"limit"}, {"subsidy"}, {"halving"}, {"maturity"},
		{"genesis", "time"}, {"genesis", "bits"}, {"genesis", "nonce"}, {"genesis", "hash"}} {
		if !meta.IsDefined(key...) {
			return nil, fmt.Errorf("not a network file: %s is missing", toml.Key(key))
		}
	}
	return f.params()
}

func (f *file) params() (*Params, error) {
	spacing, err := time.ParseDuration(f.Spacing)
	if err != nil {
		return nil, fmt.Errorf("spacing %q: want a duration like 10s", f.Spacing)
	}
	limit, err := ParseBits(f.Limit)
	if err != nil {
		return nil, fmt.Errorf("limit: %w", err)
	}
	bits, err := ParseBits(f.Genesis.Bits)
	if err != nil {
		return nil, fmt.Errorf("genesis.bits: %w", err)
	}
	subsidy, err := block.ParseAmount(f.Subsidy)
	if err != nil {
		return nil, fmt.Errorf("subsidy: %w", err)
	}
	want, err := block.ParseHash(f.Genesis.Hash)
	if err != nil {
		return nil, fmt.Errorf("genesis.hash: %w", err)
	}
	p, err := NewNetwork(Params{
		Name: f.Name, Limit: limit, Window: f.Window, Spacing: spacing, Subsidy: subsidy,
		Halving: block.Height(f.Halving), Maturity: block.Height(f.Maturity),
	}, bits, f.Genesis.Time)
	if err != nil {
		return nil, err
	}
	p.Genesis.Header.Nonce = f.Genesis.Nonce
	if got := p.Genesis.Hash(); got != want {
		return nil, fmt.Errorf("the file is damaged or was edited: its values make the genesis block %s, it names %s; "+
			"make a new network with: toychain network new", got, want)
	}
	if err := CheckWork(p, &p.Genesis.Header); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	return p, nil
}

// ParseBits reads a compact target as eight hex digits, as getblockheader shows it.
func ParseBits(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil || len(s) != 8 {
		return 0, fmt.Errorf("%q: want eight hex digits like 1f00ffff", s)
	}
	return uint32(n), nil
}

var networkName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// check refuses parameters that no chain could live by.
func (p *Params) check() error {
	if !networkName.MatchString(p.Name) {
		return fmt.Errorf("name %q: want at most 32 of a-z, 0-9, - and _, a letter first", p.Name)
	}
	if _, taken := Preset(p.Name); taken {
		return fmt.Errorf("name %q: is a network that toychain has; choose another", p.Name)
	}
	target, err := pow.TargetFromBits(p.Limit)
	if err != nil {
		return fmt.Errorf("limit %08x: %w", p.Limit, err)
	}
	if target.Bits() != p.Limit {
		return fmt.Errorf("limit %08x: not in normal form, write %08x", p.Limit, target.Bits())
	}
	regtest, err := pow.TargetFromBits(0x207fffff)
	if err != nil || target.Cmp(regtest) > 0 {
		return fmt.Errorf("limit %08x: easier than 207fffff, which is as easy as it gets", p.Limit)
	}
	// The limits keep window times spacing times four within 32 bits.
	switch seconds := p.Spacing / time.Second; {
	case p.Spacing%time.Second != 0 || seconds < 1 || seconds > 24*60*60:
		return fmt.Errorf("spacing %s: want whole seconds, from 1s to 24h", p.Spacing)
	case p.Window < 0 || p.Window == 1 || p.Window > 10_000:
		return fmt.Errorf("window %d: want 0, or 2 to 10,000 blocks", p.Window)
	case p.Subsidy <= 0 || !p.Subsidy.Valid():
		return fmt.Errorf("subsidy %s: want more than nothing and at most %s", p.Subsidy, block.MaxMoney)
	case p.Halving < 1 || p.Maturity < 1:
		return errors.New("halving and maturity: want at least 1 block")
	case int64(p.Subsidy)*2 > int64(block.MaxMoney)/int64(p.Halving):
		return fmt.Errorf("subsidy %s halved every %d blocks makes more than %s coins", p.Subsidy, p.Halving, block.MaxMoney)
	}
	return nil
}
