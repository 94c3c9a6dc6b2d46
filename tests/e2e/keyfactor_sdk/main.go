// The vendor's SDK of Command 25 against a gateway, call by call: a line of JSON for each, {"call","error","value"}.
// Run by test_keyfactor.py where GATEHOUSE_KEYFACTOR_SDK=1 says so, as it takes half a minute of a processor to build; what it
// sends is in the class Sdk of that file in any case.
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
	keyfactor "github.com/Keyfactor/keyfactor-go-client-sdk/v25"
	v1 "github.com/Keyfactor/keyfactor-go-client-sdk/v25/api/keyfactor/v1"
	v2 "github.com/Keyfactor/keyfactor-go-client-sdk/v25/api/keyfactor/v2"
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

func lists(c *v1.APIClient) {
	paths, r, err := c.StatusApi.NewGetStatusEndpointsRequest(ctx).Execute()
	tell("Status/Endpoints", paths, r, err)
	cas, r, err := c.CertificateAuthorityApi.NewGetCertificateAuthorityRequest(ctx).Execute()
	tell("CertificateAuthority", cas, r, err)
	if len(cas) > 0 {
		ca, r, err := c.CertificateAuthorityApi.NewGetCertificateAuthorityByIdRequest(ctx, *cas[0].Id).Execute()
		tell("CertificateAuthority id", ca, r, err)
	}
	templates, r, err := c.TemplateApi.NewGetTemplatesRequest(ctx).Execute()
	tell("Templates", templates, r, err)
	if len(templates) > 0 {
		template, r, err := c.TemplateApi.NewGetTemplatesByIdRequest(ctx, *templates[0].Id).Execute()
		tell("Templates id", template, r, err)
	}
	some, r, err := c.TemplateApi.NewGetTemplatesRequest(ctx).QueryString(`ShortName -eq "User"`).ReturnLimit(1).SortField("CommonName").SortAscending(1).Execute()
	if err == nil && len(some) != 1 {
		err = fmt.Errorf("%d templates", len(some))
	}
	tell("Templates query", some, r, err)
	mine, r, err := c.EnrollmentApi.NewGetEnrollmentCSRContextMyRequest(ctx).Execute()
	tell("Enrollment/CSR/Context/My", mine, r, err)
}

func fields(c *v1.APIClient) {
	api := c.MetadataFieldApi
	order := v1.NewMetadataFieldMetadataFieldCreateRequest("Cabinet", "where it stands", v1.CSSCMSCOREENUMSMETADATADATATYPE__5)
	order.SetOptions("north,south")
	order.SetHint("north or south")
	order.SetDisplayOrder(7)
	made, r, err := api.NewCreateMetadataFieldsRequest(ctx).MetadataFieldMetadataFieldCreateRequest(*order).Execute()
	tell("MetadataFields create", made, r, err)
	if err != nil {
		return
	}
	all, r, err := api.NewGetMetadataFieldsRequest(ctx).Execute()
	tell("MetadataFields", all, r, err)
	one, r, err := api.NewGetMetadataFieldsByIdRequest(ctx, *made.Id).Execute()
	tell("MetadataFields id", one, r, err)
	one, r, err = api.NewGetMetadataFieldsNameRequest(ctx, "cabinet").Execute()
	tell("MetadataFields name", one, r, err)
	change := v1.NewMetadataFieldMetadataFieldUpdateRequest(*made.Id, "Cabinet", "where it hangs", v1.CSSCMSCOREENUMSMETADATADATATYPE__5, 8)
	change.SetOptions("north,south,east")
	changed, r, err := api.NewUpdateMetadataFieldsRequest(ctx).MetadataFieldMetadataFieldUpdateRequest(*change).Execute()
	tell("MetadataFields update", changed, r, err)
	used, r, err := api.NewGetMetadataFieldsByIdInUseRequest(ctx, *made.Id).Execute()
	tell("MetadataFields in use", used, r, err)
	r, err = api.NewDeleteMetadataFieldsByIdRequest(ctx, *made.Id).Force(false).Execute()
	done("MetadataFields delete", r, err)
	for _, name := range []string{"Row", "Rack"} {
		again, _, err := api.NewCreateMetadataFieldsRequest(ctx).MetadataFieldMetadataFieldCreateRequest(
			*v1.NewMetadataFieldMetadataFieldCreateRequest(name, "", v1.CSSCMSCOREENUMSMETADATADATATYPE__1)).Execute()
		if err == nil {
			r, err = api.NewDeleteMetadataFieldsRequest(ctx).RequestBody([]int32{*again.Id}).Execute()
		}
		done("MetadataFields delete list", r, err)
	}
}

