package block_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"toychain/block"
)

// ids returns n different hashes.
func ids(n int) []block.Hash {
	out := make([]block.Hash, n)
	for i := range out {
		out[i] = block.Sum(binary.LittleEndian.AppendUint32(nil, uint32(i)))
	}
	return out
}

func join(a, b block.Hash) block.Hash { return block.Sum(append(a[:], b[:]...)) }

// Bitcoin's block 100,000 has four transactions: two levels.
func TestMerkleRootOfBlock100000(t *testing.T) {
	root, mutated := block.MerkleRoot([]block.Hash{
		block.MustHash("8c14f0db3df150123e6f3dbbf30f8b955a8249b62ac1d1ff16284aefa3d06d87"),
		block.MustHash("fff2525b8931402dd09222c50775608f75787bd2b87e56995a7bdd30f79702c4"),
		block.MustHash("6359f0868171b1d194cbee1af2f16ea598ae8fad666d9b012c8ed2b79a236ec4"),
		block.MustHash("e9a66845e05d5abc0ad04ec80f774a7e585c6e8db975962d069a522137b80c1d"),
	})
	if want := "f3e94742aca4b5ef85488dc37c06c3282295ffec960994b2c0d5ac2a25a95766"; root.String() != want || mutated {
		t.Errorf("root %s, mutated %v, want %s", root, mutated, want)
	}
}

// The trees of one to five leaves, hash by hash.
func TestMerkleTrees(t *testing.T) {
	l := ids(5)
	a, b, c, d, e := l[0], l[1], l[2], l[3], l[4]
	ab, cc, cd, ee := join(a, b), join(c, c), join(c, d), join(e, e)
	for n, want := range []block.Hash{
		{},
		a,
		ab,
		join(ab, cc),
		join(ab, cd),
		join(join(ab, cd), join(ee, ee)), // the odd one is repeated on two levels
	} {
		if root, mutated := block.MerkleRoot(l[:n]); root != want || mutated {
			t.Errorf("%d leaves: root %s, mutated %v, want %s", n, root, mutated, want)
		}
	}
	if want := ids(5); !slices.Equal(l, want) {
		t.Error("the list of leaves was written to")
	}
}

// CVE-2012-2459: each pair of lists has one root, because an odd level repeats its
// last hash. A second list that is sent as the body of the first one's block must be
// recognised, or the honest block's hash would be rejected for it.
func TestMutatedLists(t *testing.T) {
	for _, row := range []struct {
		what         string
		honest, fake []int
	}{
		{"last of three doubled", []int{0, 1, 2}, []int{0, 1, 2, 2}},
		{"last of five doubled", []int{0, 1, 2, 3, 4}, []int{0, 1, 2, 3, 4, 4}},
		{"last of five four times", []int{0, 1, 2, 3, 4}, []int{0, 1, 2, 3, 4, 4, 4, 4}},
		{"last pair of six doubled", []int{0, 1, 2, 3, 4, 5}, []int{0, 1, 2, 3, 4, 5, 4, 5}},
		{"last of seven doubled", []int{0, 1, 2, 3, 4, 5, 6}, []int{0, 1, 2, 3, 4, 5, 6, 6}},
	} {
		l := ids(7)
		pick := func(is []int) (out []block.Hash) {
			for _, i := range is {
				out = append(out, l[i])
			}
			return out
		}
		root, mutated := block.MerkleRoot(pick(row.honest))
		fake, found := block.MerkleRoot(pick(row.fake))
		if root != fake {
			t.Errorf("%s: roots %s and %s differ: no attack", row.what, root, fake)
		}
		if mutated || !found {
			t.Errorf("%s: honest list called mutated: %v, fake one: %v", row.what, mutated, found)
		}
	}
}

// merkleOracle computes the root from the top down: the left half has the largest power
// of two of leaves that leaves some for the right half, and the right half is filled up
// to the same size with copies of its last complete subtree.
func merkleOracle(l []block.Hash) block.Hash {
	if len(l) == 1 {
		return l[0]
	}
	half := 1
	for half*2 < len(l) {
		half *= 2
	}
	right := slices.Clone(l[half:])
	for len(right) < half {
		last := len(right) & -len(right) // its size: the lowest bit that is set
		right = append(right, right[len(right)-last:]...)
	}
	return join(merkleOracle(l[:half]), merkleOracle(right))
}

func TestMerkleRootIsTheDefinition(t *testing.T) {
	all := ids(200)
	rapid.Check(t, func(t *rapid.T) {
		l := all[:rapid.IntRange(1, len(all)).Draw(t, "leaves")]
		if root, mutated := block.MerkleRoot(l); root != merkleOracle(l) || mutated {
			t.Fatalf("%d leaves: root %s, mutated %v", len(l), root, mutated)
		}
	})
}
