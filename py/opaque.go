package py

// objectBudget is how many values go into the hash of an Object. Which ones depends only on how the parts are nested, so that equal objects have equal hashes, and an
// enemy's object can't take long, however its parts are shared.
const objectBudget = 256

// shape is how the object was made. The functions of copyreg that stand for an opcode in older protocols count as that.
func (o *Object) shape() (form Form, class Value, args Tuple) {
	class, args = o.instance()
	form = o.Form
	if len(args) != len(o.Args) {
		form = Made
	}
	return form, class, args
}

// hashObject is the hash of an object's parts, as equalObjects compares them.
func hashObject(o *Object, budget int) uint64 {
	form, class, args := o.shape()
	h := mix(hashTag(tagObject), uint64(form))
	if o.Built {
		h++
	}
	parts := 2 // class and state
	for _, n := range [...]int{len(args), len(o.Items), len(o.Pairs)} {
		if n > 0 {
			parts++
		}
	}
	if budget < parts { // also an object that is its own state comes to an end
		return h
	}
	share := (budget - parts) / parts
	h = mix(h, hashParts(class, share))
	h = mix(h, hashSequence(tagTuple, args, share))
	h = mix(h, hashSequence(tagList, o.Items, share))
	h = mix(h, uint64(len(o.Pairs)))
	n := min(len(o.Pairs), share/2)
	for _, p := range o.Pairs[:n] {
		each := (share - 2*n) / (2 * n)
		h = mix(h, mix(hashParts(p.Key, each), hashParts(p.Value, each)))
	}
	return mix(h, hashParts(o.State, share))
}

// hashParts is the hash of any value inside of an Object, also of one that can't be a key. A container has its length and as many of its values as there are in the budget;
// they share what is left of it.
func hashParts(v Value, budget int) uint64 {
	switch v := v.(type) {
	case Tuple:
		return hashSequence(tagTuple, v, budget)
	case *List:
		return hashSequence(tagList, v.Items, budget)
	case Slice:
		return hashSequence(tagSlice, []Value{v.Start, v.Stop, v.Step}, budget)
	case *Dict:
		return hashUnordered(tagDict, &v.t, budget, hashParts)
	case *OrderedDict:
		return hashUnordered(tagDict, &v.t, budget, hashParts)
	case *Set:
		return hashUnordered(tagSet, &v.t, budget, hashNoValue)
	case *FrozenSet:
		return hashUnordered(tagSet, &v.t, budget, hashNoValue)
	case string:
		return hashPrefix(v)
	case Str2:
		return hashPrefix(string(v))
	case Bytes:
		return ^hashPrefix(string(v))
	case *ByteArray:
		return ^hashPrefix(string(v.B[:min(len(v.B), prefix)]))
	case Global:
		return mix(hashPrefix(v.Module), hashPrefix(v.Name))
	case *Array:
		return mix(hashTag(tagArray), uint64(v.Len()))
	case *Object:
		return hashObject(v, budget)
	case *Exception:
		return hashPointer(v)
	case *Persistent:
		h := hashTag(tagPersistent)
		if budget <= 0 {
			return h
		}
		return mix(h, hashParts(v.ID, budget-1))
	case Time, DateTime, TimeZone:
		return hashMoment(v, budget-1)
	case Range:
		return hashTag(tagRange)
	}
	if isLong(v) {
		return hashTag(tagUnknown)
	}
	if isPlain(v) {
		return hashPlain(v)
	}
	if n := numberOf(v); n.kind != noNumber {
		return hashNumber(&n)
	}
	return hashTag(tagUnknown)
}

// prefix is how much of a text, in bytes, goes into the hash of an Object.
const prefix = 256

func hashPrefix(s string) uint64 { return hashString(s[:min(len(s), prefix)]) }

func hashSequence(t tag, items []Value, budget int) uint64 {
	h := mix(hashTag(t), uint64(len(items)))
	n := min(len(items), max(budget, 0))
	for _, v := range items[:n] {
		h = mix(h, hashParts(v, (budget-n)/n))
	}
	return h
}

func hashNoValue(struct{}, int) uint64 { return 0 }

// hashUnordered has all of a dict or set or, since none of them is the first one, nothing but its length.
func hashUnordered[V any](t tag, from *table[V], budget int, hashValue func(V, int) uint64) uint64 {
	n := from.len()
	h := mix(hashTag(t), uint64(n))
	if n == 0 || 2*n > budget {
		return h
	}
	share := (budget - 2*n) / (2 * n)
	sum := uint64(0)
	for i := range from.entries {
		if e := &from.entries[i]; !isDead(e.key) {
			sum += mix(hashParts(e.key, share), hashValue(e.value, share))
		}
	}
	return mix(h, sum)
}

// equalObjects compares how two objects were made, and what was then done with them. Which instances of a class are equal is the class's affair, and by default each
// equals only itself; but of two that came in different pickles no class would say that they are one, and those with an equality of their own go by their parts.
func (w *walker) equalObjects(a, b *Object) (bool, error) {
	if w.strict {
		return false, nil
	}
	form, class, args := a.shape()
	form2, class2, args2 := b.shape()
	if form != form2 || a.Built != b.Built || len(args) != len(args2) || len(a.Items) != len(b.Items) || len(a.Pairs) != len(b.Pairs) ||
		len(a.Later) != len(b.Later) || len(a.Calls) != len(b.Calls) || a.Added != b.Added && len(a.Items) > 0 {
		return false, nil
	}
	w.opaque++
	defer func() { w.opaque-- }()
	if equal, err := w.equal(class, class2); !equal || err != nil {
		return false, err
	}
	for _, items := range [...][2][]Value{{args, args2}, {a.Items, b.Items}, {a.Later, b.Later}} {
		if equal, err := w.equalItems(items[0], items[1]); !equal || err != nil {
			return false, err
		}
	}
	for i, c := range a.Calls {
		if equal, err := w.matches(c.Func, b.Calls[i].Func); !equal || err != nil {
			return false, err
		}
		if equal, err := w.matches(c.Args, b.Calls[i].Args); !equal || err != nil {
			return false, err
		}
	}
	for i, p := range a.Pairs {
		if equal, err := w.matches(p.Key, b.Pairs[i].Key); !equal || err != nil {
			return false, err
		}
		if equal, err := w.matches(p.Value, b.Pairs[i].Value); !equal || err != nil {
			return false, err
		}
	}
	if equal, err := w.equalKwargs(a.Kwargs, b.Kwargs); !equal || err != nil {
		return false, err
	}
	return w.matches(a.State, b.State)
}

// equalKwargs takes no keyword arguments for an empty dict of them.
func (w *walker) equalKwargs(a, b *Dict) (bool, error) {
	var none Dict
	if a == nil {
		a = &none
	}
	if b == nil {
		b = &none
	}
	return w.equalDicts(&a.t, &b.t)
}
