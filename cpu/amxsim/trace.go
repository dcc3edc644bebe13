//go:build linux && amd64

package main

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"example.org/chainrule/cpu/amxsim/tile"
)

// A tracer follows all threads of a process.
type tracer struct {
	process int
	threads map[int]*thread
}

// A thread has tiles of its own.
type thread struct {
	id      int
	started bool // it has come to its first stop
	tile.Unit
	registers syscall.PtraceRegs // while it does tile instructions
}

// trace lets a process go that stopped as it began, and follows it to its end.
func trace(process int) (status syscall.WaitStatus, err error) {
	if _, err := wait(process, &status); err != nil {
		return 0, err
	}
	const exitKill = 0x100000 // the process ends with its tracer
	if err := syscall.PtraceSetOptions(process, syscall.PTRACE_O_TRACECLONE|syscall.PTRACE_O_TRACEEXEC|exitKill); err != nil {
		return 0, os.NewSyscallError("ptrace", err)
	}
	t := &tracer{process, map[int]*thread{process: {id: process, started: true}}}
	if err := t.resume(process, 0); err != nil {
		return 0, err
	}
	for {
		id, err := wait(-1, &status)
		switch {
		case err != nil:
			return 0, err
		case status.Stopped():
			err = t.stopped(id, status)
		case id == process:
			return status, nil
		default:
			delete(t.threads, id)
		}
		if err != nil {
			return 0, err
		}
	}
}

// wait waits for a thread to stop or end: any one for -1.
func wait(id int, status *syscall.WaitStatus) (int, error) {
	for {
		id, err := syscall.Wait4(id, status, syscall.WALL, nil)
		if err != syscall.EINTR {
			return id, os.NewSyscallError("wait4", err)
		}
	}
}

// stopped sees to a thread that stopped, and lets it go on. A new one stops first by
// a SIGSTOP that nobody sent it, and may do so before the one that made it tells.
func (t *tracer) stopped(id int, status syscall.WaitStatus) error {
	th := t.threads[id]
	if th == nil {
		th = &thread{id: id}
		t.threads[id] = th
	}
	signal := status.StopSignal()
	switch {
	case !th.started && signal == syscall.SIGSTOP:
		th.started = true
		signal = 0
	case status.TrapCause() > 0: // it made a thread, or became another program
		signal = 0
	case signal == syscall.SIGILL:
		var err error
		if signal, err = th.doTiles(); err != nil {
			return err
		}
	}
	return t.resume(id, signal)
}

// resume lets a thread go on with a signal, 0 for none. One that was killed
// meanwhile is gone.
func (t *tracer) resume(id int, signal syscall.Signal) error {
	if err := syscall.PtraceCont(id, int(signal)); err != nil && err != syscall.ESRCH {
		return fmt.Errorf("thread %d: %w", id, os.NewSyscallError("ptrace", err))
	}
	return nil
}

// codeLength is how much code is read at once: more than a step of a kernel.
const codeLength = 128

// doTiles does the tile instructions that a thread stopped at, one after the other,
// and says which signal it gets for what it stopped at. One that faults after
// others stops the thread anew.
func (th *thread) doTiles() (syscall.Signal, error) {
	if err := syscall.PtraceGetRegs(th.id, &th.registers); err != nil {
		return 0, os.NewSyscallError("ptrace", err)
	}
	var code [codeLength]byte
	known := th.readUpTo(code[:], th.registers.Rip)
	done := 0
	for {
		length, fault := th.Step(th, code[done:known], th.registers.Rip)
		if length > 0 {
			done += length
			th.registers.Rip += uint64(length)
			continue
		}
		if done == 0 {
			return th.signal(fault)
		}
		return 0, os.NewSyscallError("ptrace", syscall.PtraceSetRegs(th.id, &th.registers))
	}
}

// signal is what the system makes of a fault, and of what is no tile instruction
// at all.
func (th *thread) signal(fault tile.Fault) (syscall.Signal, error) {
	if fault != tile.Protection && fault != tile.Page {
		return syscall.SIGILL, nil
	}
	const setSigInfo, fromKernel = 0x4203, 0x80 // PTRACE_SETSIGINFO, SI_KERNEL
	info := [128]byte{}                         // a siginfo_t: signal, error, code, address
	*(*int32)(unsafe.Pointer(&info[0])) = int32(syscall.SIGSEGV)
	*(*int32)(unsafe.Pointer(&info[8])) = fromKernel
	_, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, setSigInfo, uintptr(th.id), 0, uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno != 0 {
		return 0, os.NewSyscallError("ptrace", errno)
	}
	return syscall.SIGSEGV, nil
}
