package monitor

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	defaultLimit = 1000
	maxLimit     = 100_000
)

// A query is which entries of a list are wanted, and how many.
type query struct {
	values url.Values
	limit  int
}

// parseQuery takes the filters of these names. Others are refused: who mistypes one must not believe that everything matches.
func parseQuery(values url.Values, texts, flags []string) (query, error) {
	q := query{values: values, limit: defaultLimit}
	for name := range values {
		value := values.Get(name)
		switch {
		case name == "limit":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > maxLimit {
				return q, fmt.Errorf("limit is %q, and must be a number from 1 to %d", value, maxLimit)
			}
			q.limit = n
		case slices.Contains(texts, name):
		case !slices.Contains(flags, name):
			return q, fmt.Errorf("there is no filter %q, but %s and limit", name, strings.Join(slices.Concat(texts, flags), ", "))
		case value != "0" && value != "1":
			return q, fmt.Errorf("%s is %q, and must be 0 or 1", name, value)
		}
	}
	return q, nil
}

// text tells whether an entry is wanted that has a text.
func (q *query) text(name, has string) bool { return !q.values.Has(name) || q.values.Get(name) == has }

// flag tells whether an entry is wanted that is so, or is not.
func (q *query) flag(name string, is bool) bool {
	return !q.values.Has(name) || q.values.Get(name) == "1" == is
}

func (q *query) truncated() string {
	return fmt.Sprintf("there are more than these %d; ask for more by ?limit=, up to %d, or for less by the filters", q.limit, maxLimit)
}
