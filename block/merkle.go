package block

// MerkleRoot returns the root of the tree over ids (whitepaper §7):
//
//	     root
//	    /    \
//	 H(ab)   H(cc)      an odd level repeats its last hash
//	 /  \    /
//	a    b  c
//
// and whether two neighbours on some level are the same hash. The repetition
// makes the lists [a b c] and [a b c c] share a root, so a block with such a
// pair proves nothing about its header: it is refused as mutated, and its hash
// stays innocent (CVE-2012-2459; Core: ComputeMerkleRoot). An empty list has
// the zero root.
func MerkleRoot(ids []Hash) (root Hash, mutated bool) {
	if len(ids) == 0 {
		return Hash{}, false
	}
	level := append(make([]Hash, 0, len(ids)+1), ids...)
	for len(level) > 1 {
		for i := 0; i+1 < len(level); i += 2 {
			mutated = mutated || level[i] == level[i+1]
		}
		if len(level)%2 == 1 {
			level = append(level, level[len(level)-1])
		}
		for i := 0; i < len(level)/2; i++ {
			level[i] = hashPair(level[2*i], level[2*i+1])
		}
		level = level[:len(level)/2]
	}
	return level[0], mutated
}

func hashPair(left, right Hash) Hash {
	var both [64]byte
	copy(both[:32], left[:])
	copy(both[32:], right[:])
	return Sum(both[:])
}
