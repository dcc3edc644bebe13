package main

import (
	"fmt"
	"strings"
)

// The loops of cpu/slide.go. Filters of up to slideRows by slideTaps slide along a
// line, over strips of a few vectors of channels. A vector of x is loaded once for
// all taps of its row: while column v of the line is there, tap t works for
// position v-t. The filter and those positions stay in registers.
const slideRows, slideTaps = 3, 3

// An assembler writes instructions of one instruction set. Registers for addresses
// and counts go by name, s.field is a field of the slide.
type assembler interface {
	begin(function, arguments string, size int)
	label(name string)
	vectors() int // of channels in a strip, which begins with channel at
	lanes() int
	strip() // sets aside what is beyond the last channel

	address(to, slice string, frame int)   // to = &slice[at]
	shift(to, field string)                // to += field elements
	bytes(to, field string)                // to = the size of field elements
	number(to, field string)               // to = field
	set(to string, n int)                  // to = n
	add(to, by string)                     // to += by
	addNumber(to string, n int)            // to += n
	less(to, from, field string)           // to = from - field
	ifEqual(a string, n int, label string) // goes on there if a == n
	ifLess(a, field, label string)         // if a < field
	ifNotLess(a, field, label string)      // if a >= field
	ifBelow(a string, n int, label string) // if a < n
	ifOutside(a, field, label string)      // if a < 0 or a >= field
	ifPositive(a, label string)            // if a > 0
	jump(label string)
	done()

	load(v int, from string, i int, note string) // vector i there
	store(v int, to string, i int, note string)
	move(from, to int, note string)
	clear(v int, note string)
	fma(a, b, to int, note string) // to += a b

	finish() string
}

// A slideLoop is the loop for filters of one size.
type slideLoop struct {
	assembler
	rows, taps int
	grad       bool // of the filter
}

// slideFiles are the files of all instruction sets.
func slideFiles() map[string][]byte {
	files := map[string][]byte{}
	for name, a := range map[string]assembler{
		"slide_avx2_amd64.s":   &x86Slide{},
		"slide_avx512_amd64.s": &x86Slide{wide: true},
		"slide_neon_arm64.s":   &neonSlide{},
	} {
		slideFunction(a, false)
		slideFunction(a, true)
		files[name] = []byte(a.finish())
	}
	return files
}

// slideFunction writes a function: it picks the loop by the size of the filter.
func slideFunction(a assembler, grad bool) {
	if grad {
		a.begin("slideGrad", "dw, dy, x []float32, s *slide", 80)
	} else {
		a.begin("slide", "y, init, x, w []float32, s *slide", 104)
	}
	a.set("at", 0)
	a.number("step", "rows")
	a.number("left", "taps")
	var loops []slideLoop
	for taps := slideTaps; taps > 0; taps-- {
		next := fmt.Sprintf("not%d", taps)
		a.ifBelow("left", taps, next)
		for rows := slideRows; rows > 0; rows-- {
			l := slideLoop{a, rows, taps, grad}
			a.ifEqual("step", rows, l.name("strip"))
			loops = append(loops, l)
		}
		a.label(next)
	}
	a.done()
	for _, l := range loops {
		l.write()
	}
}

// name is the label of a part of the loop.
func (l *slideLoop) name(part string) string { return fmt.Sprintf("%s%dx%d", part, l.rows, l.taps) }

// The registers of vector i: of the filter, of the position that tap t works for,
// and of x.
func (l *slideLoop) w(r, t, i int) int { return (r*l.taps+t)*l.vectors() + i }
func (l *slideLoop) at(t, i int) int   { return l.w(l.rows, t, i) }
func (l *slideLoop) x(r, i int) int    { return l.w(l.rows, l.taps, i) + r*l.vectors() }

func xRow(r int) string { return fmt.Sprintf("x%d", r) }

// write writes the loop over strips.
func (l *slideLoop) write() {
	l.label(l.name("strip"))
	l.strip()
	if l.grad {
		l.address("y", "dy", 24)
	} else {
		l.address("y", "y", 0)
		l.address("init", "init", 24)
		l.bytes("initMove", "initMove")
	}
	l.filter(l.load, "tap %d of row %d")
	for r := range l.rows {
		l.address(xRow(r), "x", 48)
		l.shift(xRow(r), fmt.Sprintf("x[%d]", r))
	}
	l.bytes("xMove", "xMove")
	l.bytes("yMove", "yMove")
	if l.grad {
		l.sumLines()
		l.filter(l.store, "sum of tap %d of row %d")
	} else {
		l.slide()
	}
	l.addNumber("at", l.vectors()*l.lanes())
	l.ifLess("at", "channels", l.name("strip"))
	l.done()
}

// filter loads or stores what belongs to the filter.
func (l *slideLoop) filter(move func(v int, p string, i int, note string), note string) {
	slice, frame := "w", 72
	if l.grad {
		slice, frame = "dw", 0
	}
	l.bytes("column", "wMove")
	for r := range l.rows {
		l.address("step", slice, frame)
		l.shift("step", fmt.Sprintf("w[%d]", r))
		for t := range l.taps {
			for i := range l.vectors() {
				move(l.w(r, t, i), "step", i, fmt.Sprintf(note, t, r))
			}
			if t < l.taps-1 {
				l.add("step", "column")
			}
		}
	}
}

