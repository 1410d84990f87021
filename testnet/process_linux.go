package testnet

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// look reads /proc/PID/stat (proc_pid_stat(5)); false if there is no such pid. The start
// time is counted from the machine's boot, so the boot is part of it. A process is a zombie
// as soon as its first thread has ended, which may be before the others: until they have,
// its files are open and its directory is locked.
func look(pid int) (procInfo, bool) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return procInfo{}, false
	}
	// The second field is the program's name in brackets, with any characters in it.
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	//lint:ignore SA4000 the fields have the manual's numbers, and the third is the first here
	const state, threads, started, resident = 3 - 3, 20 - 3, 22 - 3, 24 - 3
	if len(f) <= resident {
		return procInfo{}, false
	}
	pages, err := strconv.ParseInt(f[resident], 10, 64)
	if err != nil {
		return procInfo{}, false
	}
	return procInfo{
		born:   f[started] + "@" + boot(),
		dead:   f[state] == "X" || f[state] == "Z" && (f[threads] == "1" || f[threads] == "0"),
		paused: f[state] == "T" || f[state] == "t",
		memory: pages * int64(os.Getpagesize()),
	}, true
}

// mostMemory returns the peak of a process's resident bytes: the line VmHWM of
// /proc/PID/status (proc_pid_status(5)); 0 if there is none.
func mostMemory(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, after, _ := bytes.Cut(b, []byte("VmHWM:"))
	var kib int64
	if _, err := fmt.Sscanf(string(after), "%d kB", &kib); err != nil {
		return 0
	}
	return kib << 10
}

// workDir returns the directory that a process works in, wherever that was moved; "" if it is not
// known.
func workDir(pid int) string {
	dir, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	return dir
}

// boot returns the ID of this boot of the machine.
func boot() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(b))
}