func enroll(c *v1.APIClient, call, template, csr string) *v1.CSSCMSDataModelModelsPkcs10CertificateResponse {
	order := v1.NewEnrollmentCSREnrollmentRequest(csr)
	order.SetTemplate(template)
	order.SetCertificateAuthority("issuing")
	order.SetIncludeChain(true)
	order.SetTimestamp(time.Now())
	order.SetMetadata(map[string]interface{}{"Department": "IT"})
	made, r, err := c.EnrollmentApi.NewCreateEnrollmentCSRRequest(ctx).XCertificateformat("PEM").EnrollmentCSREnrollmentRequest(*order).Execute()
	tell(call, made, r, err)
	if err != nil {
		os.Exit(1)
	}
	return made.CertificateInformation
}

func certificates(c, officer *v1.APIClient, wait *bufio.Reader) {
	made := enroll(c, "Enrollment/CSR", "User", os.Getenv("CSR"))
	id, api := *made.KeyfactorID, c.CertificateApi
	one, r, err := api.NewGetCertificatesByIdRequest(ctx, id).IncludeMetadata(true).IncludeLocations(true).Execute()
	tell("Certificates id", one, r, err)
	listed, r, err := api.NewGetCertificatesRequest(ctx).QueryString(fmt.Sprintf(`Thumbprint -eq "%s"`, made.GetThumbprint())).IncludeMetadata(true).
		ReturnLimit(10).PageReturned(1).SortField("NotAfter").SortAscending(0).Execute()
	tell("Certificates", listed, r, err)
	file := v1.NewCertificatesCertificateDownloadRequest()
	file.SetCertID(id)
	file.SetIncludeChain(true)
	file.SetChainOrder("EndEntityFirst")
	content, r, err := api.NewCreateCertificatesDownloadRequest(ctx).XCertificateformat("P7B").CertificatesCertificateDownloadRequest(*file).Execute()
	tell("Certificates/Download", content, r, err)
	values := v1.NewCSSCMSDataModelModelsMetadataUpdateRequest(map[string]string{"Department": "HR"})
	values.SetId(id)
	r, err = officer.CertificateApi.NewUpdateCertificatesMetadataRequest(ctx).CSSCMSDataModelModelsMetadataUpdateRequest(*values).Execute()
	done("Certificates/Metadata", r, err)
	value := v1.NewCSSCMSDataModelModelsMetadataSingleUpdateRequest()
	value.SetMetadataName("Department")
	value.SetValue("HR")
	value.SetOverwriteExisting(true)
	all := v1.NewCSSCMSDataModelModelsMetadataAllUpdateRequest([]v1.CSSCMSDataModelModelsMetadataSingleUpdateRequest{*value})
	all.SetCertificateIds([]int32{id})
	r, err = officer.CertificateApi.NewUpdateCertificatesMetadataAllRequest(ctx).CSSCMSDataModelModelsMetadataAllUpdateRequest(*all).Execute()
	done("Certificates/Metadata/All", r, err)
	same, r, err := api.NewGetCertificatesMetadataCompareRequest(ctx).CertificateId(id).MetadataFieldName("Department").Value("HR").Execute()
	tell("Certificates/Metadata/Compare", same, r, err)
	owner := v1.NewCertificatesOwnerRequest()
	owner.SetNewRoleName("team@example.test")
	r, err = officer.CertificateApi.NewUpdateCertificatesByIdOwnerRequest(ctx, id).CertificatesOwnerRequest(*owner).Execute()
	done("Certificates/Owner", r, err)
	renewal := v1.NewEnrollmentRenewAPIRequest()
	renewal.SetCertificateId(id)
	renewal.SetTimestamp(time.Now())
	renewal.SetTemplate("User")
	renewal.SetCertificateAuthority("issuing")
	renew := c.EnrollmentApi.NewCreateEnrollmentRenewRequest(ctx).EnrollmentRenewAPIRequest(*renewal)
	renewed, r, err := renew.Execute()
	tell("Enrollment/Renew early", renewed, r, err)
	wait.ReadString('\n')
	renewed, r, err = renew.Execute()
	tell("Enrollment/Renew", renewed, r, err)
	revoke := v1.NewCertificatesRevokeCertificateRequest()
	revoke.SetCertificateIds([]int32{id})
	revoke.SetReason(v1.KEYFACTORPKIENUMSREVOKECODE__4)
	revoke.SetComment("replaced")
	revoke.SetEffectiveDate(time.Now())
	revoked, r, err := officer.CertificateApi.NewCreateCertificatesRevokeRequest(ctx).CertificatesRevokeCertificateRequest(*revoke).Execute()
	tell("Certificates/Revoke", revoked, r, err)
	r, err = officer.CertificateApi.NewDeleteCertificatesByIdRequest(ctx, id).Execute()
	done("Certificates delete ours", r, err)
}

