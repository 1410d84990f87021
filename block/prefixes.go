package block

// Prefixes are the bytes that tell one network's addresses and keys from
// another's when people copy them about. They are part of a network's parameters
// and carry no rule.
type Prefixes struct {
	PubKeyHash byte    // first byte of an address, base58check
	WIF        byte    // first byte of a private key in wallet import format
	HDPrivate  [4]byte // version of an extended private key (BIP32)
	HDPublic   [4]byte // version of an extended public key (BIP32)
	CoinType   uint32  // BIP44 coin type: 0 for Bitcoin, 1 for every test network
}
