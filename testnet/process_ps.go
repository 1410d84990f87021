//go:build unix && !linux

package testnet

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// look asks ps, which every Unix has; false if there is no such pid.
func look(pid int) (procInfo, bool) {
	cmd := exec.Command("ps", "-o", "state=,rss=,lstart=", "-p", strconv.Itoa(pid))
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	b, err := cmd.Output()
	f := strings.Fields(string(b))
	if err != nil || len(f) < 3 {
		return procInfo{}, false
	}
	kib, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil {
		return procInfo{}, false
	}
	return procInfo{
		born:   strings.Join(f[2:], " "),
		dead:   strings.HasPrefix(f[0], "Z"),
		paused: strings.HasPrefix(f[0], "T"),
		memory: kib << 10,
	}, true
}

// mostMemory returns the resident bytes of now: ps does not report the peak.
func mostMemory(pid int) int64 {
	s, _ := look(pid)
	return s.memory
}

// workDir returns "": it is not known.
func workDir(int) string { return "" }
