// The vendor's Go client against a gateway: a line of JSON for each call, {"call","error","value"}.
// Run by test_keyfactor.py, where Go and the client's modules can be had.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log"
	"os"

	"github.com/Keyfactor/keyfactor-auth-client-go/auth_providers"
	"github.com/Keyfactor/keyfactor-go-client/v3/api"
)

var out = json.NewEncoder(os.Stdout)

func tell(call string, value any, err error) {
	said := map[string]any{"call": call, "value": value, "error": nil}
	if err != nil {
		said["error"], said["value"] = err.Error(), nil
	}
	if out.Encode(said) != nil {
		os.Exit(1)
	}
}

// The client reads who calls from the environment, and takes no port in the name.
func client(user, password string) *api.Client {
	os.Setenv("KEYFACTOR_USERNAME", user)
	os.Setenv("KEYFACTOR_PASSWORD", password)
	ctx := context.Background()
	server := &auth_providers.Server{Host: os.Getenv("KEYFACTOR_HOSTNAME"), APIPath: os.Getenv("KEYFACTOR_API_PATH"), AuthType: "basic",
		Username: user, Password: password, CACertPath: os.Getenv("KEYFACTOR_CA_CERT")}
	c, err := api.NewKeyfactorClient(server, &ctx)
	tell("NewKeyfactorClient", user, err)
	if err != nil {
		os.Exit(1)
	}
	return c
}

func lists(c *api.Client) {
	cas, err := c.GetCAList()
	tell("GetCAList", cas, err)
	templates, err := c.GetTemplates()
	tell("GetTemplates", templates, err)
	one, err := c.GetTemplate(templates[0].Id)
	tell("GetTemplate", one, err)
	fields, err := c.GetAllMetadataFields()
	tell("GetAllMetadataFields", fields, err)
}

func certificates(c, officer *api.Client, csr string) int {
	yes := true
	made, err := c.EnrollCSR(&api.EnrollCSRFctArgs{CSR: csr, Template: "User", CertFormat: "PEM", CertificateAuthority: "issuing", IncludeChain: true,
		Metadata: map[string]any{"Department": "IT"}})
	tell("EnrollCSR", made, err)
	info := made.CertificateInformation
	for name, by := range map[string]*api.GetCertificateContextArgs{"id": {Id: info.KeyfactorID, IncludeMetadata: &yes}, "thumbprint": {Thumbprint: info.Thumbprint},
		"request": {RequestId: info.KeyfactorRequestID}} {
		found, err := c.GetCertificateContext(by)
		tell("GetCertificateContext "+name, found, err)
	}
	listed, err := c.ListCertificates(map[string]string{"thumbprint": info.Thumbprint})
	tell("ListCertificates", listed, err)
	leaf, chain, err := c.DownloadCertificate(info.KeyfactorID, "", "", "")
	tell("DownloadCertificate", []any{leaf.Raw, len(chain)}, err)
	err = officer.UpdateMetadata(&api.UpdateMetadataArgs{CertID: info.KeyfactorID, Metadata: map[string]any{"Department": "HR"}})
	tell("UpdateMetadata", nil, err)
	revoke := &api.RevokeCertArgs{CertificateIds: []int{info.KeyfactorID}, Reason: 4, Comment: "replaced"}
	tell("RevokeCert", nil, c.RevokeCert(revoke))
	tell("RevokeCert again", nil, c.RevokeCert(revoke))
	return info.KeyfactorID
}

func pending(c, officer *api.Client, csr string) {
	asked, err := c.EnrollCSR(&api.EnrollCSRFctArgs{CSR: csr, Template: "WebServer", CertFormat: "PEM", CertificateAuthority: "issuing"})
	tell("EnrollCSR pending", asked, err)
	waiting, err := officer.ListPendingCertificates(nil)
	tell("ListPendingCertificates", waiting, err)
	denied, err := officer.ListDeniedCertificates(nil)
	tell("ListDeniedCertificates", denied, err)
	external, err := officer.ListExternalValidationPendingCertificates(nil)
	tell("ListExternalValidationPendingCertificates", external, err)
}

func keys(c *api.Client, agree *bufio.Reader) {
	const password = "a password of fourteen"
	subject := &api.CertificateSubject{SubjectCommonName: "alice"}
	made, err := c.EnrollPFX(&api.EnrollPFXFctArgs{Template: "User", CertificateAuthority: "issuing", CertFormat: "PFX", Password: password, Subject: subject,
		IncludeChain: true})
	tell("EnrollPFX", made, err)
	kept, err := c.EnrollPFXV2(&api.EnrollPFXFctArgsV2{Template: "SMIME", CertificateAuthority: "issuing", CertFormat: "STORE", Password: password, Subject: subject,
		IncludeChain: true})
	tell("EnrollPFXV2", kept, err)
	id := kept.CertificateInformation.KeyfactorID
	_, _, _, err = c.RecoverCertificate(id, "", "", "", password, 0)
	tell("RecoverCertificate pending", nil, err)
	agree.ReadString('\n')
	key, leaf, chain, err := c.RecoverCertificate(id, "", "", "", password, 0)
	tell("RecoverCertificate", []any{key != nil, leaf != nil, len(chain)}, err)
}

func main() {
	log.SetOutput(io.Discard)
	c := client("alice", os.Getenv("ALICE"))
	officer := client("olga", os.Getenv("OLGA"))
	lists(c)
	certificates(c, officer, os.Getenv("CSR"))
	pending(c, officer, os.Getenv("WEB_CSR"))
	keys(c, bufio.NewReader(os.Stdin))
}
