package activities

import "sync"

// cache keeps what is made of the last snapshots, by a key that never comes to
// mean something else. Its zero value is ready.
type cache[T any] struct {
	mu   sync.Mutex
	kept map[string]T
}

const cacheSize = 64

// get returns what is kept under a key, or makes it. Two callers may make it
// at the same time; the later one stays.
func (c *cache[T]) get(key string, make func() (T, error)) (T, error) {
	c.mu.Lock()
	value, ok := c.kept[key]
	c.mu.Unlock()
	if ok {
		return value, nil
	}
	value, err := make()
	if err != nil {
		return value, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || len(c.kept) >= cacheSize {
		c.kept = map[string]T{}
	}
	c.kept[key] = value
	return value, nil
}
