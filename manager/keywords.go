package manager

// Keywords are keyword arguments: as the last argument of Call, Create or New they are those of the call, and no argument themselves.
//
//	item, err := queue.Call(ctx, "get", manager.Keywords{"timeout": 1.5})
type Keywords map[string]any

// withoutKeywords takes the keyword arguments off the arguments of a call.
func withoutKeywords(args []any) (positional []any, kwargs Keywords) {
	if n := len(args) - 1; n >= 0 {
		if kwargs, ok := args[n].(Keywords); ok {
			return args[:n:n], kwargs
		}
	}
	return args, nil
}
