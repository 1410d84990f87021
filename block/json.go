package block

// How hashes and amounts look in JSON. A learner can skip this file.

// MarshalText returns h's String, for JSON and TOML.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText sets h as ParseHash reads it.
func (h *Hash) UnmarshalText(b []byte) (err error) {
	*h, err = ParseHash(string(b))
	return err
}

// MarshalJSON returns a as a JSON number with eight decimals, as Core writes it.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalJSON sets a from a JSON number, or a string with one, as [ParseAmount] reads it.
// It rejects null.
func (a *Amount) UnmarshalJSON(b []byte) error {
	s := string(b)
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	v, err := ParseAmount(s)
	if err == nil {
		*a = v
	}
	return err
}
