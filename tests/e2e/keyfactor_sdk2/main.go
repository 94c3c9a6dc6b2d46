// The vendor's SDK of Command 10 against a gateway, call by call: a line of JSON for each, {"call","error","value"}.
// Run by test_keyfactor.py where GATEHOUSE_KEYFACTOR_SDK=1 says so, as keyfactor_sdk is, which has the calls of Command 25.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/Keyfactor/keyfactor-auth-client-go/auth_providers"
	"github.com/Keyfactor/keyfactor-go-client-sdk/v2/api/keyfactor"
)

const password = "a password of fourteen"

var (
	out = json.NewEncoder(os.Stdout)
	ctx = context.Background()
)

func tell(call string, value any, _ *http.Response, err error) {
	said := map[string]any{"call": call, "value": value, "error": nil}
	if err != nil {
		said["error"], said["value"] = err.Error(), nil
		if e, ok := err.(interface{ Body() []byte }); ok {
			said["error"] = err.Error() + ": " + string(e.Body())
		}
	}
	if out.Encode(said) != nil {
		os.Exit(1)
	}
}

func done(call string, r *http.Response, err error) {
	tell(call, nil, r, err)
}

func client(user, password string) *keyfactor.APIClient {
	c, err := keyfactor.NewAPIClient(&auth_providers.Server{Host: os.Getenv("KEYFACTOR_HOSTNAME"), APIPath: os.Getenv("KEYFACTOR_API_PATH"), AuthType: "basic",
		Username: user, Password: password, CACertPath: os.Getenv("KEYFACTOR_CA_CERT")})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return c
}

func lists(c *keyfactor.APIClient) {
	paths, r, err := c.StatusApi.StatusGetEndpoints(ctx).Execute()
	tell("Status/Endpoints", paths, r, err)
	cas, r, err := c.CertificateAuthorityApi.CertificateAuthorityGetCas(ctx).Execute()
	tell("CertificateAuthority", cas, r, err)
	if len(cas) > 0 {
		ca, r, err := c.CertificateAuthorityApi.CertificateAuthorityGetCa(ctx, *cas[0].Id).Execute()
		tell("CertificateAuthority id", ca, r, err)
	}
	templates, r, err := c.TemplateApi.TemplateGetTemplates(ctx).Execute()
	tell("Templates", templates, r, err)
	if len(templates) > 0 {
		template, r, err := c.TemplateApi.TemplateGetTemplate(ctx, *templates[0].Id).Execute()
		tell("Templates id", template, r, err)
	}
	some, r, err := c.TemplateApi.TemplateGetTemplates(ctx).SqQueryString(`ShortName -eq "User"`).SqReturnLimit(1).SqSortField("CommonName").SqSortAscending(1).Execute()
	if err == nil && (len(some) != 1 || some[0].GetCommonName() != "User") {
		err = fmt.Errorf("%d templates", len(some))
	}
	tell("Templates query", some, r, err)
	mine, r, err := c.EnrollmentApi.EnrollmentGetMyCSRContext(ctx).Execute()
	tell("Enrollment/CSR/Context/My", mine, r, err)
}

func fields(c *keyfactor.APIClient) {
	api := c.MetadataFieldApi
	order := keyfactor.NewKeyfactorApiModelsMetadataFieldMetadataFieldCreateRequest("Cabinet", "where it stands", 5)
	order.SetOptions("north,south")
	order.SetHint("north or south")
	order.SetDisplayOrder(7)
	made, r, err := api.MetadataFieldCreateMetadataField(ctx).MetadataFieldType(*order).Execute()
	tell("MetadataFields create", made, r, err)
	if err != nil {
		return
	}
	all, r, err := api.MetadataFieldGetAllMetadataFields(ctx).Execute()
	tell("MetadataFields", all, r, err)
	one, r, err := api.MetadataFieldGetMetadataField0(ctx, *made.Id).Execute()
	tell("MetadataFields id", one, r, err)
	one, r, err = api.MetadataFieldGetMetadataField1(ctx, "cabinet").Execute()
	tell("MetadataFields name", one, r, err)
	change := keyfactor.NewKeyfactorApiModelsMetadataFieldMetadataFieldUpdateRequest(*made.Id, "Cabinet", "where it hangs", 5)
	change.SetOptions("north,south,east")
	changed, r, err := api.MetadataFieldUpdateMetadataField(ctx).MetadataFieldType(*change).Execute()
	tell("MetadataFields update", changed, r, err)
	used, r, err := api.MetadataFieldGetMetadataFieldInUse(ctx, *made.Id).Execute()
	tell("MetadataFields in use", used, r, err)
	r, err = api.MetadataFieldDeleteMetadataField(ctx, *made.Id).Force(false).Execute()
	done("MetadataFields delete", r, err)
	again, r, err := api.MetadataFieldCreateMetadataField(ctx).MetadataFieldType(
		*keyfactor.NewKeyfactorApiModelsMetadataFieldMetadataFieldCreateRequest("Row", "", 1)).Execute()
	if err == nil {
		r, err = api.MetadataFieldDeleteMetadataFields(ctx).Ids([]int32{*again.Id}).Execute()
	}
	done("MetadataFields delete list", r, err)
}

