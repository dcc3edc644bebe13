package ptx

import "strings"

// A token is a word or a mark of the text. Its text is empty at the end.
type token struct {
	text string
	line int
}

// lex cuts the text into tokens. Words hold dots, dollars, percent signs and
// double colons, so that an opcode with its modifiers is one word.
func lex(src string) (tokens []token, err *SyntaxError) {
	line := 1
	for i := 0; i < len(src); {
		switch c := src[i]; {
		case c == '\n':
			line++
			i++
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case strings.HasPrefix(src[i:], "//"):
			i += span(src[i:], func(c byte) bool { return c != '\n' })
		case c == '"':
			n := span(src[i+1:], func(c byte) bool { return c != '"' && c != '\n' }) + 2
			if i+n > len(src) || src[i+n-1] != '"' {
				return nil, &SyntaxError{line, "a string has no end"}
			}
			tokens = append(tokens, token{src[i : i+n], line})
			i += n
		default:
			n := max(word(src[i:]), 1)
			tokens = append(tokens, token{src[i : i+n], line})
			i += n
		}
	}
	return tokens, nil
}

// span is how many leading bytes of s fit.
func span(s string, fits func(byte) bool) int {
	for i := range len(s) {
		if !fits(s[i]) {
			return i
		}
	}
	return len(s)
}

// word is the length of the word that s begins with.
func word(s string) int {
	i := 0
	for i < len(s) {
		switch {
		case isWord(s[i]):
			i++
		case strings.HasPrefix(s[i:], "::"):
			i += 2
		default:
			return i
		}
	}
	return i
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '_' || c == '.' || c == '%' || c == '$'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
