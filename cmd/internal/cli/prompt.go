package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Passphrase is where a wallet's passphrase comes from.
type Passphrase struct {
	file string
	none bool
}

// PassphraseFlags adds the flags that name a passphrase.
func PassphraseFlags(cmd *cobra.Command) *Passphrase {
	p := &Passphrase{}
	cmd.Flags().StringVar(&p.file, "passphrase-file", "", "`FILE` whose first line is the passphrase")
	cmd.Flags().BoolVar(&p.none, "no-passphrase", false, "the wallet has none: the file alone is the money")
	Settable(cmd.Flags(), "passphrase-file")
	Paths(cmd.Flags(), "passphrase-file")
	return p
}

// NoPassphrase locks the wallets without a passphrase: a key file is always locked,
// theirs with these words, which are public.
const NoPassphrase = "no passphrase"

// Given returns the passphrase that a flag or the environment gives, if one does.
func (p *Passphrase) Given() (text string, ok bool, err error) {
	switch {
	case p.none: // what is typed counts more than a file that settings name

		return NoPassphrase, true, nil
	case p.file == "":
		text := os.Getenv(EnvName("passphrase"))
		return text, text != "", nil
	}
	line, err := FirstLine(p.file)
	if errors.Is(err, errEmptyLine) {
		err = fmt.Errorf("%w: a wallet without a passphrase wants --no-passphrase", err)
	}
	return line, true, err
}

var errEmptyLine = errors.New("its first line is empty")

// FirstLine returns the first line of a file with a secret. It is an error if it is empty.
func FirstLine(path string) (string, error) {
	all, err := os.ReadFile(path)
	line, _, _ := strings.Cut(string(all), "\n")
	if line = strings.TrimSuffix(line, "\r"); err == nil && line == "" {
		err = fmt.Errorf("%s: %w", path, errEmptyLine)
	}
	return line, err
}

// DropPassphrase takes the passphrase of wallets out of the environment of a program that needs
// none, and of all that it starts. Where the system can, the program begins anew, so that it is
// in no list of the system's either.
func DropPassphrase() {
	name := EnvName("passphrase")
	if _, set := os.LookupEnv(name); !set {
		return
	}
	os.Unsetenv(name)
	if program, err := os.Executable(); err == nil {
		_ = syscall.Exec(program, os.Args, os.Environ()) // which returns where the system cannot
	}
}

// NewPassphrase returns the passphrase for a new wallet, asking for it twice.
func (t *Terminal) NewPassphrase(ctx context.Context, p *Passphrase) (string, error) {
	text, ok, err := p.Given()
	if ok || err != nil {
		return text, err
	}
	text, err = t.AskSecret(ctx, "new passphrase: ")
	if err != nil {
		return "", err
	}
	if text == "" {
		return "", errors.New("an empty passphrase locks nothing; if that is what you want, say --no-passphrase")
	}
	again, err := t.AskSecret(ctx, "once more: ")
	if err == nil && again != text {
		err = errors.New("the two passphrases differ; nothing was made")
	}
	return text, err
}

// AskSecret asks for a passphrase on the terminal, without showing what is typed.
func (t *Terminal) AskSecret(ctx context.Context, question string) (string, error) {
	fd := int(t.Stdin.Fd())
	if !term.IsTerminal(fd) {
		return "", fmt.Errorf("a passphrase is wanted and there is no terminal to ask at: use --passphrase-file or %s, or --no-passphrase for a wallet without one", EnvName("passphrase"))
	}
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Fprint(t.Stderr, question)
	var text []byte
	err = During(ctx, func() {}, func() (err error) {
		text, err = term.ReadPassword(fd)
		return err
	})
	fmt.Fprintln(t.Stderr)
	if ctx.Err() != nil { // and the text is still being read
		return "", errors.Join(ctx.Err(), term.Restore(fd, before))
	}
	return string(text), err
}

// AskLine reads a line from the terminal, or everything from a stdin that is none.
func (t *Terminal) AskLine(ctx context.Context, question string) (string, error) {
	terminal := IsTerminal(t.Stdin)
	if terminal {
		fmt.Fprint(t.Stderr, question)
	}
	var all []string
	err := During(ctx, func() {}, func() error {
		lines := bufio.NewScanner(t.Stdin)
		for lines.Scan() {
			all = append(all, lines.Text())
			if terminal {
				break
			}
		}
		return lines.Err()
	})
	if err != nil {
		return "", err
	}
	return strings.Join(all, " "), nil
}
