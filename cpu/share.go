package cpu

import "sync/atomic"

// A share is the tasks of a round, lo to hi, that nobody has taken yet of those
// that are a worker's first: of the same n tasks it has the same, so that what it
// wrote in one round it reads in the next, from the caches of its own core. Others
// take from the far end once they have nothing left: it may be many times farther
// to their caches.
type share struct {
	left atomic.Uint64 // lo<<32 | hi
	_    [120]byte     // two cache lines, which are fetched together, are one worker's
}

func (s *share) set(lo, hi int) { s.left.Store(uint64(lo)<<32 | uint64(hi)) }

// first takes the first task; false where none is left.
func (s *share) first() (task int, ok bool) {
	for {
		left := s.left.Load()
		lo, hi := left>>32, left&(1<<32-1)
		if lo >= hi {
			return 0, false
		}
		if s.left.CompareAndSwap(left, left+1<<32) {
			return int(lo), true
		}
	}
}

// last takes the last task; false where none is left.
func (s *share) last() (task int, ok bool) {
	for {
		left := s.left.Load()
		lo, hi := left>>32, left&(1<<32-1)
		if lo >= hi {
			return 0, false
		}
		if s.left.CompareAndSwap(left, left-1) {
			return int(hi) - 1, true
		}
	}
}
