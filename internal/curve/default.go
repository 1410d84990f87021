//go:build !libsecp256k1

package curve

import "toychain/consensus"

// Name says who checks signatures in this build.
const Name = "btcec"

// P2PKH returns the rule for spending, with the signature check of this build.
func P2PKH() consensus.P2PKH { return consensus.P2PKH{Signature: btcecCheck()} }