func enroll(c *keyfactor.APIClient, call, template, csr string) *keyfactor.ModelsPkcs10CertificateResponse {
	order := keyfactor.NewModelsEnrollmentCSREnrollmentRequest(csr)
	order.SetTemplate(template)
	order.SetCertificateAuthority("issuing")
	order.SetIncludeChain(true)
	order.SetTimestamp(time.Now())
	order.SetMetadata(map[string]interface{}{"Department": "IT"})
	made, r, err := c.EnrollmentApi.EnrollmentPostCSREnroll(ctx).XCertificateformat("PEM").Request(*order).Execute()
	tell(call, made, r, err)
	if err != nil {
		os.Exit(1)
	}
	return made.CertificateInformation
}

func metadata(c, officer *keyfactor.APIClient, id int32) {
	values := keyfactor.NewModelsMetadataUpdateRequest(map[string]string{"Department": "HR"})
	values.SetId(id)
	r, err := officer.CertificateApi.CertificateUpdateMetadata(ctx).MetadataUpdate(*values).Execute()
	done("Certificates/Metadata", r, err)
	value := keyfactor.NewModelsMetadataSingleUpdateRequest()
	value.SetMetadataName("Department")
	value.SetValue("HR")
	value.SetOverwriteExisting(true)
	all := keyfactor.NewModelsMetadataAllUpdateRequest([]keyfactor.ModelsMetadataSingleUpdateRequest{*value})
	all.SetCertificateIds([]int32{id})
	r, err = officer.CertificateApi.CertificateUpdateAllMetadata(ctx).MetadataUpdate(*all).Execute()
	done("Certificates/Metadata/All", r, err)
	same, r, err := c.CertificateApi.CertificateCompareMetadata(ctx).CertificateId(id).MetadataFieldName("Department").Value("HR").Execute()
	tell("Certificates/Metadata/Compare", same, r, err)
}

func certificates(c, officer *keyfactor.APIClient, wait *bufio.Reader) {
	made := enroll(c, "Enrollment/CSR", "User", os.Getenv("CSR"))
	id, api := *made.KeyfactorID, c.CertificateApi
	one, r, err := api.CertificateGetCertificate(ctx, id).IncludeMetadata(true).IncludeLocations(true).Execute()
	if err == nil && (len(one.CRLDistributionPoints) == 0 || one.GetArchivedKey()) {
		err = fmt.Errorf("%d addresses of CRLs, key %v", len(one.CRLDistributionPoints), one.GetArchivedKey())
	}
	tell("Certificates id", one, r, err)
	listed, r, err := api.CertificateQueryCertificates(ctx).PqQueryString(fmt.Sprintf(`Thumbprint -eq "%s"`, made.GetThumbprint())).IncludeMetadata(true).
		IncludeHasPrivateKey(true).PqReturnLimit(10).PqPageReturned(1).PqSortField("NotAfter").PqSortAscending(0).Execute()
	if err == nil && len(listed) != 1 {
		err = fmt.Errorf("%d certificates", len(listed))
	}
	tell("Certificates", listed, r, err)
	file := keyfactor.NewModelsCertificateDownloadRequest()
	file.SetCertID(id)
	file.SetIncludeChain(true)
	content, r, err := api.CertificateDownloadCertificateAsync(ctx).Rq(*file).Execute()
	tell("Certificates/Download", content, r, err)
	metadata(c, officer, id)
	renewal := keyfactor.NewModelsEnrollmentRenewalRequest()
	renewal.SetCertificateId(id)
	renewal.SetTimestamp(time.Now())
	renewal.SetTemplate("User")
	renewal.SetCertificateAuthority("issuing")
	renew := c.EnrollmentApi.EnrollmentRenew(ctx).Request(*renewal)
	renewed, r, err := renew.Execute()
	tell("Enrollment/Renew early", renewed, r, err)
	wait.ReadString('\n')
	renewed, r, err = renew.Execute()
	tell("Enrollment/Renew", renewed, r, err)
	revoke := keyfactor.NewModelsRevokeCertificateRequest()
	revoke.SetCertificateIds([]int32{id})
	revoke.SetReason(4)
	revoke.SetComment("replaced")
	revoke.SetEffectiveDate(time.Now())
	revoked, r, err := officer.CertificateApi.CertificateRevoke(ctx).Request(*revoke).Execute()
	tell("Certificates/Revoke", revoked, r, err)
	r, err = officer.CertificateApi.CertificateDeleteCertificate(ctx, id).Execute()
	done("Certificates delete ours", r, err)
}

