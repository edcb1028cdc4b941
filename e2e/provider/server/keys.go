package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// keys are what tokens are signed with: the last one signs, all are published.
type keys struct {
	mu  sync.Mutex
	all []signer
}

// A signer is the private half of a key.
type signer struct {
	id  string
	key *rsa.PrivateKey
}

func (s signer) ID() string                                  { return s.id }
func (s signer) Key() any                                    { return s.key }
func (s signer) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }

// A verifier is the public half.
type verifier struct{ signer }

func (v verifier) Key() any                           { return &v.key.PublicKey }
func (v verifier) Use() string                        { return "sig" }
func (v verifier) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }

// rotate makes a new key. The old ones stay published where keep says so.
func (k *keys) rotate(keep bool) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("making a key: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !keep {
		k.all = nil
	}
	k.all = append(k.all, signer{uuid.NewString(), key})
	return nil
}

// SigningKey is of op.Storage.
func (k *keys) SigningKey(context.Context) (op.SigningKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all[len(k.all)-1], nil
}

// SignatureAlgorithms is of op.Storage.
func (k *keys) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}

// KeySet is of op.Storage.
func (k *keys) KeySet(context.Context) ([]op.Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []op.Key
	for _, key := range k.all {
		all = append(all, verifier{key})
	}
	return all, nil
}
