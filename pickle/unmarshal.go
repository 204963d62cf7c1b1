package pickle

import "github.com/multiproc-go/multiproc/py"

// Unmarshal reads the one pickle that data is, and stores it in the variable that to points to. See [Config.Assign] for what goes where.
func Unmarshal(data []byte, to any) error { return Config{}.Unmarshal(data, to) }

// Unmarshal reads the one pickle that data is, and stores it in the variable that to points to. Errors are a [DecodeError] for what is wrong with the pickle, and an
// [UnmarshalTypeError] for what does not fit the variable. See [Config.Assign] for what goes where.
func (c Config) Unmarshal(data []byte, to any) error {
	v, err := c.Decode(data)
	if err != nil {
		return err
	}
	return c.Assign(v, to)
}

// UnmarshalAs reads the one pickle that data is as a T: users, err := pickle.UnmarshalAs[[]User](data).
func UnmarshalAs[T any](data []byte) (T, error) {
	var to T
	err := Unmarshal(data, &to)
	return to, err
}

// As is a Python value as a T: n, err := pickle.As[int](v).
func As[T any](v py.Value) (T, error) {
	var to T
	err := Assign(v, &to)
	return to, err
}
