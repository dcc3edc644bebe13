package ptx

// operand reads a primary or a pair p|q.
func (b *body) operand(depth int) Operand {
	o := b.primary(depth)
	if b.accept("|") {
		return Operand{Kind: Pair, Parts: []Operand{o, b.primary(depth)}}
	}
	return o
}

func (b *body) primary(depth int) Operand {
	if depth > maxDepth {
		b.fail("operands too deep in each other")
		return Operand{}
	}
	switch s := b.next(); {
	case s == "":
		return Operand{}
	case s == "{":
		return b.vector(depth)
	case s == "[":
		return b.address(depth)
	case s == "!":
		o := b.primary(depth + 1)
		o.Negated = true
		return o
	case s == "_":
		return Operand{Kind: Ignored}
	case s == "-" || isDigit(s[0]):
		return b.number(s)
	default:
		o := b.name(s)
		if o.Kind == Label && depth > 0 {
			b.fail("unknown name %q", s)
		}
		return o
	}
}

// vector reads: operand, operand ... }
func (b *body) vector(depth int) Operand {
	o := Operand{Kind: Vector}
	for b.more() && !b.accept("}") {
		o.Parts = append(o.Parts, b.primary(depth+1))
		b.accept(",")
	}
	return o
}

// address reads: operand [+ number] ]
func (b *body) address(depth int) Operand {
	o := Operand{Kind: Address, Parts: []Operand{b.primary(depth + 1)}}
	switch {
	case b.accept("+"):
		o.Offset = int64(b.number(b.next()).Value)
	case b.peek() == "-":
		o.Offset = int64(b.number(b.next()).Value)
	}
	b.expect("]")
	return o
}

// name is a register, a special register, a variable or else a label.
func (b *body) name(s string) Operand {
	if r := b.find(s); r >= 0 {
		return Operand{Kind: Reg, Reg: r}
	}
	if v := b.findVariable(s); v != nil {
		return Operand{Kind: Symbol, Variable: v}
	}
	if s[0] == '%' {
		return Operand{Kind: Special, Name: s}
	}
	if !isWord(s[0]) {
		b.fail("unexpected %q", s)
	}
	return Operand{Kind: Label, Name: s}
}
