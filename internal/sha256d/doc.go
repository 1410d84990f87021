// Package sha256d hashes many block headers that differ in the nonce alone, as fast as the
// processor can. It serves pow.Search, which explains what is searched and why; nothing
// here needs to be read to understand proof of work.
//
//	sha256d.go          the midstate, and a portable kernel on crypto/sha256
//	sha_amd64.s         SHA instructions, two nonces at a time
//	avx512_amd64.s      AVX-512, sixteen nonces at a time
//
// All kernels give the same answer; pow's tests hold each against a plain loop. It knows
// 80 bytes and 32 bits of a target, and must not know blocks or networks.
package sha256d
