package keys

const (
	vectors    = "../../../shared/vectors/"
	testSetURL = "https://id.example.com/hidden/jwks?token=hush"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
