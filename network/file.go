package network

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"toychain/block"
	"toychain/consensus"
	"toychain/pow"
)

// file is how a custom network is written down.
type file struct {
	Name     string      `toml:"name"`
	Spacing  string      `toml:"spacing"`
	Future   string      `toml:"future"`
	Window   int         `toml:"window"`
	Limit    string      `toml:"limit"`
	Subsidy  string      `toml:"subsidy"`
	Halving  int32       `toml:"halving"`
	Maturity int32       `toml:"maturity"`
	Genesis  genesisFile `toml:"genesis"`
}

type genesisFile struct {
	Time  uint32     `toml:"time"`
	Bits  string     `toml:"bits"`
	Nonce uint32     `toml:"nonce"`
	Hash  block.Hash `toml:"hash"`
}

const fileHead = `# A toychain network. Nodes that are to meet need the same file: every value is
# part of the genesis block's hash. Make another one with: toychain network new
#
# spacing   wanted time between blocks
# future    how far a block may be ahead of a node's clock
# window    blocks between changes of the difficulty; 0: it never changes
# limit     easiest target, in compact form; genesis.bits is the one to start with
# subsidy   coins that the first blocks create, halved every "halving" blocks
# maturity  blocks until a coinbase can be spent

`

// Write writes the parameters as TOML.
func Write(w io.Writer, p *consensus.Params) error {
	if _, err := io.WriteString(w, fileHead); err != nil {
		return err
	}
	g := p.Genesis.Header
	return toml.NewEncoder(w).Encode(file{
		Name: p.Name, Spacing: p.Spacing.String(), Future: p.Future.String(), Window: p.Window, Limit: fmt.Sprintf("%08x", p.Limit),
		Subsidy: p.Subsidy.Short(), Halving: int32(p.Halving), Maturity: int32(p.Maturity),
		Genesis: genesisFile{Time: g.Time, Bits: fmt.Sprintf("%08x", g.Bits), Nonce: g.Nonce, Hash: g.Hash()},
	})
}

// Parse reads what Write wrote. Every value is part of the genesis block's hash, so a
// changed or damaged file does not fit the hash that it names. A file from before there was
// a key "future" means Bitcoin's two hours, as it did then.
func Parse(text string) (*consensus.Params, error) {
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

func (f *file) params() (*consensus.Params, error) {
	spacing, err := time.ParseDuration(f.Spacing)
	if err != nil {
		return nil, fmt.Errorf("spacing %q: want a duration like 10s", f.Spacing)
	}
	future := consensus.BitcoinFuture
	if f.Future != "" {
		if future, err = time.ParseDuration(f.Future); err != nil {
			return nil, fmt.Errorf("future %q: want a duration like 2m0s", f.Future)
		}
	}
	limit, err := pow.ParseBits(f.Limit)
	if err != nil {
		return nil, fmt.Errorf("limit: %w", err)
	}
	bits, err := pow.ParseBits(f.Genesis.Bits)
	if err != nil {
		return nil, fmt.Errorf("genesis.bits: %w", err)
	}
	subsidy, err := block.ParseAmount(f.Subsidy)
	if err != nil {
		return nil, fmt.Errorf("subsidy: %w", err)
	}
	p, err := New(consensus.Params{
		Name: f.Name, Limit: limit, Window: f.Window, Spacing: spacing, Future: future, Subsidy: subsidy,
		Halving: block.Height(f.Halving), Maturity: block.Height(f.Maturity),
	}, bits, f.Genesis.Time)
	if err != nil {
		return nil, err
	}
	p.Genesis.Header.Nonce = f.Genesis.Nonce
	if got := p.Genesis.Hash(); got != f.Genesis.Hash {
		return nil, fmt.Errorf("the file is damaged or was edited: its values make the genesis block %s, it names %s; "+
			"make a new network with: toychain network new", got, f.Genesis.Hash)
	}
	if err := consensus.CheckWork(p, &p.Genesis.Header); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	return p, nil
}

// Load returns the parameters that name stands for: a preset, or the file at that path.
func Load(name string) (*consensus.Params, error) {
	if p, ok := consensus.Preset(name); ok {
		return p, nil
	}
	raw, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("network %q: neither toy, regtest or main nor a file; make one with: toychain network new -o %s",
			name, strings.TrimSuffix(name, ".toml")+".toml")
	}
	if err != nil {
		return nil, fmt.Errorf("network: %w", err)
	}
	p, err := Parse(string(raw))
	if err != nil {
		return nil, fmt.Errorf("network file %s: %w", name, err)
	}
	return p, nil
}

// Text returns what [Write] writes, or "" for a preset, which needs no file.
func Text(p *consensus.Params) (string, error) {
	if _, preset := consensus.Preset(p.Name); preset {
		return "", nil
	}
	var text strings.Builder
	err := Write(&text, p)
	return text.String(), err
}
