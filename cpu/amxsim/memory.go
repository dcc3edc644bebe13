//go:build linux && amd64

package main

import "golang.org/x/sys/unix"

// Register is a general register by its number in encodings. Package tile calls it.
func (th *thread) Register(number int) uint64 {
	r := &th.registers
	return [...]uint64{
		r.Rax, r.Rcx, r.Rdx, r.Rbx, r.Rsp, r.Rbp, r.Rsi, r.Rdi,
		r.R8, r.R9, r.R10, r.R11, r.R12, r.R13, r.R14, r.R15,
	}[number]
}

// Read fills rows from the thread's memory, stride bytes apart from address at on.
func (th *thread) Read(rows [][]byte, at, stride uint64) bool {
	local, remote, size := vectors(rows, at, stride)
	n, err := unix.ProcessVMReadv(th.id, local, remote, 0)
	return err == nil && n == size
}

// Write is Read the other way.
func (th *thread) Write(rows [][]byte, at, stride uint64) bool {
	local, remote, size := vectors(rows, at, stride)
	n, err := unix.ProcessVMWritev(th.id, local, remote, 0)
	return err == nil && n == size
}

// vectors are rows here, where they lie there, and their bytes in all.
func vectors(rows [][]byte, at, stride uint64) (local []unix.Iovec, remote []unix.RemoteIovec, size int) {
	for r, row := range rows {
		local = append(local, unix.Iovec{Base: &row[0], Len: uint64(len(row))})
		remote = append(remote, unix.RemoteIovec{Base: uintptr(at + uint64(r)*stride), Len: len(row)})
		size += len(row)
	}
	return local, remote, size
}

// readUpTo fills p from address at on as far as memory goes, and says how far: to the
// end of a page, or further where there is another one.
func (th *thread) readUpTo(p []byte, at uint64) int {
	const page = 4096
	here := min(len(p), page-int(at%page))
	remote := []unix.RemoteIovec{{Base: uintptr(at), Len: here}, {Base: uintptr(at) + uintptr(here), Len: len(p) - here}}
	n, _ := unix.ProcessVMReadv(th.id, []unix.Iovec{{Base: &p[0], Len: uint64(len(p))}}, remote, 0)
	return max(n, 0)
}
