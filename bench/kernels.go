package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"github.com/btcsuite/btcd/btcec/v2"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/curve"
	"toychain/pow"
)

// searching measures how many million headers per second pow.Search hashes on so many cores,
// for a target that no header meets.
func searching(cores int, lasts time.Duration) float64 {
	return onCores(cores, lasts, func(h *block.Header, from uint32, n uint64) {
		pow.Search(h, pow.Target{}, from, n)
	})
}

// naively measures the same in the obvious way: the header's 80 bytes, hashed twice.
func naively(cores int, lasts time.Duration) float64 {
	return onCores(cores, lasts, func(h *block.Header, from uint32, n uint64) {
		raw := h.Bytes()
		for i := range n {
			binary.LittleEndian.PutUint32(raw[76:], from+uint32(i))
			first := sha256.Sum256(raw[:])
			if second := sha256.Sum256(first[:]); binary.LittleEndian.Uint64(second[24:]) == 0 {
				return // practically never, but the compiler does not know
			}
		}
	})
}

// onCores makes each core search one piece after the other for a while.
func onCores(cores int, lasts time.Duration, search func(h *block.Header, from uint32, n uint64)) float64 {
	const piece = 1 << 14
	header := consensus.Main().Genesis.Header
	counts := make([]int, cores)
	begin := time.Now()
	var group sync.WaitGroup
	for c := range cores {
		group.Go(func() {
			h := header
			h.Time += uint32(c)
			for n := 0; time.Since(begin) < lasts; n += piece {
				search(&h, uint32(n), piece)
				counts[c] += piece
			}
		})
	}
	group.Wait()
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return rate(sum, time.Since(begin)) / 1e6
}

// elsewhere measures in another build of this program: see searchOnly and judgeOnly.
func elsewhere(binary string, args ...string) measure {
	return func(ctx context.Context, _ *subject) (figure float64, err error) {
		out, err := exec.CommandContext(ctx, binary, args...).Output()
		if err == nil {
			err = json.Unmarshal(out, &figure)
		}
		return figure, err
	}
}

// searchOnly as the first argument makes this program print the result of searching.
const searchOnly = "search-only"

func searchOnlyMain(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("%s: want CORES DURATION", searchOnly)
	}
	cores, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	lasts, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(searching(cores, lasts))
}

// judgeOnly as the first argument makes this program print the result of judging.
const judgeOnly = "judge-only"

func judgeOnlyMain(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("%s: want PAYMENTS DURATION", judgeOnly)
	}
	z := quick
	var err error
	if z.payments, err = strconv.Atoi(args[0]); err != nil {
		return err
	}
	if z.search, err = time.ParseDuration(args[1]); err != nil {
		return err
	}
	l := &lab{z: z, chains: makeChains(z, time.Now())}
	figure, err := l.judging(context.Background(), nil)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(figure)
}

// judging measures how many signatures per second block validation checks, with everything else
// that it does for a full block.
func (l *lab) judging(context.Context, *subject) (float64, error) {
	begin, n := time.Now(), 0
	for ; time.Since(begin) < l.z.search; n += l.z.payments {
		if _, _, err := consensus.ApplyBlock(l.state, consensus.NewBlock(l.body), l.coins, chain.NewVerifier(curve.P2PKH())); err != nil {
			return 0, err
		}
	}
	return rate(n, time.Since(begin)), nil
}

// verifying measures how many signatures per second the curve alone can check on one core.
func (l *lab) verifying(context.Context, *subject) (float64, error) {
	tx := l.body.Txs[1]
	sig, key, _, err := block.ParsePubKeyHashInput(tx.Inputs[0].Script)
	if err != nil {
		return 0, err
	}
	signature, err := ecdsa.ParseDERSignature(sig[:len(sig)-1])
	if err != nil {
		return 0, err
	}
	public, err := btcec.ParsePubKey(key)
	if err != nil {
		return 0, err
	}
	digest := block.SigHash(tx, 0, l.coins[tx.Inputs[0].Prev].Script, block.SigAll)
	begin, n := time.Now(), 0
	for ; time.Since(begin) < l.z.search; n++ {
		if !signature.Verify(digest[:], public) {
			return 0, fmt.Errorf("the signature of %s does not fit", tx.ID())
		}
	}
	return rate(n, time.Since(begin)), nil
}

// cores returns the number of processors, at most two, for which the targets are set.
func cores() int { return min(2, runtime.NumCPU()) }
