package ptx

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The most that a hostile file can make Parse believe.
const (
	maxBytes = 1 << 28 // of a variable
	maxDepth = 64      // of nested scopes and operands
)

// Parse reads a PTX file. Its error is a *SyntaxError.
func Parse(src string) (*Module, error) {
	tokens, err := lex(src)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens, module: &Module{Files: map[int]string{}}, spare: 1024 + 2*len(tokens)}
	for p.more() {
		p.directive()
	}
	if p.err != nil {
		return nil, p.err
	}
	return p.module, nil
}

// A parser walks the tokens. Its first error stays, and ends the text.
type parser struct {
	tokens []token
	pos    int
	err    *SyntaxError
	module *Module

	spare int // registers that may still be declared: compilers declare few that they do not use
}

func (p *parser) more() bool { return p.err == nil && p.pos < len(p.tokens) }

func (p *parser) peek() string {
	if !p.more() {
		return ""
	}
	return p.tokens[p.pos].text
}

func (p *parser) next() string {
	s := p.peek()
	if s == "" {
		p.fail("the text ends too early")
		return ""
	}
	p.pos++
	return s
}

// line is that of the token last read.
func (p *parser) line() int {
	if len(p.tokens) == 0 {
		return 1
	}
	return p.tokens[min(max(p.pos-1, 0), len(p.tokens)-1)].line
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = &SyntaxError{p.line(), fmt.Sprintf(format, args...)}
	}
}

// accept reads s if it comes next.
func (p *parser) accept(s string) bool {
	if p.peek() != s {
		return false
	}
	p.pos++
	return true
}

func (p *parser) expect(s string) {
	if got := p.next(); got != s && p.err == nil {
		p.fail("%q where %q belongs", got, s)
	}
}

// count reads a number from 0 to limit.
func (p *parser) count(limit int) int {
	s := p.next()
	n, err := strconv.ParseUint(s, 0, 63)
	if err != nil || n > uint64(limit) {
		p.fail("%q is no number up to %d", s, limit)
		return 0
	}
	return int(n)
}

// directive reads one declaration of the module.
func (p *parser) directive() {
	switch s := p.next(); s {
	case ".version":
		p.module.Version = p.next()
	case ".target":
		p.module.Target = p.next()
		for p.accept(",") {
			p.next()
		}
	case ".address_size":
		p.expect("64")
	case ".file":
		p.file()
	case ".section":
		for p.more() && p.next() != "}" {
		}
	case ".visible", ".weak":
	case ".extern":
		p.expect(".shared")
		p.module.Variables = append(p.module.Variables, p.variable(Shared, true))
	case ".global", ".const", ".shared":
		p.module.Variables = append(p.module.Variables, p.variable(Space(s[1:]), false))
	case ".entry":
		p.module.Kernels = append(p.module.Kernels, p.kernel())
	default:
		p.fail("unknown directive %q", s)
	}
}

// file reads: number "name" [, time, size]
func (p *parser) file() {
	n := p.count(math.MaxInt32)
	p.module.Files[n] = strings.Trim(p.next(), `"`)
	for p.accept(",") {
		p.next()
	}
}

// variable reads, after the space: [.align n] .type name[n][m] [= {...}] ;
func (p *parser) variable(space Space, extern bool) *Variable {
	v := p.declaration(space)
	v.Extern = extern
	if p.accept("=") {
		p.initializer(v)
	}
	p.expect(";")
	return v
}

// declaration reads: [.align n] .type name[n][m]
func (p *parser) declaration(space Space) *Variable {
	v := &Variable{Space: space, Line: p.line()}
	for strings.HasPrefix(p.peek(), ".") {
		switch s := p.next()[1:]; {
		case s == "align":
			v.Align = p.count(1 << 12)
		case s == "ptr" || Space(s) == Global:
		case Size(s) > 0:
			v.Type, v.Size = s, Size(s)
		default:
			p.fail("unknown type .%s", s)
		}
	}
	if v.Align == 0 {
		v.Align = max(v.Size, 1)
	}
	v.Name = p.next()
	for p.accept("[") {
		n := 0
		if p.peek() != "]" {
			n = p.count(maxBytes)
		}
		p.expect("]")
		v.Size *= n
		if v.Size > maxBytes {
			p.fail("%s has more than %d bytes", v.Name, maxBytes)
			v.Size = 0
		}
	}
	if v.Type == "" || v.Align&(v.Align-1) != 0 {
		p.fail("%q has no type, or an alignment that is no power of 2", v.Name)
	}
	return v
}

// initializer reads a number or {numbers}.
func (p *parser) initializer(v *Variable) {
	element := Size(v.Type)
	one := func() {
		o := p.number(p.next())
		if len(v.Init)+element > v.Size {
			p.fail("%s has more values than room", v.Name)
			return
		}
		for i := range element {
			v.Init = append(v.Init, byte(o.Value>>(8*i)))
		}
	}
	if !p.accept("{") {
		one()
		return
	}
	for p.more() && !p.accept("}") {
		one()
		p.accept(",")
	}
}

// number reads an integer, a float32 (0f3F800000) or a float64 (0d...).
func (p *parser) number(s string) Operand {
	negative := s == "-"
	if negative {
		s = p.next()
	}
	digits, base, bits := s, 0, 64
	switch low := strings.ToLower(s); {
	case strings.HasPrefix(low, "0f"):
		digits, base, bits = s[2:], 16, 32
	case strings.HasPrefix(low, "0d"):
		digits, base = s[2:], 16
	default:
		digits = strings.TrimSuffix(s, "U")
	}
	v, err := strconv.ParseUint(digits, base, bits)
	if err != nil {
		p.fail("%q is no number", s)
	}
	if negative {
		v = -v
	}
	return Operand{Kind: Immediate, Value: v}
}
