package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// measure measures one figure of a subject, which is nil for a row without nodes.
type measure func(context.Context, *subject) (float64, error)

// row is one line of the table.
type row struct {
	name string // for --only
	what string
	unit string
	less bool // less is better

	ours  contender
	rival contender // measure is nil if there is none

	target string
	met    func(ours, ratio float64) bool
	core   string // Bitcoin Core's figure, quoted; "" if there is none
}

// contender is one side of a row.
type contender struct {
	name    string // "" for toychain and btcd themselves
	subject *subject
	measure measure
}

// quoted says when and how the figures of Bitcoin Core were measured.
const quoted = "Bitcoin Core 2026-11-23, not of this run"

// atLeast is a target for the ratio.
func atLeast(want float64) (string, func(float64, float64) bool) {
	return fmt.Sprintf("≥ %g×", want), func(_, ratio float64) bool { return ratio >= want }
}

// ahead is the target of being better than the rival.
func ahead() (string, func(float64, float64) bool) {
	return "> 1×", func(_, ratio float64) bool { return ratio > 1 }
}

// rows returns the rows of the table. bin holds the programs.
func rows(l *lab, bin string) []row {
	program := filepath.Join(bin, "toychain")
	out := slices.Concat(l.kernelRows(filepath.Join(bin, "portable")), l.nodeRows(toychain(program), filepath.Join(bin, "btcd")))
	if compilesC() {
		out = append(out, l.libraryRows(filepath.Join(bin, "bench"+library), toychain(program+library), filepath.Join(bin, "btcd"))...)
	}
	return append(out, l.simRows(program)...)
}

// here returns a measure of something in this process.
func here(f func(int, time.Duration) float64, cores int, lasts time.Duration) measure {
	return func(context.Context, *subject) (float64, error) { return f(cores, lasts), nil }
}

// kernelRows returns the rows without nodes.
func (l *lab) kernelRows(portable string) []row {
	n := cores()
	naive := contender{name: "SHA-256 twice", measure: here(naively, 1, l.z.search)}
	assembly := here(searching, 1, l.z.search)
	out := []row{
		{name: "search-portable", what: "header search in plain Go, one core", unit: "MH/s", rival: naive,
			ours: contender{measure: elsewhere(portable, searchOnly, "1", l.z.search.String())}},
		{name: "search", what: "header search with assembly, one core", unit: "MH/s", rival: naive,
			ours: contender{measure: assembly}},
		{name: "search-cores", what: fmt.Sprintf("the same on %d cores", n), unit: "MH/s",
			rival: contender{name: "one core", measure: assembly}, ours: contender{measure: here(searching, n, l.z.search)}},
		{name: "signatures", what: fmt.Sprintf("signatures in a block, %d cores", n), unit: "/s",
			rival: contender{name: "btcec, one core", measure: l.verifying}, ours: contender{measure: l.judging}},
	}
	for i, want := range []float64{1.25, 5, 0.9 * float64(n), 0.8 * float64(n)} {
		out[i].target, out[i].met = atLeast(want)
	}
	return out
}

// libraryRows returns the rows of the build whose signatures Bitcoin Core's library checks.
func (l *lab) libraryRows(bench string, ours *subject, binary string) []row {
	rival := btcd(binary, "regtest")
	paid := l.z.payments * l.z.full
	versus := func(name, what, core string, m measure) row {
		return row{name: name, what: what + ", -tags libsecp256k1", unit: "/s", core: core,
			ours: contender{subject: ours, measure: m}, rival: contender{subject: rival, measure: m}}
	}
	out := []row{
		{name: "signatures-library", what: fmt.Sprintf("signatures in a block, %d cores, -tags libsecp256k1", cores()), unit: "/s",
			rival: contender{name: "btcec, as above", measure: l.judging},
			ours:  contender{measure: elsewhere(bench, judgeOnly, strconv.Itoa(l.z.payments), l.z.search.String())}},
		versus("payments-library", "payments never seen before, by RPC", "23,000 to 31,000 /s", l.submitting(l.base, l.full, paid)),
		versus("payments-keys-library", "each of a key never seen before", "23,000 to 31,000 /s", l.submitting(l.base, l.strangers, paid)),
		versus("payments-sync-library", "the same from a peer", "", l.syncing(slices.Concat(l.base, l.strangers), paid)),
	}
	for i := range out {
		out[i].target, out[i].met = atLeast(2.5)
	}
	return out
}

