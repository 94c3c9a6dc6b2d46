/* `gatehouse doctor`: what a worker can tell, too (health/house.h). */
#include "health/house.h"

#include "doctor.h"

struct worker_env
doctor_house(const struct doctor *d)
{
	struct worker_env env = d->gateway;

	env.conf = d->env.conf;
	env.store = d->env.store;
	return env;
}

void
doctor_cas(struct doctor *d)
{
	const struct worker_env env = doctor_house(d);

	house_cas(&d->findings, &env);
}

void
doctor_state(struct doctor *d)
{
	const struct worker_env env = doctor_house(d);

	house_state(&d->findings, &env);
}

void
doctor_jobs(struct doctor *d)
{
	const struct worker_env env = doctor_house(d);

	house_jobs(&d->findings, &env);
}

void
doctor_nodes(struct doctor *d)
{
	const struct worker_env env = doctor_house(d);

	house_nodes(&d->findings, &env);
}
