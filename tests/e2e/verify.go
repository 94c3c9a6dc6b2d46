// A relying party: Go's crypto/x509.
//
//	verify ANCHOR.pem LEAF.pem [OTHER.pem...]
//
// Prints "valid", or "failed TEXT"; the exit status is 0 for both.
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

func read(path string) []*x509.Certificate {
	data, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	var certs []*x509.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return certs
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			panic(err)
		}
		certs = append(certs, cert)
	}
}

func main() {
	roots, others := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range read(os.Args[1]) {
		roots.AddCert(c)
	}
	for _, path := range os.Args[3:] {
		for _, c := range read(path) {
			others.AddCert(c)
		}
	}
	_, err := read(os.Args[2])[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: others,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		fmt.Println("failed", err)
		return
	}
	fmt.Println("valid")
}
