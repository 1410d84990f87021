package network

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/pow"
)

// New returns the parameters of a custom network. p has the values of a network file;
// its Future may be 0 for [consensus.FutureFor]. The rest is toy's. bits are the target to
// start with, in compact form; time is the genesis block's, in seconds since 1970. The genesis
// block has no nonce yet: search one with pow.Search before anything else.
func New(p consensus.Params, bits, time uint32) (*consensus.Params, error) {
	toy := consensus.Toy()
	p.BIP34, p.BIP66, p.BIP65, p.CSV, p.Prefixes = toy.BIP34, toy.BIP66, toy.BIP65, toy.CSV, toy.Prefixes
	if p.Future == 0 {
		p.Future = consensus.FutureFor(p.Window, p.Spacing)
	}
	if err := checkParams(&p); err != nil {
		return nil, err
	}
	start, err := pow.TargetFromBits(bits)
	if err != nil {
		return nil, fmt.Errorf("starting bits %08x: %w", bits, err)
	}
	if start.Cmp(p.PowLimit()) > 0 || start.Bits() != bits {
		return nil, fmt.Errorf("starting bits %08x: want a target no easier than the limit %08x", bits, p.Limit)
	}
	p.Genesis = p.MakeGenesis(time, bits, 0)
	return &p, nil
}

// Fixed returns the parameters of New, with the nonce of the genesis block. The same arguments give
// the same network. It takes about as many hashes as bits demand.
func Fixed(p consensus.Params, bits, time uint32) (*consensus.Params, error) {
	made, err := New(p, bits, time)
	if err != nil {
		return nil, err
	}
	target, err := pow.TargetFromBits(bits)
	if err != nil {
		return nil, err
	}
	if _, found := pow.Search(&made.Genesis.Header, target, 0, 1<<32); !found {
		return nil, fmt.Errorf("no nonce fits the starting bits %08x: choose an easier target", bits)
	}
	return made, nil
}

// WithWindow returns a network that is like p but for the number of blocks between two changes of
// the difficulty, 0 for none: p itself if that is its window, else one of another name.
func WithWindow(p *consensus.Params, window int) (*consensus.Params, error) {
	if p.Window == window {
		return p, nil
	}
	q := *p
	q.Name, q.Window, q.Future = fmt.Sprintf("%s-window%d", p.Name, window), window, 0
	return Fixed(q, p.Genesis.Header.Bits, p.Genesis.Header.Time)
}

var networkName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// checkParams refuses parameters that no chain could live by.
func checkParams(p *consensus.Params) error {
	if !networkName.MatchString(p.Name) {
		return fmt.Errorf("name %q: want at most 32 of a-z, 0-9, - and _, a letter first", p.Name)
	}
	if _, taken := consensus.Preset(p.Name); taken {
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
	case p.Future%time.Second != 0 || p.Future < time.Second || p.Future > 12*24*time.Hour:
		return fmt.Errorf("future %s: want whole seconds, from 1s to 288h", p.Future)
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