// nodeRows returns the rows in which toychain's nodes are measured beside btcd's.
func (l *lab) nodeRows(ours *subject, binary string) []row {
	rival := btcd(binary, "regtest")
	versus := func(name, what, unit string, m measure, core string) row {
		r := row{name: name, what: what, unit: unit, core: core,
			ours: contender{subject: ours, measure: m}, rival: contender{subject: rival, measure: m}}
		r.less = unit == "ms" || unit == "MiB"
		r.target, r.met = ahead()
		return r
	}
	paid := l.z.payments * l.z.full
	cold := fmt.Sprintf("payments, %d a block, never seen before", l.z.payments)
	out := []row{
		versus("payments", cold+", by RPC", "/s", l.submitting(l.base, l.full, paid), "23,000 to 31,000 /s"),
		versus("payments-sync", "the same from a peer", "/s", l.syncing(slices.Concat(l.base, l.full), paid), ""),
		versus("payments-keys", "by RPC, each of a key never seen before", "/s", l.submitting(l.base, l.strangers, paid), ""),
		versus("payments-keys-sync", "the same from a peer", "/s", l.syncing(slices.Concat(l.base, l.strangers), paid), ""),
		versus("payments-pool", "payments by RPC, from the pool", "/s", l.pooled(), "70,000 /s"),
		versus("empty", fmt.Sprintf("%d empty blocks, by RPC", l.z.empty), "/s", l.submitting(nil, l.empty, l.z.empty), "3,500 to 4,200 /s"),
		versus("empty-sync", "the same from a peer", "/s", l.syncing(l.empty, l.z.empty), ""),
		versus("spread-empty", "an empty block to the next node's tip", "ms", l.spreading(l.thin, nil), "2.1 ms"),
		versus("spread-full", fmt.Sprintf("a block of %d payments, from the pool", l.z.payments), "ms", l.spreading(l.full, l.pays), "44 ms"),
		versus("start", "start to first answer", "ms", l.starting(nil), "147 ms"),
		versus("restart", fmt.Sprintf("the same with %d blocks", l.z.empty), "ms", l.starting(l.empty), "202 ms"),
		versus("memory", fmt.Sprintf("memory at rest, %d blocks", l.z.empty), "MiB", l.resting(), "48 MiB"),
		versus("reorg", fmt.Sprintf("%d blocks leave, %d join, %d payments each", l.z.reorg, l.z.reorg+1, l.z.light), "/s", l.reorganising(), ""),
	}
	for i := range out[:4] {
		out[i].target, out[i].met = atLeast(1.2)
	}
	again := &out[slices.IndexFunc(out, func(r row) bool { return r.name == "restart" })]
	again.rival = contender{subject: btcd(binary, "simnet"), measure: l.starting(l.simnet)}
	memory := &out[slices.IndexFunc(out, func(r row) bool { return r.name == "memory" })]
	memory.target, memory.met = "≤ 48 MiB", func(mib, _ float64) bool { return mib <= 48 }

	connecting := versus("reorg-connect", "the same against joining only", "/s", nil, "")
	connecting.ours.measure = l.reorganising()
	connecting.rival = contender{name: "joining", subject: ours, measure: l.submitting(l.base, l.left, l.z.reorg)}
	connecting.target, connecting.met = atLeast(1)
	return append(out, connecting)
}
