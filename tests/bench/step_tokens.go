// step_tokens KEY.pem PROVISIONER AUDIENCE SUBJECT COUNT: one-time tokens for step-ca's JWK provisioner (RFC 7519, ES256),
// one a line. They hold for an hour.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"
)

func main() {
	if len(os.Args) != 6 {
		log.Fatal("usage: step_tokens KEY.pem PROVISIONER AUDIENCE SUBJECT COUNT")
	}
	name, audience, subject := os.Args[2], os.Args[3], os.Args[4]
	count, err := strconv.Atoi(os.Args[5])
	if err != nil {
		log.Fatal(err)
	}
	key := readKey(os.Args[1])
	b64 := base64.RawURLEncoding
	header := b64.EncodeToString([]byte(fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":"JWT"}`, name)))
	now := time.Now().Unix()
	out := bufio.NewWriter(os.Stdout)
	for i := 0; i < count; i++ {
		claims := fmt.Sprintf(`{"iss":%q,"aud":%q,"sub":%q,"iat":%d,"nbf":%d,"exp":%d,"jti":"%d-%d-%d"}`, name, audience,
			subject, now, now, now+3600, now, os.Getpid(), i)
		text := header + "." + b64.EncodeToString([]byte(claims))
		digest := sha256.Sum256([]byte(text))
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			log.Fatal(err)
		}
		signature := make([]byte, 64)
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
		fmt.Fprintf(out, "%s.%s\n", text, b64.EncodeToString(signature))
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

func readKey(path string) *ecdsa.PrivateKey {
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		log.Fatalf("%s: no PEM", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		log.Fatal(err)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		log.Fatalf("%s: no EC key", path)
	}
	return ec
}
