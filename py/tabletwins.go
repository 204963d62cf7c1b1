package py

// Twins are keys with Objects in them that have the same hash. Whether two of them are equal may take long to find out, and a pickle that was made for it has many: a set of Objects
// that refer to one another in a ring, or differ only in parts that no hash looks at. So restore compares them by identity alone, and enters only the first few of them with the hash
// by which an equal key is looked for. The others are entered with one that is made of identities.

const (
	// maxTwins is how many keys are entered with one hash. It bounds what a search takes, and how many keys of one hash an equal key can find.
	maxTwins = 16
	// twinWork is how many containers are looked at to tell whether two keys are one; if that does not do they are two.
	twinWork = 2000
)

// restore is set, but keys that only seem equal stay apart: see Dict.Restore.
func (t *table[V]) restore(key Value, value V, w *walker) error {
	if isPlain(key) {
		_, err := t.set(key, value, w)
		return err
	}
	hash, err := w.hash(key)
	if err != nil {
		return err
	}
	p := place{}
	if w.unsteady {
		p, err = t.placeOfTwin(key, hash)
	} else {
		p, _, err = t.probe(key, hash, w)
	}
	if err != nil {
		return err
	}
	if p.found() {
		t.entries[p.entry].value = value
		return nil
	}
	return t.add(key, value, p)
}

// placeOfTwin is where a key is, by identity, or with what hash it is to be added.
func (t *table[V]) placeOfTwin(key Value, hash uint64) (place, error) {
	p, tried, err := t.probeTwins(key, hash)
	if p.found() || err != nil || tried < maxTwins {
		return p, err
	}
	strict := walker{strict: true}
	if hash, err = strict.hash(key); err != nil {
		return p, err
	}
	t.side.twins = true
	if p, tried, err = t.probeTwins(key, hash); !p.found() && tried >= maxTwins {
		p.hash = hashNothing() // there is no more to tell them apart by
	}
	return p, err
}

// findTwin looks for a key itself, not for one that equals it.
func (t *table[V]) findTwin(key Value, hash uint64) (place, error) {
	p, _, err := t.probeTwins(key, hash)
	if p.found() || err != nil || !t.side.twins {
		return p, err
	}
	strict := walker{strict: true}
	if hash, err = strict.hash(key); err != nil {
		return p, err
	}
	p, _, err = t.probeTwins(key, hash)
	return p, err
}

// probeTwins is probe by identity. If that takes too long the key is not found, and no more keys fit there.
func (t *table[V]) probeTwins(key Value, hash uint64) (p place, tried int, err error) {
	strict := walker{strict: true, limit: twinWork}
	if p, tried, err = t.probe(key, hash, &strict); err == errTooMuchWork {
		return p, maxTwins, nil
	}
	return p, tried, err
}
