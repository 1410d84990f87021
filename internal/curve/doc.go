// Package curve chooses who checks signatures: btcec, or with the build tag libsecp256k1
// Bitcoin Core's own library.
//
//	consensus.P2PKH   strict DER, hash types, the digest          the rule, always ours
//	        │ SignatureCheck(key, r and s, digest)
//	        ├── btcec            the default: Go alone, on every platform
//	        └── libsecp256k1     go build -tags libsecp256k1: C, four times as fast
//
// It knows how a signature is checked. It must not know what a transaction or a block is:
// validation gets the check as an argument and cannot tell one from the other. Both are held
// against each other, and against the vectors of Wycheproof that the library's own
// tests use, by the tests that the tag builds. Signing stays with btcec.
//
// The C library comes inside go-ethereum's module, which go.mod requires. Go fetches a module
// when a package of it is compiled, so only a build with the tag downloads it (23 MB) and
// needs a C compiler. A module of its own in this repository would not keep it out: the
// program that is built with the tag is cmd/toychain, and what its packages import must
// stand in its go.mod.
//
// Differs from Bitcoin: Core also keeps each valid signature in a cache by itself; here
// chain.Verifier remembers transactions.
package curve
