package scenario

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/address/v2/base58"

	"toychain/wallet"
)

// parseSeize looks for keys on the disk of a node that is down, as one would who seized it.
func parseSeize(w *words) action {
	nodes := w.some()
	return func(ctx context.Context, p *player) (string, error) {
		secrets, err := p.names.secrets()
		if err != nil {
			return "", err
		}
		var rows [][]string
		for _, node := range nodes {
			disk, err := p.world.Disk(ctx, node)
			if err != nil {
				return "", err
			}
			found, err := search(disk, secrets)
			if err != nil {
				return "", fmt.Errorf("%s: %w", node, err)
			}
			rows = append(rows, []string{node, strings.Join(found, ", ")})
		}
		return columns(grouped(rows)), nil
	}
}

// nodeKey is the file with a node's key, which is its name among its peers and holds no money.
const nodeKey = "node.key"

// search returns what of the secrets is in the files of a disk.
func search(disk fs.FS, secrets map[string][][]byte) (found []string, err error) {
	peerKey := "no key of a peer"
	err = fs.WalkDir(disk, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if entry.Name() == nodeKey {
			peerKey = "its key as a peer"
		}
		text, err := fs.ReadFile(disk, path)
		if err != nil {
			return err
		}
		for who, all := range secrets {
			if slices.ContainsFunc(all, func(s []byte) bool { return bytes.Contains(text, s) }) {
				found = append(found, fmt.Sprintf("a key of %s in %s", who, path))
			}
		}
		return nil
	})
	slices.Sort(found)
	if len(found) == 0 {
		found = []string{"no key of a coin"}
	}
	return append([]string{peerKey}, found...), err
}

// keysSearched is how many keys of each branch of a wallet are looked for.
const keysSearched = 5

// secrets returns, for each person and node with a wallet, the words and the first private keys
// in each form that they are written in: bytes, hex and wallet import format.
func (n *names) secrets() (map[string][][]byte, error) {
	out := map[string][][]byte{}
	for name, who := range n.people {
		all := [][]byte{[]byte(who.Keys.Words())}
		for _, branch := range []wallet.Branch{wallet.Receive, wallet.Change} {
			for i := range uint32(keysSearched) {
				key, err := who.Keys.Key(wallet.Path{Branch: branch, Index: i})
				if err != nil {
					return nil, err
				}
				raw := key.Serialize()
				all = append(all, raw, []byte(hex.EncodeToString(raw)), []byte(base58.CheckEncode(append(slices.Clone(raw), 1), n.params.Prefixes.WIF)))
			}
		}
		out[name] = all
	}
	return out, nil
}
