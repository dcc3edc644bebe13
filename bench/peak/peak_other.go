//go:build !amd64

package peak

// fmaLoop returns nil: the Go compiler has no vectors to measure with.
func fmaLoop() (loop func(rounds int), flops int64) { return nil, 0 }

// dotLoop returns nil likewise.
func dotLoop() (loop func(rounds int), flops int64) { return nil, 0 }
