//go:build linux && amd64

// Command amxsim runs a program on a processor without AMX, and does the program's
// tile instructions for it:
//
//	amxsim PROGRAM [ARGUMENT ...]
//	go build -o build/amxsim ./cpu/amxsim && go test -tags amxsim -exec $PWD/build/amxsim ./cpu
//
// The tests take about a minute. A program built with -tags amxsim and run bare dies of
// SIGILL.
//
// The processor refuses each such instruction and the system makes a signal of that,
// SIGILL. amxsim, which traces the program, sees it first, executes the instruction by
// package tile, and lets the program go on behind it. Where the architecture has the
// instruction fault, the program gets the signal that it would get. The tag makes
// package cpu believe that there is AMX, since a program asks the processor itself.
//
// A stop takes some 50 µs, and a product of tiles as much: this proves what a program
// computes, not how fast.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// Statuses of amxsim's own; else it ends as the program does.
const (
	statusFailed    = 1
	statusForbidden = 3 // the system lets nothing be traced
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: amxsim PROGRAM [ARGUMENT ...]")
		os.Exit(2)
	}
	status, err := run(os.Args[1], os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "amxsim:", err)
		os.Exit(failure(err))
	}
	end(status)
}

// run traces a program to its end.
func run(name string, args []string) (syscall.WaitStatus, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return 0, err
	}
	runtime.LockOSThread() // a thread is traced by the one that began it
	p, err := os.StartProcess(path, args, &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
		Sys:   &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		return 0, err
	}
	return trace(p.Pid)
}

// failure is the status for an error.
func failure(err error) int {
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) {
		return statusForbidden
	}
	return statusFailed
}

// end ends as the program did; for a signal, as a shell says it.
func end(status syscall.WaitStatus) {
	if status.Signaled() {
		fmt.Fprintln(os.Stderr, "amxsim: the program ended by signal:", status.Signal())
		os.Exit(128 + int(status.Signal()))
	}
	os.Exit(status.ExitStatus())
}
