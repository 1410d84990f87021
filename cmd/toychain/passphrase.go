package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"toychain/wallet"
)

// passphrase is where a wallet's passphrase comes from.
type passphrase struct {
	file string
	none bool
}

func passphraseFlags(cmd *cobra.Command) *passphrase {
	p := &passphrase{}
	cmd.Flags().StringVar(&p.file, "passphrase-file", "", "`FILE` whose first line is the passphrase")
	cmd.Flags().BoolVar(&p.none, "no-passphrase", false, "the wallet has none: whoever has the file has the money")
	settable(cmd.Flags(), "passphrase-file")
	paths(cmd.Flags(), "passphrase-file")
	return p
}

// passphraseEnv holds a passphrase for scripts.
const passphraseEnv = envPrefix + "PASSPHRASE"

// openSecret locks the wallets that want no passphrase: a key file is always locked,
// theirs with what everybody knows.
const openSecret = "no passphrase"

// given returns the passphrase if the user gave one beforehand.
func (p *passphrase) given() (string, bool, error) {
	if p.none && p.file != "" {
		return "", false, usagef("--no-passphrase and --passphrase-file exclude each other")
	}
	if p.none {
		return openSecret, true, nil
	}
	if p.file != "" {
		text, err := os.ReadFile(p.file)
		line, _, _ := strings.Cut(string(text), "\n")
		if line = strings.TrimSuffix(line, "\r"); err == nil && line == "" {
			err = fmt.Errorf("passphrase file %s: its first line is empty: a wallet without a passphrase wants --no-passphrase", p.file)
		}
		return line, true, err
	}
	text := os.Getenv(passphraseEnv)
	return text, text != "", nil
}

// newPassphrase returns the passphrase for a new wallet, asked for twice.
func (a *app) newPassphrase(ctx context.Context, p *passphrase) (string, error) {
	text, ok, err := p.given()
	if ok || err != nil {
		return text, err
	}
	text, err = a.askSecret(ctx, "new passphrase: ")
	if err != nil {
		return "", err
	}
	if text == "" {
		return "", errors.New("an empty passphrase locks nothing; if that is what you want, say --no-passphrase")
	}
	again, err := a.askSecret(ctx, "once more: ")
	if err == nil && again != text {
		err = errors.New("the two passphrases differ; nothing was made")
	}
	return text, err
}

// unlock returns a wallet's private keys. Nobody is asked for the passphrase of a
// wallet that has none.
func (a *app) unlock(ctx context.Context, w *wallet.Wallet, p *passphrase) (*wallet.Keychain, error) {
	text, ok, err := p.given()
	if err != nil {
		return nil, err
	}
	if !ok {
		keys, err := w.Unlock(openSecret)
		if !errors.Is(err, wallet.ErrPassphrase) {
			return keys, err
		}
		if text, err = a.askSecret(ctx, fmt.Sprintf("passphrase of wallet %s: ", w.Name())); err != nil {
			return nil, err
		}
	}
	keys, err := w.Unlock(text)
	if errors.Is(err, wallet.ErrPassphrase) {
		return nil, fmt.Errorf("%w: try again; without it only the words can restore the wallet", err)
	}
	return keys, err
}

// askSecret asks on the terminal, without showing what is typed.
func (a *app) askSecret(ctx context.Context, question string) (string, error) {
	fd := int(a.stdin.Fd())
	if !term.IsTerminal(fd) {
		return "", fmt.Errorf("a passphrase is wanted and there is no terminal to ask at: use --passphrase-file or %s, or --no-passphrase for a wallet without one", passphraseEnv)
	}
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Fprint(a.stderr, question)
	type answer struct {
		text []byte
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		typed <- answer{text, err}
	}()
	select {
	case t := <-typed:
		fmt.Fprintln(a.stderr)
		return string(t.text), t.err
	case <-ctx.Done():
		fmt.Fprintln(a.stderr)
		return "", errors.Join(ctx.Err(), term.Restore(fd, before))
	}
}

// askLine reads a line from the terminal, or everything that stdin has.
func (a *app) askLine(ctx context.Context, question string) (string, error) {
	if isTerminal(a.stdin) {
		fmt.Fprint(a.stderr, question)
	}
	type answer struct {
		text string
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		lines := bufio.NewScanner(a.stdin)
		var all []string
		for lines.Scan() {
			all = append(all, lines.Text())
			if isTerminal(a.stdin) {
				break
			}
		}
		typed <- answer{strings.Join(all, " "), lines.Err()}
	}()
	select {
	case t := <-typed:
		return t.text, t.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
