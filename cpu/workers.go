package cpu

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// A pool spreads tasks over persistent workers. The caller is worker 0; the
// others are goroutines that spin for a moment after each round, then sleep.
// One goroutine calls each at a time.
type pool struct {
	workers int

	// A round: a task, and a share for each worker of the numbers that it is
	// called with. Both are written before the gate opens and read by those who
	// passed it.
	task    func(i, worker int)
	shares  []share
	gate    atomic.Int64 // workers inside the round; less than 0 while it is closed
	failure atomic.Pointer[string]

	round  atomic.Int64 // counts rounds; changed under mu, so that nobody sleeps through one
	mu     sync.Mutex
	wake   sync.Cond
	closed bool
	exited sync.WaitGroup
}

const (
	gateClosed = -1 << 32
	looks      = 64 // at what is waited for, before looking at anything else

	// patience is how long an idle worker looks for a round before it sleeps.
	// Waking it takes some 40 µs in a virtual machine, and the gaps of a training
	// step, where one core has work or none, are shorter than this.
	patience = 200 * time.Microsecond
)

// newPool starts workers-1 goroutines.
func newPool(workers int) *pool {
	p := &pool{workers: workers, shares: make([]share, workers)}
	p.gate.Store(gateClosed)
	p.wake.L = &p.mu
	for w := 1; w < workers; w++ {
		p.exited.Go(func() { p.serve(w) })
	}
	return p
}

// each runs task for every i < n, less than 2³², and returns when all are done. A
// panic of a task is raised here.
func (p *pool) each(n int, task func(i, worker int)) {
	if n == 1 || p.workers == 1 {
		for i := range n {
			task(i, 0)
		}
		return
	}
	p.task = task
	for w := range p.shares {
		p.shares[w].set(n*w/p.workers, n*(w+1)/p.workers)
	}
	p.gate.Store(0)
	p.mu.Lock()
	p.round.Add(1)
	p.mu.Unlock()
	p.wake.Broadcast()
	defer p.finish()
	p.work(0)
}

// finish closes the round, waits for those inside and raises their panic.
func (p *pool) finish() {
	p.drop() // after a panic of the caller's own task
	p.gate.Add(gateClosed)
	for i := 1; p.gate.Load() != gateClosed; i++ {
		if i%looks == 0 {
			runtime.Gosched()
		}
		pause()
	}
	p.task = nil
	if what := p.failure.Swap(nil); what != nil {
		panic(*what)
	}
}

// drop leaves nobody a task.
func (p *pool) drop() {
	for w := range p.shares {
		p.shares[w].set(0, 0)
	}
}

// work runs tasks until none is left: a worker's own in order, then those of
// others.
func (p *pool) work(worker int) {
	for i, ok := p.shares[worker].first(); ok; i, ok = p.shares[worker].first() {
		p.task(i, worker)
	}
	for next := 1; next < p.workers; next++ {
		other := &p.shares[(worker+next)%p.workers]
		for i, ok := other.last(); ok; i, ok = other.last() {
			p.task(i, worker)
		}
	}
}

// serve is the life of a worker.
func (p *pool) serve(worker int) {
	for seen := int64(0); ; {
		round, ok := p.await(seen)
		if !ok {
			return
		}
		seen = round
		if p.enter() {
			p.help(worker)
		}
	}
}

// await returns the number of a round after seen, or false once the pool is closed.
func (p *pool) await(seen int64) (round int64, ok bool) {
	for start := time.Now(); time.Since(start) < patience; {
		for range looks {
			if r := p.round.Load(); r != seen {
				return r, true
			}
			pause()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.round.Load() == seen && !p.closed {
		p.wake.Wait()
	}
	return p.round.Load(), !p.closed
}

// enter passes the gate; false where the round is over already.
func (p *pool) enter() bool {
	for {
		inside := p.gate.Load()
		if inside < 0 {
			return false
		}
		if p.gate.CompareAndSwap(inside, inside+1) {
			return true
		}
	}
}

// help works on the round, and keeps a panic for the caller.
func (p *pool) help(worker int) {
	defer func() {
		if v := recover(); v != nil {
			what := fmt.Sprintf("cpu: in a worker: %v\n%s", v, debug.Stack())
			p.failure.Store(&what)
			p.drop()
		}
		p.gate.Add(-1)
	}()
	p.work(worker)
}

// close ends the workers and waits for them.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.wake.Broadcast()
	p.exited.Wait()
}
