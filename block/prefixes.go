package block

// Prefixes are the first bytes of a network's addresses and keys in text. They keep an
// address of one network from being taken for one of another. They are part of a
// network's parameters (Core: CChainParams::Base58Type) and of no consensus rule.
type Prefixes struct {
	PubKeyHash byte    // first byte of an address before base58check
	WIF        byte    // first byte of a private key in wallet import format
	HDPrivate  [4]byte // version of an extended private key (BIP32)
	HDPublic   [4]byte // version of an extended public key (BIP32)
	CoinType   uint32  // BIP44 coin type: 0 for Bitcoin, 1 for every test network
}
