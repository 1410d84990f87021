package block

// MerkleRoot returns the root of the tree over ids, the hash that a header commits to
// (whitepaper §7; Core: ComputeMerkleRoot). Each level hashes the one below it in
// pairs, and a level of odd length is completed by a copy of its last hash:
//
//	       root                  a b c  the txids
//	     /      \                H(ab)  the double SHA-256 of a and b, 64 bytes
//	 H(ab)      H(cc)            (c)    the copy
//	 /   \      /   \
//	a     b    c    (c)
//
// mutated reports whether two hashes of a pair are equal without such a copy. The copy
// gives the lists [a b c] and [a b c c] the same root, so an attacker can send the
// second list under the honest block's header. A node that then rejected the header's
// hash for good could never accept the honest block. A mutated list is therefore
// rejected and its header is not blamed (CVE-2012-2459). An empty list has the zero
// root.
func MerkleRoot(ids []Hash) (root Hash, mutated bool) {
	if len(ids) == 0 {
		return Hash{}, false
	}
	level := append(make([]Hash, 0, len(ids)+1), ids...)
	for len(level) > 1 {
		for i := 0; i+1 < len(level); i += 2 { // before the copy, which is no mutation
			mutated = mutated || level[i] == level[i+1]
		}
		if len(level)%2 == 1 {
			level = append(level, level[len(level)-1])
		}
		for i := range len(level) / 2 { // in place: i is never ahead of 2i
			level[i] = hashPair(level[2*i], level[2*i+1])
		}
		level = level[:len(level)/2]
	}
	return level[0], mutated
}

// hashPair returns the hash of an inner node with these children.
func hashPair(left, right Hash) Hash {
	var both [64]byte
	copy(both[:32], left[:])
	copy(both[32:], right[:])
	return Sum(both[:])
}
