package cli

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
)

// EnvName returns the variable that sets a flag: --rpc-user is TOYCHAIN_RPC_USER.
func EnvName(flag string) string {
	return "TOYCHAIN_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// FillFromEnvironment sets every settable flag that the user did not type.
func FillFromEnvironment(flags *pflag.FlagSet) (failed error) {
	flags.VisitAll(func(f *pflag.Flag) {
		value := os.Getenv(EnvName(f.Name))
		if f.Changed || !marked(f, isSettable) || value == "" || failed != nil {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			failed = UsageError{valueError(EnvName(f.Name), err)}
		}
	})
	return failed
}

// FillFromFile sets the settable flags of cmd that are still unset to what the file of
// settings at path says. Values that isName accepts are no paths. A missing file sets
// nothing.
func FillFromFile(cmd *cobra.Command, path string, isName func(string) bool) error {
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
		if err := set(cmd.Flags(), f, value, filepath.Dir(path), isName); err != nil {
			return fmt.Errorf("%s: %w", path, valueError(name, err))
		}
	}
	return nil
}

// set sets a flag to a value of the file of settings in dir.
func set(flags *pflag.FlagSet, f *pflag.Flag, value any, dir string, isName func(string) bool) error {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	for _, v := range list {
		text := fmt.Sprint(v)
		if marked(f, isPath) && !isName(text) && !filepath.IsAbs(text) {
			text = filepath.Join(dir, text)
		}
		if err := flags.Set(f.Name, text); err != nil {
			return err
		}
	}
	return nil
}

// settings returns the names of all settable flags of a command and those below it, except for
// the directory in which the file of settings itself is found.
func settings(cmd *cobra.Command) (names []string) {
	eachSetting(cmd, func(_ *cobra.Command, f *pflag.Flag) {
		if f.Name != "datadir" {
			names = append(names, f.Name)
		}
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// eachSetting calls f with every settable flag of a command and of those below it.
func eachSetting(cmd *cobra.Command, f func(*cobra.Command, *pflag.Flag)) {
	cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
		if marked(flag, isSettable) {
			f(cmd, flag)
		}
	})
	for _, sub := range cmd.Commands() {
		eachSetting(sub, f)
	}
}
