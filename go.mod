module toychain

go 1.26.6

require (
	filippo.io/age v1.3.2 // the secret in a wallet's file, locked with a passphrase
	github.com/BurntSushi/toml v1.6.0 // network files and toychain.toml
	github.com/btcsuite/btcd/address/v2 v2.0.0 // base58check, as Bitcoin's addresses are written
	github.com/btcsuite/btcd/btcec/v2 v2.5.0 // the curve: ECDSA over secp256k1
	github.com/btcsuite/btcd/btcutil/v2 v2.0.1 // BIP32 key derivation (hdkeychain)
	github.com/btcsuite/btcd/chaincfg/v2 v2.0.0 // the form in which hdkeychain takes a network's version bytes
	github.com/ethereum/go-ethereum v1.17.2 // libsecp256k1, in builds with its tag; no other build fetches it
	github.com/hashicorp/golang-lru/v2 v2.0.7 // caches of checked signatures and keys
	github.com/libp2p/go-libp2p v0.51.0 // the nodes' network: TCP, Noise, yamux
	github.com/libp2p/go-libp2p-pubsub v0.19.0 // gossip of blocks and payments
	github.com/lmittmann/tint v1.2.1 // a log that people can read on a terminal
	github.com/multiformats/go-multiaddr v0.16.1 // libp2p's addresses
	github.com/multiformats/go-multistream v0.6.1 // libp2p's choice of protocols, for a host built by hand: 9 MB less
	github.com/prometheus/client_golang v1.25.0 // /metrics, one registry for each node
	github.com/spf13/cobra v1.10.2 // the command line
	github.com/spf13/pflag v1.0.9 // cobra's flags, which settings are filled into
	github.com/syndtr/goleveldb v1.0.1-0.20210819022825-2ae1ddf74ef7 // the database; this commit is what btcd and go-ethereum pin
	github.com/tyler-smith/go-bip39 v1.1.0 // the words of a wallet
	go.etcd.io/raft/v3 v3.7.0 // Raft, as etcd runs it, beside work: toychain lab votes
	golang.org/x/crypto v0.58.0 // RIPEMD-160; Argon2id and XChaCha20-Poly1305, which locked the wallets of before
	golang.org/x/term v0.47.0 // passphrases without echo, widths of terminals
	gonum.org/v1/plot v0.17.0 // figures of the lab's experiments, as SVG and PNG
)

// For tests only.
require (
	github.com/prometheus/client_model v0.6.3 // the shape of what expfmt reads
	github.com/prometheus/common v0.72.0 // expfmt: /metrics, read as Prometheus reads it
	github.com/rogpeppe/go-internal v1.16.0 // testscript: scripts that run the real binary
	go.uber.org/goleak v1.3.0 // no goroutine outlives its owner
	pgregory.net/rapid v1.3.0 // random machines held against oracles
)

require (
	codeberg.org/go-fonts/liberation v0.5.0 // indirect
	codeberg.org/go-latex/latex v0.2.0 // indirect
	codeberg.org/go-pdf/fpdf v0.11.1 // indirect
	filippo.io/hpke v0.4.0 // indirect
	git.sr.ht/~sbinet/gg v0.7.0 // indirect
	github.com/ajstarks/svgo v0.0.0-20211024235047-1546f124cd8b // indirect
	github.com/benbjohnson/clock v1.3.5 // indirect
	github.com/beorn7/perks v1.0.1 // indirect
	github.com/btcsuite/btcd/chainhash/v2 v2.0.0 // indirect
	github.com/btcsuite/btcd/wire/v2 v2.0.0 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/cpuguy83/go-md2man/v2 v2.0.6 // indirect
	github.com/davidlazar/go-crypto v0.0.0-20200604182044-b73af7476f6c // indirect
	github.com/decred/dcrd/dcrec/secp256k1/v4 v4.4.1 // indirect
	github.com/filecoin-project/go-clock v0.1.0 // indirect
	github.com/flynn/noise v1.1.0 // indirect
	github.com/golang/freetype v0.0.0-20170609003504-e2365dfdc4a0 // indirect
	github.com/golang/snappy v1.0.0 // indirect
	github.com/huin/goupnp v1.3.0 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/ipfs/go-cid v0.6.2 // indirect
	github.com/jackpal/go-nat-pmp v1.0.2 // indirect
	github.com/jbenet/go-temp-err-catcher v0.1.0 // indirect
	github.com/klauspost/cpuid/v2 v2.4.0 // indirect
	github.com/koron/go-ssdp v0.9.1 // indirect
	github.com/libp2p/go-buffer-pool v0.1.0 // indirect
	github.com/libp2p/go-flow-metrics v0.3.0 // indirect
	github.com/libp2p/go-libp2p-asn-util v0.4.1 // indirect
	github.com/libp2p/go-msgio v0.3.0 // indirect
	github.com/libp2p/go-netroute v0.4.0 // indirect
	github.com/libp2p/go-reuseport v0.4.0 // indirect
	github.com/libp2p/go-yamux/v5 v5.1.0 // indirect
	github.com/libp2p/zeroconf/v2 v2.2.0 // indirect
	github.com/marten-seemann/tcp v0.0.0-20210406111302-dfbc87cc63fd // indirect
	github.com/miekg/dns v1.1.72 // indirect
	github.com/mikioh/tcpinfo v0.0.0-20190314235526-30a79bb1804b // indirect
	github.com/mikioh/tcpopt v0.0.0-20190314235656-172688c1accc // indirect
	github.com/minio/sha256-simd v1.0.1 // indirect
	github.com/mr-tron/base58 v1.3.0 // indirect
	github.com/multiformats/go-base32 v0.1.0 // indirect
	github.com/multiformats/go-base36 v0.2.0 // indirect
	github.com/multiformats/go-multiaddr-dns v0.6.0 // indirect
	github.com/multiformats/go-multiaddr-fmt v0.1.0 // indirect
	github.com/multiformats/go-multibase v0.3.0 // indirect
	github.com/multiformats/go-multicodec v0.10.0 // indirect
	github.com/multiformats/go-multihash v0.2.3 // indirect
	github.com/multiformats/go-varint v0.1.0 // indirect
	github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822 // indirect
	github.com/onsi/ginkgo v1.16.5 // indirect
	github.com/onsi/gomega v1.17.0 // indirect
	github.com/pbnjay/memory v0.0.0-20210728143218-7b4eea64cf58 // indirect
	github.com/prometheus/procfs v0.22.0 // indirect
	github.com/russross/blackfriday/v2 v2.1.0 // indirect
	github.com/spaolacci/murmur3 v1.1.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/exp v0.0.0-20260718201538-764159d718ef // indirect
	golang.org/x/image v0.30.0 // indirect
	golang.org/x/mod v0.41.0 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.15.0 // indirect
	golang.org/x/tools v0.51.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
	lukechampine.com/blake3 v1.4.1 // indirect
)
