package server

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"toychain/internal/atomicfile"
	"toychain/rpc"
)

// cookieUser is the user in a cookie, as in Bitcoin Core.
const cookieUser = "__cookie__"

// wrongPasswordDelay is how long a wrong password waits for its answer (Core: 250
// ms), so that guessing takes too long.
const wrongPasswordDelay = 250 * time.Millisecond

// login holds the passwords that are accepted. They are hashed, so that a comparison
// takes the same time for every wrong guess of any length.
type login struct {
	allowed [][2][32]byte // hashes of user and password
	cookie  string        // the file, "" if there is none
}

// checkLogin refuses a user that could log in without a password, or not at all: a colon ends the
// name in HTTP's basic authentication (RFC 7617).
func checkLogin(user, pass string) error {
	switch {
	case user != "" && pass == "":
		return fmt.Errorf("the user %q has no password: give one, or leave the user out and log in by cookie", user)
	case user == "" && pass != "":
		return errors.New("a password without a user")
	case strings.Contains(user, ":"):
		return fmt.Errorf("the user %q has a colon: choose another name", user)
	}
	return nil
}

// newLogin writes the cookie into dir, unless that is "", and accepts user and pass,
// unless user is "".
func newLogin(dir, user, pass string) (*login, error) {
	l := &login{}
	if user != "" {
		l.allow(user, pass)
	}
	if dir == "" {
		return l, nil
	}
	secret := make([]byte, 32)
	rand.Read(secret)
	password := hex.EncodeToString(secret)
	l.allow(cookieUser, password)
	l.cookie = filepath.Join(dir, rpc.CookieName)
	err := atomicfile.Replace(l.cookie, func(f *os.File) error {
		_, err := f.WriteString(cookieUser + ":" + password)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("cookie: %w", err)
	}
	return l, nil
}

func (l *login) allow(user, pass string) {
	l.allowed = append(l.allowed, [2][32]byte{sha256.Sum256([]byte(user)), sha256.Sum256([]byte(pass))})
}

// close removes the cookie.
func (l *login) close() {
	if l.cookie != "" {
		os.Remove(l.cookie)
	}
}

// accepts reports whether user and password are right.
func (l *login) accepts(user, pass string) bool {
	u, p := sha256.Sum256([]byte(user)), sha256.Sum256([]byte(pass))
	right := 0
	for i := range l.allowed {
		right |= subtle.ConstantTimeCompare(u[:], l.allowed[i][0][:]) &
			subtle.ConstantTimeCompare(p[:], l.allowed[i][1][:])
	}
	return right == 1
}

// credentials returns the user and password of a request. Besides Core's way, the text
// of the cookie is accepted as a bearer token: a program that reads such a token from a
// file for each request (Prometheus' credentials_file) goes on when the node was
// restarted and the cookie is a new one.
func credentials(r *http.Request) (user, pass string, given bool) {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		user, pass, _ = strings.Cut(strings.TrimSpace(token), ":")
		return user, pass, true
	}
	return r.BasicAuth()
}

// guard passes only requests with the right password to h.
func (l *login) guard(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, pass, given := credentials(r)
		if given && l.accepts(user, pass) {
			h(w, r)
			return
		}
		if given {
			select {
			case <-time.After(wrongPasswordDelay):
			case <-r.Context().Done():
			}
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="jsonrpc"`)
		w.Header().Set("Connection", "close") // and the rest of the request is not read
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// sameSite passes a request to h unless the browser that sends it says that it is for a page of
// another site: it may have kept the password.
func sameSite(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if fromElsewhere(r) {
			http.Error(w, "a page of another origin may not read this node", http.StatusForbidden)
			return
		}
		h(w, r)
	}
}

// fromElsewhere reports whether a browser says that a page of another origin sends the request.
func fromElsewhere(r *http.Request) bool {
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	return site == "cross-site" || site == "same-site" || site == "" && origin != "" && origin != "http://"+r.Host
}
