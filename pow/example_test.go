package pow_test

import (
	"fmt"

	"toychain/block"
	"toychain/pow"
)

// Four bytes in the header stand for a number of 256 bits.
func ExampleTargetFromBits() {
	for _, bits := range []uint32{0x207fffff, 0x1f00ffff, 0x1d00ffff} {
		t, err := pow.TargetFromBits(bits)
		fmt.Printf("%08x %s… %v\n", bits, t.String()[:16], err)
	}
	_, err := pow.TargetFromBits(0x04923456)
	fmt.Println(err)
	// Output:
	// 207fffff 7fffff0000000000… <nil>
	// 1f00ffff 0000ffff00000000… <nil>
	// 1d00ffff 00000000ffff0000… <nil>
	// bits 04923456: target is negative
}

// A hash wins if it is at most the target, both read as numbers.
func ExampleTarget_Met() {
	t, _ := pow.TargetFromBits(0x1d00ffff)
	genesis := block.MustHash("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f")
	loser := block.MustHash("f00000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f")
	fmt.Println(t.Met(genesis), t.Met(loser))
	// Output: true false
}

// Work is how many tries a block takes on average. It adds up along a chain: here
// ten easy blocks are worth less than one hard one.
func ExampleWork() {
	easy, _ := pow.TargetFromBits(0x207fffff) // every second hash wins
	hard, _ := pow.TargetFromBits(0x2000ffff) // one in 256 wins
	var branch pow.Work
	for range 10 {
		branch = branch.Add(easy.Work())
	}
	fmt.Println("10 easy blocks:", branch.Float(), "tries")
	fmt.Println(" 1 hard block: ", hard.Work().Float(), "tries")
	fmt.Println("the hard block wins:", hard.Work().Cmp(branch) > 0)
	// Output:
	// 10 easy blocks: 20 tries
	//  1 hard block:  256 tries
	// the hard block wins: true
}

// Bitcoin's first change of difficulty, at block 32,256: the 2,016 blocks before it took
// less than twelve days instead of fourteen.
func ExampleRetarget() {
	limit, _ := pow.TargetFromBits(0x1d00ffff)
	const actual = 1262152739 - 1261130161 // times of block 32,255 and block 30,240
	next := pow.Retarget(limit, limit, actual, 14*24*60*60)
	fmt.Printf("%.1f days, next bits %08x, difficulty %.2f\n", actual/86400., next.Bits(), next.Difficulty())
	// Output: 11.8 days, next bits 1d00d86a, difficulty 1.18
}

// Mining is trying nonces until the hash is small enough.
func ExampleSearch() {
	h := block.Header{Version: 1, Time: 1231006505, Bits: 0x1f00ffff}
	t, _ := pow.TargetFromBits(h.Bits)
	tried, found := pow.Search(&h, t, 0, 1_000_000)
	fmt.Println(found, "after", tried, "tries, nonce", h.Nonce)
	fmt.Println(h.Hash())
	// Output:
	// true after 34043 tries, nonce 34042
	// 00008f2ed4fba812adf6af527181f8116400294865bb06c6be757a4bcb2bda98
}
