//go:build !amd64

package cpu

// pause does nothing where no instruction says that a thread waits.
func pause() {}