// slide makes a line of y.
func (l *slideLoop) slide() {
	oldest := l.taps - 1
	l.start()
	l.label(l.name("column"))
	l.ifNotLess("column", "n", l.name("old"))
	l.next("init", "initMove", "starts")
	l.label(l.name("old"))
	l.less("left", "column", "first")
	l.ifOutside("left", "columns", l.name("outside"))
	for r := range l.rows {
		l.loadX(r, 0)
		for t := range l.taps {
			l.multiply(r, t, 0)
		}
	}
	l.label(l.name("outside"))
	l.ifBelow("column", oldest, l.name("early"))
	for i := range l.vectors() {
		l.store(l.at(oldest, i), "y", i, "its last tap was met")
	}
	l.add("y", "yMove")
	l.label(l.name("early"))
	l.turn()
}

// start begins a line.
func (l *slideLoop) start() {
	l.set("column", 0)
	for t := range l.taps - 1 {
		for i := range l.vectors() {
			l.clear(l.at(t, i), "no position yet")
		}
	}
}

// next loads what belongs to the position that begins in this column.
func (l *slideLoop) next(from, move, note string) {
	for i := range l.vectors() {
		l.load(l.at(0, i), from, i, "a position "+note)
	}
	l.add(from, move)
}

// turn goes on to the next column.
func (l *slideLoop) turn() {
	for t := l.taps - 1; t > 0; t-- {
		for i := range l.vectors() {
			l.move(l.at(t-1, i), l.at(t, i), fmt.Sprintf("from tap %d to tap %d", t-1, t))
		}
	}
	l.addNumber("column", 1)
	l.ifLess("column", "end", l.name("column"))
}

// loadX loads the vectors of row r of x at this column into those of register row
// to.
func (l *slideLoop) loadX(r, to int) {
	for i := range l.vectors() {
		l.load(l.x(to, i), xRow(r), i, fmt.Sprintf("x of row %d", r))
	}
	l.add(xRow(r), "xMove")
}

// multiply is what happens where tap t of row r meets x, in register row from.
func (l *slideLoop) multiply(r, t, from int) {
	for i := range l.vectors() {
		if l.grad {
			l.fma(l.x(from, i), l.at(t, i), l.w(r, t, i), fmt.Sprintf("tap %d of row %d += x dy", t, r))
		} else {
			l.fma(l.x(from, i), l.w(r, t, i), l.at(t, i), fmt.Sprintf("y += x times tap %d of row %d", t, r))
		}
	}
}

// sumLines adds up what lines give the filter.
func (l *slideLoop) sumLines() {
	l.number("lines", "lines")
	l.label(l.name("line"))
	l.start()
	l.label(l.name("column"))
	l.ifNotLess("column", "n", l.name("old"))
	l.next("y", "yMove", "joins")
	l.label(l.name("old"))
	l.less("left", "column", "first")
	l.ifOutside("left", "columns", l.name("outside"))
	if l.taps > 1 {
		l.ifBelow("column", l.taps-1, l.name("edge"))
		l.ifNotLess("column", "n", l.name("edge"))
	}
	for r := range l.rows {
		l.loadX(r, 0)
		for t := range l.taps {
			l.multiply(r, t, 0)
		}
	}
	if l.taps > 1 {
		l.jump(l.name("outside"))
		l.edge()
	}
	l.label(l.name("outside"))
	l.turn()
	l.nextLine()
}

// edge is a column where some taps have no position to work for: they are left
// out, for x may be infinite.
func (l *slideLoop) edge() {
	l.label(l.name("edge"))
	for r := range l.rows {
		l.loadX(r, r)
	}
	for t := range l.taps {
		skip := l.name(fmt.Sprintf("skip%d_", t))
		l.set("left", -t)
		l.add("left", "column")
		l.ifOutside("left", "n", skip)
		for r := range l.rows {
			l.multiply(r, t, r)
		}
		l.label(skip)
	}
}

// nextLine goes on to the next line.
func (l *slideLoop) nextLine() {
	l.shift("y", "yNext")
	for r := range l.rows {
		l.shift(xRow(r), "xNext")
	}
	l.addNumber("lines", -1)
	l.ifPositive("lines", l.name("line"))
}

// slideField is where a field lies in a slide: x[1] is slide_x+8*1.
func slideField(name string) string {
	at := strings.NewReplacer("[", "+8*", "]", "").Replace("slide_" + name)
	if at != "slide_"+name {
		at = "(" + at + ")"
	}
	return at
}

// slideFile is a whole file.
func slideFile(t *text) string {
	t.flush()
	return "// Code generated by cpu/asm; DO NOT EDIT.\n\n#include \"go_asm.h\"\n#include \"textflag.h\"\n\n" + strings.TrimRight(t.out.String(), "\n") + "\n"
}
