package virtual_test

import (
	"errors"
	"strings"
	"testing"

	"toychain/testnet/rogue/forge"
	"toychain/testnet/scenario"
	"toychain/testnet/scenario/virtual"
)

// must plays a script that must go well.
func must(t *testing.T, text string) {
	t.Helper()
	if err := play(t, t.Name(), text, 1); err != nil {
		t.Error(err)
	}
}

// TestSameSeedSameBytes: one seed is one run, another seed is another one, and both show the same.
func TestSameSeedSameBytes(t *testing.T) {
	all := scripts(t)
	for _, name := range []string{"pay", "secret", "crashloop", "miners"} {
		hashes := map[string]uint64{}
		for _, seed := range []uint64{1, 1, 2} {
			w := virtual.New(seed)
			if _, err := playIn(t, name, all[name], w); err != nil {
				t.Errorf("%s with seed %d: %v", name, seed, err)
			}
			if other, there := hashes[w.LogHash()]; there != (other == seed && seed == 1) {
				t.Errorf("%s: seeds %d and %d end in the same hash", name, other, seed)
			}
			hashes[w.LogHash()] = seed
		}
		if len(hashes) != 2 {
			t.Errorf("%s: seeds 1, 1 and 2 end in %d hashes, want 2", name, len(hashes))
		}
	}
}

// TestLies: every rule that a rogue can break is noticed, and the right ones are punished.
func TestLies(t *testing.T) {
	for _, rule := range scenario.Lies {
		t.Run(rule, func(t *testing.T) {
			bans := "0"
			for _, r := range forge.Lies {
				if string(r) == rule && forge.Penalized(r) {
					bans = "1"
				}
			}
			must(t, "nodes 2\nmine n1 12\nsettle\nlie invalid n1 "+rule+`
expect n1 bans `+bans+`
expect n1 n2 tip b12
expect n2 lacks b13
expect n2 bans 0
mine n2 1
settle
expect n1 n2 height 13
`)
		})
	}
}

// TestFloods: what the engine bounds is bounded in virtual time, too.
func TestFloods(t *testing.T) {
	for what, banned := range map[string]string{"orphan-blocks": "0", "orphan-txs": "0", "side-blocks": "0", "invalid-blocks": "1",
		"invalid-txs": "1", "claims": "<= 1", "headers": "<= 1"} {
		t.Run(what, func(t *testing.T) {
			must(t, "network regtest\nnodes 2\nmine n1 3\nsettle\nflood n1 "+what+` 150
expect n1 n2 height 3
expect n1 n2 pool 0
expect n1 bans `+banned+`
expect n2 bans 0
mine n2 1
settle
expect n1 n2 height 4
`)
		})
	}
}

// TestEveryFlood: a flood is played or is Impossible, for a reason.
func TestEveryFlood(t *testing.T) {
	for _, what := range scenario.Floods {
		err := play(t, what, "network regtest\nnodes 1\nmine n1 1\nflood n1 "+what+" 1\n", 1)
		if no, is := errors.AsType[virtual.Impossible](err); err != nil && (!is || no.Why == "") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestRogueStays: partitions and shapes are about nodes; a rogue stays a peer of its own.
func TestRogueStays(t *testing.T) {
	must(t, `nodes 3
mine n1 1
settle
lie withhold n1 1
lie withhold n1 1
partition n1 | n2 n3
lie release n1
expect n1 height 3
expect n2 n3 height 1
connect line
heal
settle
expect all height 3
`)
}

// TestKeys: a node without its key is another peer, and has the same chain.
func TestKeys(t *testing.T) {
	must(t, `nodes 3
mine n1 3
settle
kill n3
lose n3 key
restart n3
expect n1 n2 n3 peers 2
settle
tips
----
n1 n2 n3    b1-b2-b3    height 3
`)
}

// TestPool: a mempool outlives an end in good order, unless its file is lost.
func TestPool(t *testing.T) {
	const begin = `nodes 2
mine n1 1 to alice
settle
mine n2 10
settle
partition n1 | n2
pay alice bob 20 on n1
restart n1
expect p1 pending on n1
kill n1
`
	must(t, begin+"restart n1\nexpect p1 pending on n1\n")
	must(t, begin+"lose n1 pool\nrestart n1\nexpect p1 unknown on n1\n")
	must(t, begin+"wipe n1\nrestart n1\nexpect n1 pool 0\nexpect n1 height 0\n")
}

// TestReindex: a start makes up for all that is not kept.
func TestReindex(t *testing.T) {
	must(t, "nodes 1\nmine n1 5\nkill n1\nreindex n1\nrestart n1\nexpect n1 height 5\n")
}

// TestWrong: steps that make no sense are errors that say so, as on real nodes.
func TestWrong(t *testing.T) {
	for steps, want := range map[string]string{
		"kill n1\nkill n1":                          "n1: the node does not run",
		"kill n1\npause n1":                         "n1: the node does not run",
		"resume n1":                                 "n1 is not paused",
		"wipe n1":                                   "wipe: n1 runs: kill it first",
		"kill n1\nmine n1 1":                        "n1 is not running",
		"pause n1\nmine n1 1":                       "n1 is paused",
		"kill n1\nlose n1 pool":                     "n1 has lost its pool already, or never had any",
		"kill n1\nlie invalid n1":                   "n1 is not running: a rogue cannot join it",
		"pay alice bob 1 on n1":                     "alice → bob on n1: ",
		"lie slander n1 n2":                         "genesis has no sibling",
		"mine n1 1\nexpect n1 refuses b1 high-hash": "n1 on b1: expected high-hash, is accepted",
	} {
		if err := play(t, "wrong", "nodes 2\n"+steps+"\n", 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", steps, err, want)
		}
	}
}

// TestManyNodes: more than ten nodes are no full mesh, and agree.
func TestManyNodes(t *testing.T) {
	must(t, "nodes 40\nmine n7 2\nsettle\nexpect n1 n40 peers 8\nmine n31 1\nsettle\nexpect all height 3\n")
}
