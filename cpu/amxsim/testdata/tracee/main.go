// Command tracee does tile instructions in the way that its argument says.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
)

// configure is LDTILECFG of c.
func configure(c *[64]byte)

// add is c += a b on tiles in memory, whose rows are 64 bytes apart.
func add(c *[256]float32, a, b *[512]uint16)

func main() {
	runtime.LockOSThread() // tiles belong to a thread
	shape := rowsOf(16)
	switch os.Args[1] {
	case "product":
		configure(shape)
		fmt.Println(rows(3))
	case "threads":
		threads()
	case "unconfigured":
		rows(1)
	case "protection":
		shape[0] = 9
		configure(shape)
	case "page":
		configure(shape)
		add(nil, &[512]uint16{}, &[512]uint16{})
	case "status":
		os.Exit(7)
	}
}

// rowsOf is the configuration of tiles 0 and 1 of n rows, and of tile 2 of 16.
func rowsOf(n int) *[64]byte {
	return &[64]byte{0: 1, 16: 64, 18: 64, 20: 64, 48: byte(n), 49: byte(n), 50: 16}
}

// rows sums products of ones, each 32, and counts the rows that have the sum.
func rows(times int) (count int) {
	var c [256]float32
	var ones [512]uint16
	for i := range ones {
		ones[i] = 0x3F80
	}
	for range times {
		add(&c, &ones, &ones)
	}
	for r := range 16 {
		if c[16*r] == float32(32*times) && c[16*r+15] == c[16*r] {
			count++
		}
	}
	return count
}

// threads does that on eight, each with another number of rows, while garbage is
// collected and goroutines are preempted by signals.
func threads() {
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			runtime.LockOSThread()
			configure(rowsOf(n + 1))
			for range 20 {
				if got := rows(5); got != n+1 {
					fmt.Println("wrong: rows", got, "of", n+1)
				}
				runtime.GC()
			}
		})
	}
	wg.Wait()
	fmt.Println("done")
}
