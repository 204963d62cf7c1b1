// Package envelope turns arguments and results into bytes and back, with CBOR as the format.
//
// Its promise is that nothing is lost silently: what arrives is equal to what was sent and has the same types, or there is
// an error that names the part and the cure. Three walks keep it, where the codec alone would follow
// encoding/json's habit of leaving out what it can't say:
//
//   - CheckType, once per type: unexported fields, channels, functions, name clashes, half a pair of marshalling methods.
//   - a look at values of those types whose type does not tell all (an any, a recursive type, a time): cycles, what an
//     any holds.
//   - boxing: what an any holds is tagged, so that an int32 does not come back as an int64.
//
// Types that are none of these pay for none of it.
package envelope
