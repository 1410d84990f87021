module toychain/bench

go 1.26.6

require (
	github.com/btcsuite/btcd/btcec/v2 v2.5.0
	toychain v0.0.0
)

require (
	github.com/BurntSushi/toml v1.6.0 // indirect
	github.com/decred/dcrd/dcrec/secp256k1/v4 v4.4.1 // indirect
	github.com/hashicorp/golang-lru/v2 v2.0.7 // indirect
	github.com/stretchr/testify v1.12.1 // indirect
	golang.org/x/crypto v0.58.0 // indirect
)

replace toychain => ../