func foreign(c *v1.APIClient) {
	order := v1.NewCSSCMSDataModelModelsCertificateImportRequestModel(os.Getenv("FOREIGN"))
	order.SetMetadata(map[string]string{"Department": "IT"})
	order.SetSchedule(time.Now())
	made, r, err := c.CertificateApi.NewCreateCertificatesImportRequest(ctx).CSSCMSDataModelModelsCertificateImportRequestModel(*order).Execute()
	tell("Certificates/Import", made, r, err)
	found, r, err := c.CertificateApi.NewGetCertificatesRequest(ctx).QueryString(`IssuedCN -eq "` + os.Getenv("FOREIGN_CN") + `"`).Execute()
	tell("Certificates imported", found, r, err)
	if len(found) > 0 {
		r, err = c.CertificateApi.NewDeleteCertificatesByIdRequest(ctx, *found[0].Id).Execute()
		done("Certificates delete", r, err)
	}
	_, _, err = c.CertificateApi.NewCreateCertificatesImportRequest(ctx).CSSCMSDataModelModelsCertificateImportRequestModel(*order).Execute()
	if found, _, _ = c.CertificateApi.NewGetCertificatesRequest(ctx).QueryString(`IssuedCN -eq "` + os.Getenv("FOREIGN_CN") + `"`).Execute(); err == nil && len(found) > 0 {
		r, err = c.CertificateApi.NewDeleteCertificatesRequest(ctx).RequestBody([]int32{*found[0].Id}).Execute()
	}
	done("Certificates delete list", r, err)
}

func workflow(c, officer *v1.APIClient) {
	api := officer.WorkflowApi
	for _, what := range []string{"Approve", "Deny"} {
		request := *enroll(c, "Enrollment/CSR pending "+what, "WebServer", os.Getenv("WEB_CSR_"+what)).KeyfactorRequestId
		waiting, r, err := api.NewGetWorkflowCertificatesPendingRequest(ctx).ReturnLimit(50).Execute()
		tell("Workflow/Certificates/Pending", waiting, r, err)
		one, r, err := api.NewGetWorkflowCertificatesByIdRequest(ctx, request).Execute()
		tell("Workflow/Certificates/id", one, r, err)
		var result *v1.CSSCMSDataModelModelsWorkflowApproveDenyResult
		if what == "Approve" {
			result, r, err = api.NewCreateWorkflowCertificatesApproveRequest(ctx).RequestBody([]int32{request}).Execute()
		} else {
			deny := v1.NewCSSCMSDataModelModelsWorkflowDenialRequest()
			deny.SetCertificateRequestIds([]int32{request})
			deny.SetComment("not that one")
			result, r, err = api.NewCreateWorkflowCertificatesDenyRequest(ctx).CSSCMSDataModelModelsWorkflowDenialRequest(*deny).Execute()
		}
		tell("Workflow/Certificates/"+what, result, r, err)
	}
	denied, r, err := api.NewGetWorkflowCertificatesDeniedRequest(ctx).Execute()
	tell("Workflow/Certificates/Denied", denied, r, err)
	external, r, err := api.NewGetWorkflowCertificatesExternalValidationRequest(ctx).Execute()
	tell("Workflow/Certificates/ExternalValidation", external, r, err)
}

func keys(c *keyfactor.APIClient, agree *bufio.Reader) {
	first := v1.NewEnrollmentPFXEnrollmentRequest()
	first.SetTemplate("User")
	first.SetCertificateAuthority("issuing")
	first.SetSubject("CN=alice")
	first.SetPassword(password)
	first.SetIncludeChain(true)
	first.SetTimestamp(time.Now())
	made, r, err := c.V1.EnrollmentApi.NewCreateEnrollmentPFXRequest(ctx).XCertificateformat("PFX").EnrollmentPFXEnrollmentRequest(*first).Execute()
	tell("Enrollment/PFX", made, r, err)
	second := v2.NewEnrollmentPFXEnrollmentWithStoresRequest()
	second.SetTemplate("SMIME")
	second.SetCertificateAuthority("issuing")
	second.SetSubject("CN=alice")
	second.SetPassword(password)
	second.SetIncludeChain(true)
	second.SetTimestamp(time.Now())
	kept, r, err := c.V2.EnrollmentApi.NewCreateEnrollmentPFXRequest(ctx).XCertificateformat("PFX").EnrollmentPFXEnrollmentWithStoresRequest(*second).Execute()
	tell("Enrollment/PFX 2", kept, r, err)
	if err != nil {
		return
	}
	order := v1.NewCertificatesCertificateRecoveryRequest(password)
	order.SetCertID(*kept.CertificateInformation.KeyfactorId)
	order.SetIncludeChain(true)
	recover := c.V1.CertificateApi.NewCreateCertificatesRecoverRequest(ctx).XCertificateformat("PFX").CertificatesCertificateRecoveryRequest(*order)
	_, r, err = recover.Execute()
	tell("Certificates/Recover pending", nil, r, err)
	agree.ReadString('\n')
	file, r, err := recover.Execute()
	tell("Certificates/Recover", file, r, err)
}

func main() {
	alice, olga, admin := client("alice", os.Getenv("ALICE")), client("olga", os.Getenv("OLGA")), client(os.Getenv("ADMIN_USER"), os.Getenv("ADMIN"))
	lists(alice.V1)
	fields(admin.V1)
	said := bufio.NewReader(os.Stdin)
	certificates(alice.V1, olga.V1, said)
	foreign(olga.V1)
	workflow(alice.V1, olga.V1)
	keys(alice, said)
}
