/* The jobs there are. */
#include "crl_job.h"
#include "job.h"
#include "ocsp_job.h"
#include "server_cert.h"

const struct job job_table[] = {
    {"crl", "make the CRLs that are due and publish them", offsetof(struct gh_conf, jobs.crl),
	crl_job_run, crl_job_plan, JOB_ORDINARY},
    {"ocsp-signer", "renew the OCSP signers that end soon",
	offsetof(struct gh_conf, jobs.ocsp_signer), ocsp_job_run, ocsp_job_plan, JOB_ORDINARY},
    {"server-certificate", "renew the server certificate of each node, where it is our own",
	offsetof(struct gh_conf, jobs.server_certificate), server_cert_job_run,
	server_cert_job_plan, JOB_PER_NODE},
    {"expiry-notices", "note certificates that end soon",
	offsetof(struct gh_conf, jobs.expiry_notices), expiry_job_run, expiry_job_plan,
	JOB_ORDINARY},
    {"ca-notices", "tell administrators of CAs and CRLs that end soon",
	offsetof(struct gh_conf, jobs.ca_notices), ca_notice_job_run, ca_notice_job_plan,
	JOB_ORDINARY},
    {"notify", "send messages about what happened", offsetof(struct gh_conf, jobs.notify),
	notify_job_run, notify_job_plan, JOB_SLOW},
    {"audit-seal", "seal new rows of the audit trail", offsetof(struct gh_conf, jobs.audit_seal),
	audit_seal_job_run, audit_seal_job_plan, JOB_ORDINARY},
    {"requests", "remind officers of requests, end those that nobody decides",
	offsetof(struct gh_conf, jobs.requests), request_job_run, request_job_plan, JOB_ORDINARY},
    {"key-requests", "write down which requests for keys have expired",
	offsetof(struct gh_conf, jobs.key_requests), key_request_job_run, key_request_job_plan,
	JOB_ORDINARY},
    {"key-retention", "destroy archived keys whose time is over",
	offsetof(struct gh_conf, jobs.key_retention), key_retention_job_run, key_retention_job_plan,
	JOB_ORDINARY},
    {"kra-rotate", "put archived keys under the next storage key of the KRA",
	offsetof(struct gh_conf, jobs.kra_rotate), kra_rotate_job_run, kra_rotate_job_plan,
	JOB_ORDINARY},
    {"kra-transport", "renew the transport key of the KRA before its certificate ends",
	offsetof(struct gh_conf, jobs.kra_transport), kra_transport_job_run, kra_transport_job_plan,
	JOB_ORDINARY},
    {"notifications", "remove notifications that were written long ago",
	offsetof(struct gh_conf, jobs.notifications), notification_job_run, notification_job_plan,
	JOB_ORDINARY},
    {"sessions", "remove log-ins of browsers that are over",
	offsetof(struct gh_conf, jobs.sessions), session_job_run, session_job_plan, JOB_ORDINARY},
    {"retention", "remove certificates that ended long ago",
	offsetof(struct gh_conf, jobs.retention), retention_job_run, retention_job_plan,
	JOB_ORDINARY},
};
const size_t job_table_len = sizeof(job_table) / sizeof(job_table[0]);
