package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"toychain/consensus"
)

// What the command line leaves open is filled in from the environment, then from
// the file of settings in the data folder, then from the defaults.
const (
	settingsFile = "toychain.toml"
	envPrefix    = "TOYCHAIN_"

	isSettable = "settable"
	isPath     = "path"
)

// settable marks flags that the environment and the file of settings may set.
func settable(f *pflag.FlagSet, names ...string) { mark(f, isSettable, names) }

// paths marks flags that name files: in the file of settings they are relative to
// its folder.
func paths(f *pflag.FlagSet, names ...string) { mark(f, isPath, names) }

func mark(f *pflag.FlagSet, as string, names []string) {
	for _, name := range names {
		must(f.SetAnnotation(name, as, []string{"yes"}))
	}
}

func marked(f *pflag.Flag, as string) bool { return len(f.Annotations[as]) > 0 }

// envName is the variable that sets a flag: --rpc-user is TOYCHAIN_RPC_USER.
func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fillIn sets every flag of cmd that the user did not type.
func (a *app) fillIn(cmd *cobra.Command) error {
	flags := cmd.Flags()
	a.onLine = make(map[string]bool)
	flags.Visit(func(f *pflag.Flag) { a.onLine[f.Name] = true })
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		value := os.Getenv(envName(f.Name))
		if f.Changed || !marked(f, isSettable) || value == "" || failed != nil {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			failed = usageError{valueError(envName(f.Name), err)}
		}
	})
	if failed != nil {
		return failed
	}
	if err := a.findDatadir(); err != nil {
		return err
	}
	return a.readSettings(cmd)
}

// findDatadir replaces a leading ~, which no shell does in --datadir=~/x or in the
// environment.
func (a *app) findDatadir() error {
	dir := a.global.datadir
	if rest, ok := strings.CutPrefix(dir, "~"); ok && (rest == "" || rest[0] == filepath.Separator) {
		home, err := os.UserHomeDir()
		if err != nil {
			return fmt.Errorf("where is your home folder? %w: choose a folder with --datadir", err)
		}
		dir = filepath.Join(home, rest)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("--datadir: %w", err)
	}
	a.global.datadir = dir
	return nil
}

// readSettings sets what the file of settings says.
func (a *app) readSettings(cmd *cobra.Command) error {
	path := filepath.Join(a.global.datadir, settingsFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	values := make(map[string]any)
	if _, err := toml.Decode(string(text), &values); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	known := settings(cmd.Root())
	for name, value := range values {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%s: there is no setting %q; there are: %s", path, name, strings.Join(known, ", "))
		}
		f := cmd.Flags().Lookup(name)
		if f == nil || f.Changed || !marked(f, isSettable) {
			continue
		}
		if err := set(cmd.Flags(), f, value, a.global.datadir); err != nil {
			return fmt.Errorf("%s: %w", path, valueError(name, err))
		}
	}
	return nil
}

// set sets a flag to a value of the file of settings in folder.
func set(flags *pflag.FlagSet, f *pflag.Flag, value any, folder string) error {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	for _, v := range list {
		text := fmt.Sprint(v)
		if _, preset := consensus.Preset(text); marked(f, isPath) && !preset && !filepath.IsAbs(text) {
			text = filepath.Join(folder, text)
		}
		if err := flags.Set(f.Name, text); err != nil {
			return err
		}
	}
	return nil
}

// settings returns the names of all that the file of settings may set, but for the
// folder in which it is found itself.
func settings(root *cobra.Command) []string {
	var names []string
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		for _, flags := range []*pflag.FlagSet{cmd.Flags(), cmd.PersistentFlags()} {
			flags.VisitAll(func(f *pflag.Flag) {
				if marked(f, isSettable) && f.Name != "datadir" && !slices.Contains(names, f.Name) {
					names = append(names, f.Name)
				}
			})
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
	slices.Sort(names)
	return names
}

// networkDir is where a network's data is kept.
func (a *app) networkDir(p *consensus.Params) string { return filepath.Join(a.global.datadir, p.Name) }