func foreign(c *keyfactor.APIClient) {
	order := keyfactor.NewModelsCertificateImportRequestModel(os.Getenv("FOREIGN"))
	order.SetMetadata(map[string]string{"Department": "IT"})
	order.SetSchedule(time.Now())
	found := func() ([]keyfactor.ModelsCertificateRetrievalResponse, *http.Response, error) {
		return c.CertificateApi.CertificateQueryCertificates(ctx).PqQueryString(`IssuedCN -eq "` + os.Getenv("FOREIGN_CN") + `"`).Execute()
	}
	made, r, err := c.CertificateApi.CertificatePostImportCertificate(ctx).Req(*order).Execute()
	tell("Certificates/Import", made, r, err)
	listed, r, err := found()
	tell("Certificates imported", listed, r, err)
	if len(listed) > 0 {
		r, err = c.CertificateApi.CertificateDeleteCertificate(ctx, *listed[0].Id).Execute()
		done("Certificates delete", r, err)
	}
	_, _, err = c.CertificateApi.CertificatePostImportCertificate(ctx).Req(*order).Execute()
	if listed, _, _ = found(); err == nil && len(listed) > 0 {
		r, err = c.CertificateApi.CertificateDeleteCertificates(ctx).Ids([]int32{*listed[0].Id}).Execute()
	}
	done("Certificates delete list", r, err)
}

func workflow(c, officer *keyfactor.APIClient) {
	api := officer.WorkflowApi
	for _, what := range []string{"Approve", "Deny"} {
		request := *enroll(c, "Enrollment/CSR pending "+what, "WebServer", os.Getenv("WEB_CSR_"+what)).KeyfactorRequestId
		waiting, r, err := api.WorkflowGet(ctx).PagedQueryReturnLimit(50).Execute()
		tell("Workflow/Certificates/Pending", waiting, r, err)
		one, r, err := api.WorkflowGetCertificateRequestDetails(ctx, request).Execute()
		tell("Workflow/Certificates/id", one, r, err)
		var result *keyfactor.ModelsWorkflowApproveDenyResult
		if what == "Approve" {
			result, r, err = api.WorkflowApprovePendingRequests(ctx).RequestIds([]int32{request}).Execute()
		} else {
			deny := keyfactor.NewModelsWorkflowDenialRequest()
			deny.SetCertificateRequestIds([]int32{request})
			deny.SetComment("not that one")
			result, r, err = api.WorkflowDenyPendingRequests(ctx).Request(*deny).Execute()
		}
		if err == nil && len(result.Successes) != 1 {
			err = fmt.Errorf("%d successes", len(result.Successes))
		}
		tell("Workflow/Certificates/"+what, result, r, err)
	}
	denied, r, err := api.WorkflowGetDenied(ctx).Execute()
	tell("Workflow/Certificates/Denied", denied, r, err)
}

func keys(c *keyfactor.APIClient, agree *bufio.Reader) {
	order := keyfactor.NewModelsEnrollmentPFXEnrollmentRequest()
	order.SetTemplate("SMIME")
	order.SetCertificateAuthority("issuing")
	order.SetSubject("CN=alice")
	order.SetPassword(password)
	order.SetIncludeChain(true)
	order.SetTimestamp(time.Now())
	kept, r, err := c.EnrollmentApi.EnrollmentPostPFXEnroll(ctx).XCertificateformat("PFX").Request(*order).Execute()
	tell("Enrollment/PFX", kept, r, err)
	if err != nil {
		return
	}
	id := *kept.CertificateInformation.KeyfactorId
	one, r, err := c.CertificateApi.CertificateGetCertificate(ctx, id).Execute()
	if err == nil && (!one.GetArchivedKey() || one.GetHasPrivateKey() || !one.GetKeyRecoverable()) {
		err = fmt.Errorf("what it says of its key")
	}
	tell("Certificates id archived", one, r, err)
	recovery := keyfactor.NewModelsCertificateRecoveryRequest(password)
	recovery.SetCertID(id)
	recovery.SetIncludeChain(true)
	recover := c.CertificateApi.CertificateRecoverCertificateAsync(ctx).XCertificateformat("PFX").Rq(*recovery)
	_, r, err = recover.Execute()
	tell("Certificates/Recover pending", nil, r, err)
	agree.ReadString('\n')
	file, r, err := recover.Execute()
	tell("Certificates/Recover", file, r, err)
}

func main() {
	alice, olga, admin := client("alice", os.Getenv("ALICE")), client("olga", os.Getenv("OLGA")), client(os.Getenv("ADMIN_USER"), os.Getenv("ADMIN"))
	lists(alice)
	fields(admin)
	said := bufio.NewReader(os.Stdin)
	certificates(alice, olga, said)
	foreign(olga)
	workflow(alice, olga)
	keys(alice, said)
}
