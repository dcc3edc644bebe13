package cpu

// pause tells the processor that this thread waits, so that the other one of its
// core gets on meanwhile.
func pause()
