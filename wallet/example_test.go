package wallet_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"toychain/block"
	"toychain/wallet"
)

// The prefixes of Bitcoin's test networks, and of toy.
var prefixes = block.Prefixes{PubKeyHash: 0x6f, WIF: 0xef, HDPrivate: [4]byte{0x04, 0x35, 0x83, 0x94},
	HDPublic: [4]byte{0x04, 0x35, 0x87, 0xcf}, CoinType: 1}

const words = "legal winner thank year wave sausage worth useful legal winner thank yellow"

// From twelve words to addresses and a private key. Every wallet that follows BIP39,
// BIP32 and BIP44 prints the same.
func ExampleNewKeychain() {
	keys, err := wallet.NewKeychain(words, "", prefixes)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range uint32(2) {
		path := wallet.Path{Branch: wallet.Receive, Index: i}
		address, err := keys.Account().Address(path)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("m/44'/1'/0'/%s  %s\n", path, address.Encode(prefixes))
	}
	key, err := keys.Key(wallet.Path{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("first key    %x\n", key.Serialize())
	// Output:
	// m/44'/1'/0'/0/0  mrqKKgX4QeNFcsVfzzRXTBnx9oWJiAmd9g
	// m/44'/1'/0'/0/1  mfkLJ6svX2Zu6BZ1D7p3xosDN3h4Tqkyi4
	// first key    38e50a69c54f7f1af82e8290c90275e34b3c975c46fda93dee5f576e26d90ebc
}

// A word that is not in the list is named, with the one that was probably meant.
func ExampleParseMnemonic() {
	_, err := wallet.ParseMnemonic("legal winnner thank year wave sausage worth useful legal winner thank yellow")
	fmt.Println(err)
	_, err = wallet.ParseMnemonic("winner legal thank year wave sausage worth useful legal winner thank yellow")
	fmt.Println(err)
	// Output:
	// mnemonic: word 2, "winnner", is not in the list of English words: did you mean "winner"?
	// mnemonic: bad checksum: every word is in the list, but one of them or their order is wrong
}

// Paying: the coins come from a node, the signed bytes go to one.
func ExampleChoose() {
	keys, err := wallet.NewKeychain(words, "", prefixes)
	if err != nil {
		fmt.Println(err)
		return
	}
	ours, _ := keys.Account().Address(wallet.Path{Branch: wallet.Receive})
	change, _ := keys.Account().Address(wallet.Path{Branch: wallet.Change})
	bob, err := wallet.ParseAddress("mkpZhYtJu2r87Js3pDiWJDmPte2NRZ8bJV", prefixes)
	if err != nil {
		fmt.Println(err)
		return
	}
	coin := wallet.Coin{Outpoint: block.Outpoint{TxID: block.Sum([]byte("an earlier payment"))}, Value: 50 * block.Coin,
		Script: ours.Script(), Path: wallet.Path{Branch: wallet.Receive}, Height: 7, Coinbase: true, Spendable: true}

	payment, err := wallet.Choose(wallet.Request{
		Coins:   []wallet.Coin{coin},
		Pay:     []wallet.Payment{{To: bob, Value: 12 * block.Coin}},
		Change:  change,
		FeeRate: 1000,
		Dust:    546,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	tx := payment.Tx()
	find, err := keys.Keys(payment.Coins)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := wallet.Sign(tx, payment.Spent(), find); err != nil {
		fmt.Println(err)
		return
	}
	for i, out := range tx.Outputs {
		to, _ := wallet.AddressOf(out.Script)
		fmt.Println(i, to.Encode(prefixes), out.Value)
	}
	fmt.Println("fee", payment.Fee, "for at most", payment.Size, "bytes")
	fmt.Println("id ", tx.ID())
	// Output:
	// 0 mkpZhYtJu2r87Js3pDiWJDmPte2NRZ8bJV 12.00000000
	// 1 mugJB92kU5mrtkCAnRHhF4GHWjDNfj3AP2 37.99999774
	// fee 0.00000226 for at most 226 bytes
	// id  e740e55e3ffd72df87f824ace31a474dec3993f4e203adb40fea79c11312d004
}

// A key file shows addresses without the passphrase, and spends only with it.
func ExampleCreate() {
	dir, err := os.MkdirTemp("", "wallet")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	net := wallet.Network{Name: "toy", Prefixes: prefixes}
	path := filepath.Join(dir, "alice.json")
	_, err = wallet.Create(path, "correct horse", wallet.New{
		Name: "alice", Network: net, Mnemonic: words, Created: time.Unix(0, 0),
		WorkFactor: wallet.CheapWorkFactor, // never for real money
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	alice, err := wallet.Load(path, net)
	if err != nil {
		fmt.Println(err)
		return
	}
	address, _, err := alice.Take(wallet.Receive)
	fmt.Println(address.Encode(prefixes), err)
	_, err = alice.Unlock("battery staple")
	fmt.Println(errors.Is(err, wallet.ErrPassphrase))
	_, err = alice.Unlock("correct horse")
	fmt.Println(err)
	// Output:
	// mrqKKgX4QeNFcsVfzzRXTBnx9oWJiAmd9g <nil>
	// true
	// <nil>
}
