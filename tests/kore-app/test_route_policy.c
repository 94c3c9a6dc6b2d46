/*
 * Who may do what, of all routes in one look: a change of it must be made here, too. A new route is
 * one line of this table, in the order of names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/origin.h"
#include "routes/routes.h"

#define ADMIN REQUESTER_ROLE_ADMIN
#define OFFICER REQUESTER_ROLE_OFFICER
#define AUDITOR REQUESTER_ROLE_AUDITOR
#define AGENT REQUESTER_ROLE_AGENT
#define STAFF (ADMIN | OFFICER | AUDITOR)

enum {
	PLAIN = 1, /* also without TLS */
	READS = 2, /* its GET changes nothing: foreign pages can have it sent */
	NOTES = 4, /* its GET puts on record what a client has fetched, so that his next list has
		      its date, and changes nothing else */
};

static const struct policy {
	const char *name;
	unsigned need, roles, flags;
	const char *asks; /* of a page of the console: the row of the API whose handler it asks */
} policies[] = {
    {"ca.certificate", AUTH_ANYBODY, 0, READS | PLAIN, NULL},
    {"ca.password.change", AUTH_PERSON, ADMIN, 0, NULL},
    {"ca.password.lock", AUTH_PERSON, ADMIN, 0, NULL},
    {"ca.password.remove", AUTH_PERSON, ADMIN, 0, NULL},
    {"ca.password.set", AUTH_PERSON, ADMIN, 0, NULL},
    {"ca.password.status", AUTH_PERSON, STAFF, READS, NULL},
    {"ca.password.unlock", AUTH_PERSON, ADMIN, 0, NULL},
    {"certenroll.pkcs10", AUTH_APP | AUTH_USER, 0, 0, NULL},
    {"certenroll.pkcs12", AUTH_APP | AUTH_USER, 0, 0, NULL},
    {"certenroll.request", AUTH_APP | AUTH_USER, 0, READS, NULL},
    {"certenroll.templates", AUTH_APP | AUTH_USER, 0, READS, NULL},
    {"certenroll.token", AUTH_APP | AUTH_USER, 0, 0, NULL},
    {"certificates.contents", AUTH_APP_SENT | AUTH_PERSON, 0, 0, NULL},
    {"certificates.import", AUTH_APP_SENT | AUTH_PERSON, ADMIN | OFFICER, 0, NULL},
    {"certificates.revoke", AUTH_APP_SENT | AUTH_PERSON, 0, 0, NULL},
    {"console", AUTH_SESSION, 0, READS, "pki.certificates"},
    {"console.application.create", AUTH_SESSION, ADMIN, 0, "pki.application.create"},
    {"console.application.enable", AUTH_SESSION, ADMIN, 0, "pki.application.enable"},
    {"console.application.rotate", AUTH_SESSION, ADMIN, 0, "pki.application.rotate"},
    {"console.applications", AUTH_SESSION, ADMIN, READS, "pki.applications"},
    {"console.archive", AUTH_SESSION, 0, READS, "pki.keys"},
    {"console.archived-key", AUTH_SESSION, 0, READS, "pki.key"},
    {"console.archived-key.change", AUTH_SESSION, AGENT, 0, "pki.key.change"},
    {"console.audit", AUTH_SESSION, AUDITOR, READS, "pki.audit"},
    {"console.audit.verify", AUTH_SESSION, AUDITOR, 0, "pki.audit.verify"},
    {"console.ca", AUTH_SESSION, STAFF, READS, "pki.authority"},
    {"console.ca.enable", AUTH_SESSION, ADMIN, 0, "pki.authority.enable"},
    {"console.ca.lock", AUTH_SESSION, ADMIN, 0, "ca.password.lock"},
    {"console.ca.password", AUTH_SESSION, ADMIN, 0, "ca.password.change"},
    {"console.ca.unlock", AUTH_SESSION, ADMIN, 0, "ca.password.unlock"},
    {"console.cas", AUTH_SESSION, STAFF, READS, "pki.authorities"},
    {"console.certificate", AUTH_SESSION, 0, READS, "pki.certificate"},
    {"console.certificate.ask", AUTH_SESSION, 0, READS, "pki.certificate"},
    {"console.certificate.change", AUTH_SESSION, 0, 0, "pki.certificate.change"},
    {"console.certificate.file", AUTH_SESSION, 0, READS, "pki.certificate"},
    {"console.certificate.remove", AUTH_SESSION, ADMIN | OFFICER, 0, "pki.certificate.remove"},
    {"console.certificate.remove-ask", AUTH_SESSION, ADMIN | OFFICER, READS,
	"pki.certificate.remove"},
    {"console.certificates", AUTH_SESSION, 0, READS, "pki.certificates"},
    {"console.certificates.file", AUTH_SESSION, 0, READS, "pki.certificates"},
    {"console.endpoint", AUTH_SESSION, STAFF, READS, "pki.endpoint"},
    {"console.endpoints", AUTH_SESSION, STAFF, READS, "pki.endpoints"},
    {"console.job.run", AUTH_SESSION, ADMIN, 0, "pki.job.run"},
    {"console.jobs", AUTH_SESSION, STAFF, READS, "pki.jobs"},
    {"console.key", AUTH_SESSION, 0, READS, "pki.keyrequest"},
    {"console.key.decide", AUTH_SESSION, 0, 0, "pki.keyrequest.decide"},
    {"console.keys", AUTH_SESSION, 0, READS, "pki.keyrequests"},
    {"console.label.enable", AUTH_SESSION, ADMIN, 0, "pki.label.enable"},
    {"console.labels", AUTH_SESSION, STAFF, READS, "pki.labels"},
    {"console.message.retry", AUTH_SESSION, ADMIN, 0, "pki.message.retry"},
    {"console.message.test", AUTH_SESSION, ADMIN, 0, "pki.message.test"},
    {"console.messages", AUTH_SESSION, STAFF, READS, "pki.messages"},
    {"console.metadata", AUTH_SESSION, 0, READS, "pki.certificate.metadata"},
    {"console.metadata.change", AUTH_SESSION, 0, 0, "pki.certificate.metadata.change"},
    {"console.mine", AUTH_SESSION, 0, READS, "pki.certificates"},
    {"console.package", AUTH_SESSION, STAFF, READS, "pki.package"},
    {"console.package.add", AUTH_SESSION, OFFICER, 0, "pki.package.add"},
    {"console.package.remove", AUTH_SESSION, OFFICER, 0, "pki.package.remove"},
    {"console.package.remove-ask", AUTH_SESSION, OFFICER, READS, "pki.package.remove"},
    {"console.packages", AUTH_SESSION, STAFF, READS, "pki.packages"},
    {"console.renew", AUTH_SESSION, 0, READS, "pki.certificate"},
    {"console.renew.do", AUTH_SESSION, 0, 0, "pki.request.submit"},
    {"console.run", AUTH_SESSION, STAFF, READS, "pki.metadata-run"},
    {"console.run.add", AUTH_SESSION, OFFICER, 0, "pki.metadata-run.add"},
    {"console.run.cancel", AUTH_SESSION, OFFICER, 0, "pki.metadata-run.cancel"},
    {"console.run.file", AUTH_SESSION, OFFICER, 0, "pki.metadata-run.add"},
    {"console.run.new", AUTH_SESSION, OFFICER, READS, "pki.metadata-run.add"},
    {"console.runs", AUTH_SESSION, STAFF, READS, "pki.metadata-runs"},
    {"console.search.remove", AUTH_SESSION, 0, 0, "pki.search.remove"},
    {"console.search.save", AUTH_SESSION, 0, 0, "pki.search.save"},
    {"console.session.end", AUTH_SESSION, ADMIN, 0, "pki.session.end"},
    {"console.sessions", AUTH_SESSION, ADMIN, READS, "pki.sessions"},
    {"console.sessions.end", AUTH_SESSION, ADMIN, 0, "pki.sessions.end"},
    {"console.template", AUTH_SESSION, STAFF, READS, "pki.template"},
    {"console.templates", AUTH_SESSION, STAFF, READS, "pki.templates"},
    {"console.user.enable", AUTH_SESSION, ADMIN, 0, "pki.user.enable"},
    {"console.user.roles", AUTH_SESSION, ADMIN, 0, "pki.user.roles"},
    {"console.users", AUTH_SESSION, ADMIN, READS, "pki.users"},
    {"console.view", AUTH_SESSION, ADMIN, READS, "pki.view-rule"},
    {"console.view.add", AUTH_SESSION, ADMIN, 0, "pki.view-rule.add"},
    {"console.view.remove", AUTH_SESSION, ADMIN, 0, "pki.view-rule.remove"},
    {"console.views", AUTH_SESSION, ADMIN, READS, "pki.view-rules"},
    {"crl", AUTH_ANYBODY, 0, READS | PLAIN, NULL},
    {"csr.ca-template", AUTH_SESSION | AUTH_PERSON, 0, READS, NULL},
    {"csr.preview", AUTH_USER | AUTH_SESSION, 0, 0, NULL},
    {"csr.process", AUTH_APP_SENT | AUTH_USER | AUTH_SESSION, 0, 0, NULL},
    {"csr.upload", AUTH_USER | AUTH_SESSION, 0, READS, NULL},
    {"est.cacerts", AUTH_ANYBODY, 0, READS, NULL},
    {"est.crls", AUTH_EST | AUTH_ANYBODY, 0, NOTES, NULL},
    {"est.crls.one", AUTH_EST | AUTH_ANYBODY, 0, NOTES, NULL},
    {"est.csrattrs", AUTH_ANYBODY, 0, READS, NULL},
    {"est.eecerts", AUTH_EST | AUTH_ANYBODY, 0, NOTES, NULL},
    {"est.eecerts.one", AUTH_EST | AUTH_ANYBODY, 0, NOTES, NULL},
    {"est.firmware", AUTH_EST, 0, NOTES, NULL},
    {"est.firmware.one", AUTH_EST, 0, NOTES, NULL},
    {"est.firmware.return", AUTH_EST, 0, 0, NULL},
    {"est.fullcmc", AUTH_EST | AUTH_EST_MESSAGE, 0, 0, NULL},
    {"est.fullcmc.outcome", AUTH_EST, 0, READS, NULL},
    {"est.label.cacerts", AUTH_ANYBODY, 0, READS, NULL},
    {"est.label.crls", AUTH_EST | AUTH_ANYBODY, 0, NOTES, NULL},
    {"est.label.crls.one", AUTH_EST | AUTH_ANYBODY, 0, NOTES, NULL},
    {"est.label.csrattrs", AUTH_ANYBODY, 0, READS, NULL},
    {"est.label.eecerts", AUTH_EST | AUTH_ANYBODY, 0, NOTES, NULL},
    {"est.label.eecerts.one", AUTH_EST | AUTH_ANYBODY, 0, NOTES, NULL},
    {"est.label.firmware", AUTH_EST, 0, NOTES, NULL},
    {"est.label.firmware.one", AUTH_EST, 0, NOTES, NULL},
    {"est.label.firmware.return", AUTH_EST, 0, 0, NULL},
    {"est.label.fullcmc", AUTH_EST | AUTH_EST_MESSAGE, 0, 0, NULL},
    {"est.label.fullcmc.outcome", AUTH_EST, 0, READS, NULL},
    {"est.label.pal", AUTH_EST, 0, NOTES, NULL},
    {"est.label.pal.page", AUTH_EST, 0, NOTES, NULL},
    {"est.label.serverkeygen", AUTH_EST, 0, 0, NULL},
    {"est.label.serverkeygen.return", AUTH_EST, 0, 0, NULL},
    {"est.label.simpleenroll", AUTH_EST | AUTH_EST_ONE_TIME, 0, 0, NULL},
    {"est.label.simpleenroll.outcome", AUTH_EST, 0, READS, NULL},
    {"est.label.simplereenroll", AUTH_EST | AUTH_EST_ONE_TIME, 0, 0, NULL},
    {"est.label.simplereenroll.outcome", AUTH_EST, 0, READS, NULL},
    {"est.label.symmetrickeys", AUTH_EST, 0, NOTES, NULL},
    {"est.label.symmetrickeys.one", AUTH_EST, 0, NOTES, NULL},
    {"est.label.symmetrickeys.return", AUTH_EST, 0, 0, NULL},
    {"est.label.tamp", AUTH_EST, 0, NOTES, NULL},
    {"est.label.tamp.one", AUTH_EST, 0, NOTES, NULL},
    {"est.label.tamp.return", AUTH_EST, 0, 0, NULL},
    {"est.pal", AUTH_EST, 0, NOTES, NULL},
    {"est.pal.page", AUTH_EST, 0, NOTES, NULL},
    {"est.serverkeygen", AUTH_EST, 0, 0, NULL},
    {"est.serverkeygen.return", AUTH_EST, 0, 0, NULL},
    {"est.simpleenroll", AUTH_EST | AUTH_EST_ONE_TIME, 0, 0, NULL},
    {"est.simpleenroll.outcome", AUTH_EST, 0, READS, NULL},
    {"est.simplereenroll", AUTH_EST | AUTH_EST_ONE_TIME, 0, 0, NULL},
    {"est.simplereenroll.outcome", AUTH_EST, 0, READS, NULL},
    {"est.symmetrickeys", AUTH_EST, 0, NOTES, NULL},
    {"est.symmetrickeys.one", AUTH_EST, 0, NOTES, NULL},
    {"est.symmetrickeys.return", AUTH_EST, 0, 0, NULL},
    {"est.tamp", AUTH_EST, 0, NOTES, NULL},
    {"est.tamp.one", AUTH_EST, 0, NOTES, NULL},
    {"est.tamp.return", AUTH_EST, 0, 0, NULL},
    {"healthz", AUTH_ANYBODY, 0, READS | PLAIN, NULL},
    {"home", AUTH_SESSION | AUTH_ANYBODY, 0, READS, NULL},
    {"keyfactor.approve", AUTH_PERSON, 0, 0, NULL},
    {"keyfactor.ca", AUTH_PERSON, 0, READS, NULL},
    {"keyfactor.cas", AUTH_PERSON, 0, READS, NULL},
    {"keyfactor.certificate", AUTH_PERSON, 0, READS, NULL},
    {"keyfactor.certificates", AUTH_PERSON, 0, READS, NULL},
    {"keyfactor.compare", AUTH_PERSON, 0, READS, NULL},
    {"keyfactor.context", AUTH_PERSON, 0, READS, NULL},
    {"keyfactor.delete", AUTH_PERSON, ADMIN | OFFICER, 0, NULL},
    {"keyfactor.delete.all", AUTH_PERSON, ADMIN | OFFICER, 0, NULL},
    {"keyfactor.denied", AUTH_PERSON, 0, READS, NULL},
    {"keyfactor.deny", AUTH_PERSON, 0, 0, NULL},
    {"keyfactor.download", AUTH_PERSON, 0, 0, NULL},
    {"keyfactor.endpoints", AUTH_PERSON, 0, READS, NULL},
    {"keyfactor.enroll", AUTH_APP_SENT | AUTH_USER, 0, 0, NULL},
    {"keyfactor.external", AUTH_PERSON, 0, READS, NULL},
    {"keyfactor.field", AUTH_PERSON, 0, READS, NULL},
    {"keyfactor.field.add", AUTH_PERSON, ADMIN, 0, NULL},
    {"keyfactor.field.in-use", AUTH_PERSON, STAFF, READS, NULL},
    {"keyfactor.field.put", AUTH_PERSON, ADMIN, 0, NULL},
    {"keyfactor.field.remove", AUTH_PERSON, ADMIN, 0, NULL},
    {"keyfactor.fields", AUTH_PERSON, 0, READS, NULL},
    {"keyfactor.fields.remove", AUTH_PERSON, ADMIN, 0, NULL},
    {"keyfactor.import", AUTH_PERSON, ADMIN | OFFICER, 0, NULL},
    {"keyfactor.metadata", AUTH_PERSON, 0, 0, NULL},
    {"keyfactor.metadata.all", AUTH_PERSON, 0, 0, NULL},
    {"keyfactor.owner", AUTH_PERSON, 0, 0, NULL},
    {"keyfactor.pending", AUTH_PERSON, 0, READS, NULL},
    {"keyfactor.pfx", AUTH_APP_SENT | AUTH_USER, 0, 0, NULL},
    {"keyfactor.recover", AUTH_PERSON, 0, 0, NULL},
    {"keyfactor.renew", AUTH_APP_SENT | AUTH_USER, 0, 0, NULL},
    {"keyfactor.request", AUTH_PERSON, 0, READS, NULL},
    {"keyfactor.revoke", AUTH_PERSON, 0, 0, NULL},
    {"keyfactor.template", AUTH_PERSON, 0, READS, NULL},
    {"keyfactor.templates", AUTH_PERSON, 0, READS, NULL},
    {"login", AUTH_SESSION | AUTH_ANYBODY, 0, READS, NULL},
    {"login.certificate", AUTH_SESSION | AUTH_ANYBODY, 0, 0, NULL},
    {"login.password", AUTH_SESSION | AUTH_ANYBODY, 0, 0, NULL},
    {"logout", AUTH_SESSION, 0, 0, NULL},
    {"metadata.definition", AUTH_APP_SENT | AUTH_PERSON, 0, 0, NULL},
    {"metadata.get", AUTH_APP_SENT | AUTH_PERSON, 0, 0, NULL},
    {"metadata.set", AUTH_APP_SENT | AUTH_PERSON, 0, 0, NULL},
    {"metrics", AUTH_LOCAL, 0, READS | PLAIN, NULL},
    {"ocsp.get", AUTH_ANYBODY, 0, READS | PLAIN, NULL},
    {"ocsp.post", AUTH_ANYBODY, 0, PLAIN, NULL},
    {"pki.application.create", AUTH_PERSON, ADMIN, 0, NULL},
    {"pki.application.enable", AUTH_PERSON, ADMIN, 0, NULL},
    {"pki.application.rotate", AUTH_PERSON, ADMIN, 0, NULL},
    {"pki.applications", AUTH_PERSON, ADMIN, READS, NULL},
    {"pki.audit", AUTH_PERSON, AUDITOR, READS, NULL},
    {"pki.audit.checks", AUTH_PERSON, AUDITOR, READS, NULL},
    {"pki.audit.verify", AUTH_PERSON, AUDITOR, 0, NULL},
    {"pki.authorities", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.authority", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.authority.enable", AUTH_PERSON, ADMIN, 0, NULL},
    {"pki.cas", AUTH_ANYBODY, 0, READS | PLAIN, NULL},
    {"pki.certificate", AUTH_PERSON, 0, READS, NULL},
    {"pki.certificate.change", AUTH_PERSON, 0, 0, NULL},
    {"pki.certificate.find", AUTH_PERSON, 0, READS, NULL},
    {"pki.certificate.find-change", AUTH_PERSON, 0, 0, NULL},
    {"pki.certificate.find-status", AUTH_PERSON, 0, READS, NULL},
    {"pki.certificate.metadata", AUTH_PERSON, 0, READS, NULL},
    {"pki.certificate.metadata.change", AUTH_PERSON, 0, 0, NULL},
    {"pki.certificate.metadata.history", AUTH_PERSON, 0, READS, NULL},
    {"pki.certificate.remove", AUTH_PERSON, ADMIN | OFFICER, 0, NULL},
    {"pki.certificate.status", AUTH_PERSON, 0, READS, NULL},
    {"pki.certificates", AUTH_PERSON, 0, READS, NULL},
    {"pki.certificates.import", AUTH_PERSON, ADMIN | OFFICER, 0, NULL},
    {"pki.certificates.statistics", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.endpoint", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.endpoints", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.info", AUTH_PERSON, 0, READS, NULL},
    {"pki.job.run", AUTH_PERSON, ADMIN, 0, NULL},
    {"pki.jobs", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.key", AUTH_PERSON, 0, READS, NULL},
    {"pki.key.change", AUTH_PERSON, AGENT, 0, NULL},
    {"pki.key.retrieve", AUTH_PERSON, 0, 0, NULL},
    {"pki.key.status", AUTH_PERSON, 0, READS, NULL},
    {"pki.keyrequest", AUTH_PERSON, 0, READS, NULL},
    {"pki.keyrequest.archive", AUTH_PERSON, 0, 0, NULL},
    {"pki.keyrequest.decide", AUTH_PERSON, 0, 0, NULL},
    {"pki.keyrequest.generate", AUTH_PERSON, 0, 0, NULL},
    {"pki.keyrequest.generate-token", AUTH_PERSON, 0, 0, NULL},
    {"pki.keyrequest.recovery", AUTH_PERSON, 0, 0, NULL},
    {"pki.keyrequest.status", AUTH_PERSON, 0, READS, NULL},
    {"pki.keyrequests", AUTH_PERSON, 0, READS, NULL},
    {"pki.keys", AUTH_PERSON, 0, READS, NULL},
    {"pki.kra.transport", AUTH_PERSON, 0, READS, NULL},
    {"pki.label.enable", AUTH_PERSON, ADMIN, 0, NULL},
    {"pki.labels", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.message.retry", AUTH_PERSON, ADMIN, 0, NULL},
    {"pki.message.test", AUTH_PERSON, ADMIN, 0, NULL},
    {"pki.messages", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.metadata", AUTH_PERSON, 0, READS, NULL},
    {"pki.metadata-run", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.metadata-run.add", AUTH_PERSON, OFFICER, 0, NULL},
    {"pki.metadata-run.cancel", AUTH_PERSON, OFFICER, 0, NULL},
    {"pki.metadata-run.items", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.metadata-runs", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.metadata.define", AUTH_PERSON, ADMIN, 0, NULL},
    {"pki.metadata.field", AUTH_PERSON, 0, READS, NULL},
    {"pki.metadata.remove", AUTH_PERSON, ADMIN, 0, NULL},
    {"pki.package", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.package.add", AUTH_PERSON, OFFICER, 0, NULL},
    {"pki.package.deliveries", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.package.remove", AUTH_PERSON, OFFICER, 0, NULL},
    {"pki.packages", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.packages.deliveries", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.profile", AUTH_APP_SENT | AUTH_PERSON, 0, READS, NULL},
    {"pki.profiles", AUTH_APP_SENT | AUTH_PERSON, 0, READS, NULL},
    {"pki.request", AUTH_APP_SENT | AUTH_PERSON, 0, READS, NULL},
    {"pki.request.decide", AUTH_APP_SENT | AUTH_PERSON, 0, 0, NULL},
    {"pki.request.status", AUTH_APP_SENT | AUTH_PERSON, 0, READS, NULL},
    {"pki.request.submit", AUTH_APP_SENT | AUTH_USER, 0, 0, NULL},
    {"pki.requests", AUTH_APP_SENT | AUTH_PERSON, 0, READS, NULL},
    {"pki.search", AUTH_PERSON, 0, READS, NULL},
    {"pki.search.remove", AUTH_PERSON, 0, 0, NULL},
    {"pki.search.save", AUTH_PERSON, 0, 0, NULL},
    {"pki.searches", AUTH_PERSON, 0, READS, NULL},
    {"pki.session.end", AUTH_PERSON, ADMIN, 0, NULL},
    {"pki.sessions", AUTH_PERSON, ADMIN, READS, NULL},
    {"pki.sessions.end", AUTH_PERSON, ADMIN, 0, NULL},
    {"pki.status", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.template", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.templates", AUTH_PERSON, STAFF, READS, NULL},
    {"pki.user.enable", AUTH_PERSON, ADMIN, 0, NULL},
    {"pki.user.roles", AUTH_PERSON, ADMIN, 0, NULL},
    {"pki.users", AUTH_PERSON, ADMIN, READS, NULL},
    {"pki.view-rule", AUTH_PERSON, ADMIN, READS, NULL},
    {"pki.view-rule.add", AUTH_PERSON, ADMIN, 0, NULL},
    {"pki.view-rule.remove", AUTH_PERSON, ADMIN, 0, NULL},
    {"pki.view-rules", AUTH_PERSON, ADMIN, READS, NULL},
    {"readyz", AUTH_ANYBODY, 0, READS | PLAIN, NULL},
    {"request", AUTH_SESSION, 0, READS, NULL},
    {"request.approve", AUTH_SESSION, 0, 0, NULL},
    {"request.cancel", AUTH_SESSION, 0, 0, NULL},
    {"request.certificate", AUTH_SESSION, 0, READS, NULL},
    {"request.reject", AUTH_SESSION, 0, 0, NULL},
    {"requests", AUTH_SESSION, 0, READS, NULL},
    {"static", AUTH_ANYBODY, 0, READS, NULL},
};
#define POLICIES (sizeof(policies) / sizeof(policies[0]))

static const struct policy *
policy_of(const char *name)
{
	for (size_t i = 0; i < POLICIES; i++)
		if (strcmp(policies[i].name, name) == 0)
			return &policies[i];
	fail_msg("no policy for route %s", name);
	return NULL;
}

/* Each route once, and no line of one that is gone. */
static void
policy__of_each_route(void **state)
{
	(void)state;
	assert_int_equal(route_table_len, POLICIES);
	for (size_t i = 1; i < POLICIES; i++)
		if (strcmp(policies[i - 1].name, policies[i].name) >= 0)
			fail_msg("%s stands behind %s", policies[i].name, policies[i - 1].name);
}

static void
routes__needs(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_table_len; i++) {
		const struct policy *p = policy_of(route_table[i].name);

		assert_int_equal(route_table[i].need, p->need);
		assert_int_equal(route_table[i].roles, p->roles);
		assert_int_equal(route_table[i].plain, (p->flags & PLAIN) != 0);
		/* only what a session and its token guard is open to forms of any page */
		assert_false(route_table[i].takes_form && (p->need & AUTH_SESSION) == 0);
		/* what needs a secret never goes without TLS */
		assert_false((p->flags & PLAIN) != 0 &&
		    (p->need & ~(unsigned)(AUTH_LOCAL | AUTH_ANYBODY)) != 0);
	}
}

/* A page asks the handler of the API, whose row was not looked at: so its own demands as much. */
static void
routes__console_demands_what_the_api_demands(void **state)
{
	(void)state;
	for (size_t i = 0; i < POLICIES; i++) {
		const struct policy *p = &policies[i];

		if ((strncmp(p->name, "console", 7) == 0) != (p->asks != NULL))
			fail_msg("%s: which row of the API does it ask?", p->name);
		if (p->asks != NULL)
			assert_int_equal(p->roles, policy_of(p->asks)->roles);
	}
}

/* GET and HEAD pass the check of origins, so no route may change anything by them: its line says
 * so. */
static void
origin__safe_methods_change_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_table_len; i++) {
		const struct route *r = &route_table[i];
		bool is_safe = (policy_of(r->name)->flags & (READS | NOTES)) != 0;

		if (is_safe != ((r->methods & ORIGIN_SAFE_METHODS) != 0))
			fail_msg("%s: does its GET only read?", r->name);
		/* a preflight is never answered with a permission */
		assert_int_equal(r->methods & GH_HTTP_OTHER, 0);
	}
}

/* What is answered from memory asks nobody who he is. */
static void
routes__short_ways_are_open(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_table_len; i++) {
		const struct route *r = &route_table[i];

		if (r->need == 0)
			fail_msg("%s: does not say who may use it", r->name);
		if ((r->fast != NULL || r->cached != NULL) && r->need != AUTH_ANYBODY)
			fail_msg("%s: anybody is answered from memory", r->name);
		assert_non_null(r->handler);
		if (r->batch == NULL)
			continue;
		assert_false(r->on_loop);
		assert_non_null(r->batch->run);
		assert_in_range(r->batch->max, 1, ROUTE_BATCH_MAX);
		assert_true(r->batch->at_once >= 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(policy__of_each_route),
	    cmocka_unit_test(routes__needs),
	    cmocka_unit_test(routes__console_demands_what_the_api_demands),
	    cmocka_unit_test(origin__safe_methods_change_nothing),
	    cmocka_unit_test(routes__short_ways_are_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
