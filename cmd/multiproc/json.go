package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/py"
)

// writeJSON writes a value as JSON on a line, in which all that a terminal would not print is escaped: encoding/json leaves control characters beyond ASCII as they are.
func writeJSON(w io.Writer, v any) error {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	var out strings.Builder
	for _, r := range b.String() {
		switch {
		case r == '\n' || strconv.IsPrint(r):
			out.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// maxJSONDepth is how deep a value may be nested that becomes JSON: deeper than others write it, and not so deep that one that contains itself takes long.
const maxJSONDepth = 1000

// jsonValue is a value as encoding/json takes it. What JSON has no form for is an error, since another form would be read as something else.
func jsonValue(v py.Value, depth int) (any, error) {
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("it is nested more than %d deep, or contains itself", maxJSONDepth)
	}
	switch v := v.(type) {
	case nil, bool, int64, *big.Int:
		return v, nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%v is no number there", v)
		}
		return v, nil
	case string:
		if !utf8.ValidString(v) {
			return nil, fmt.Errorf("a text has a lone surrogate")
		}
		return v, nil
	case py.Str2:
		if !utf8.ValidString(string(v)) {
			return nil, fmt.Errorf("a str of Python 2 is not UTF-8")
		}
		return string(v), nil
	case py.Tuple:
		return jsonItems(v, depth)
	case *py.List:
		return jsonItems(v.Items, depth)
	case *py.Dict:
		object := make(map[string]any, v.Len())
		for key, item := range v.All() {
			name, err := jsonValue(key, depth+1)
			text, ok := name.(string)
			if err != nil || !ok {
				return nil, fmt.Errorf("the keys of an object are texts, and one is %s", py.TypeName(key))
			}
			if object[text], err = jsonValue(item, depth+1); err != nil {
				return nil, err
			}
		}
		return object, nil
	}
	return nil, fmt.Errorf("there is no %s", py.TypeName(v))
}

func jsonItems(items []py.Value, depth int) (any, error) {
	array := make([]any, len(items))
	for i, item := range items {
		var err error
		if array[i], err = jsonValue(item, depth+1); err != nil {
			return nil, err
		}
	}
	return array, nil
}
