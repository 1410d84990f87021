package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagError says in the program's words what is wrong with a flag of cmd.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var bad *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && looksNegative(unknown.GetSpecifiedShortnames()):
		if cmd.Name() == "rpc" {
			return usagef("-%s: write -- before a negative number", unknown.GetSpecifiedShortnames())
		}
		return usagef("-%s: a number here must not be negative", unknown.GetSpecifiedShortnames())
	case errors.As(err, &bad):
		return usageError{valueError("--"+bad.GetFlag().Name, err)}
	}
	return usageError{err}
}

// looksNegative reports whether the letters behind a dash are rather a number.
func looksNegative(letters string) bool {
	return letters != "" && (letters[0] == '.' || letters[0] >= '0' && letters[0] <= '9')
}

// valueError says what kind of value a flag wants, which the user knows by this name.
func valueError(name string, err error) error {
	var bad *pflag.InvalidValueError
	if !errors.As(err, &bad) {
		return fmt.Errorf("%s: %w", name, err)
	}
	want := ""
	switch bad.GetFlag().Value.Type() {
	case "duration":
		want = "a time like 200ms or 5m"
	case "int", "int32", "int64", "uint16", "uint32", "uint64":
		want = "a whole number"
	case "float64":
		want = "a number"
	case "bool":
		want = "true or false"
	default:
		return fmt.Errorf("%s %q: %w", name, bad.GetValue(), bad.Unwrap())
	}
	if errors.Is(err, strconv.ErrRange) {
		want += " that is not so large"
	}
	return fmt.Errorf("%s %q: want %s", name, bad.GetValue(), want)
}
