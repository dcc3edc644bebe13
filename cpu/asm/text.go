package main

import (
	"fmt"
	"slices"
	"strings"
)

// A text is assembly as it grows: lines of an instruction and its margin note.
// Between begin and end they are those of a macro.
type text struct {
	out       strings.Builder
	lines     [][2]string
	macro     bool
	bodyLines int
}

func (t *text) line(instruction, note string) {
	t.lines = append(t.lines, [2]string{instruction, note})
}

func (t *text) label(name string) { t.raw("\n" + name + ":") }

func (t *text) comment(s string) { t.raw("// " + s) }

// raw writes a line as it is.
func (t *text) raw(s string) {
	t.flush()
	t.out.WriteString(s + "\n")
}

// flush writes the lines so far, with notes in one column.
func (t *text) flush() {
	width := 0
	for _, l := range t.lines {
		width = max(width, len(l[0]))
	}
	for i, l := range t.lines {
		switch {
		case !t.macro && l[1] == "":
			fmt.Fprintf(&t.out, "\t%s\n", l[0])
		case !t.macro:
			fmt.Fprintf(&t.out, "\t%-*s // %s\n", width, l[0], l[1])
		case i < len(t.lines)-1:
			fmt.Fprintf(&t.out, "\t%-*s /* %s */ \\\n", width, l[0], l[1])
		default:
			fmt.Fprintf(&t.out, "\t%-*s /* %s */\n", width, l[0], l[1])
		}
	}
	t.lines = t.lines[:0]
}

// begin opens a macro and end closes it. One without lines is not written.
func (t *text) begin(name string) {
	t.flush()
	t.lines = append(t.lines, [2]string{name, ""})
	t.macro = true
}

func (t *text) end() {
	name := t.lines[0][0]
	t.lines = t.lines[1:]
	t.bodyLines = len(t.lines)
	if t.bodyLines > 0 {
		fmt.Fprintf(&t.out, "#define %s \\\n", name)
		t.flush()
		t.out.WriteString("\n")
	}
	t.macro = false
}

// constants are the read-only table of a file.
type constants struct {
	bits []uint32
	name map[uint32]string
}

// at is where a constant lies, in words.
func (c *constants) at(bits uint32, name string) int {
	if c.name == nil {
		c.name = map[uint32]string{}
	}
	if _, ok := c.name[bits]; !ok {
		c.name[bits] = name
		c.bits = append(c.bits, bits)
	}
	return slices.Index(c.bits, bits)
}
