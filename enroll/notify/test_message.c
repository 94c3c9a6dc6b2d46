/* Do messages arrive? See test_message.h. */
#include "store/key/key_count.h"

#include "notify_recipient.h"
#include "test_message.h"

/* No caller of EST: those have a blank between label and client. */
#define COUNTED_AS "notify-test"

/* Who would be told, found as the job finds it: what is wrong is said to who asks. */
static int
count_people(const struct worker_env *env, const struct requester *who, bool is_own, size_t *n,
    struct gh_error *err)
{
	char none[] = "", event[] = "test", object[] = "notify", own[] = "requester",
	     all[] = "administrators";
	struct requester r = *who;
	const struct notification notification = {.event = event,
	    .audience = is_own ? own : all,
	    .recipient = is_own ? r.name : none,
	    .recipient_kind = is_own ? r.kind : REQUESTER_NONE,
	    .recipient_id = is_own ? r.id : none,
	    .object = object,
	    .language = none};
	struct recipients people = {0};
	int rc = notify_recipients(env, &notification, &people, err);

	*n = people.n;
	recipients_clear(&people);
	if (rc != 0 || *n > 0)
		return rc;
	return gh_refuse(err, GH_E_CONFLICT,
	    is_own ? "You have no address of e-mail: it is that of the directory, or that of "
		     "`gatehouse user contact`."
		   : "No administrator has an address of e-mail: it is that of the directory, or "
		     "that of `gatehouse user contact`.");
}

static int
check_often(const struct worker_env *env, struct gh_error *err)
{
	int wait, rc = store_count_key(env->store, COUNTED_AS, TEST_MESSAGES_PER_HOUR, &wait, err);

	if (rc != 0 || wait == 0)
		return rc;
	rc = gh_refuse(err, GH_E_RATE_LIMITED,
	    "Enough test messages were sent in this hour (%d). Come again later.",
	    TEST_MESSAGES_PER_HOUR);
	err->retry_after = wait;
	return rc;
}

int
test_message_send(const struct worker_env *env, const struct requester *who, bool is_own, size_t *n,
    struct gh_error *err)
{
	int rc;

	*n = 0;
	if (*env->conf->notify.smtp_url == '\0')
		return gh_refuse(err, GH_E_CONFLICT,
		    "No mail is sent here: notify.smtp_url is not set.");
	if ((rc = count_people(env, who, is_own, n, err)) == 0 && (rc = check_often(env, err)) == 0)
		rc = store_test_notification(env->store, who, is_own, err);
	return rc;
}
