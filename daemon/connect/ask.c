/* Operations of the connector, one request after the other, over the same client as the worker's. */
#include <poll.h>

#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/url.h"
#include "daemon/connect/inside.h"

#define STEPS_MOST 10
#define TRIES      3
#define TICK       DUR_MS(100)

struct errand {
	struct loop *loop;
	struct http_transfer *transfer;
	ev_timer tick;       /* looks whether somebody pressed Ctrl-C */
	struct arena *arena; /* of the response; NULL: there is none */
	struct response response;
	struct err err;
};

static void on_answer(const struct response *r, const struct err *err, void *owner)
{
	struct errand *e = owner;

	e->transfer = NULL;
	if (r != NULL) {
		e->arena = http_take_arena(r);
		e->response = *r;
	} else {
		e->err = *err;
	}
	loop_stop(e->loop);
}

static void on_tick(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct errand *e = container_of(w, struct errand, tick);

	(void)loop;
	(void)revents;
	if (talk_is_over() && e->transfer != NULL) {
		http_cancel(&e->transfer);
		(void)err_set(&e->err, ERR_RETRY, "interrupted");
		loop_stop(e->loop);
		return;
	}
	loop_arm(e->loop, w, TICK);
}

static struct http_terms terms_of(const struct conf_account *a)
{
	struct http_terms t = { .allow_loopback = a->insecure_loopback,
				.max_per_host = a->max_per_host };
	struct url url;
	int64_t port;

	if (url_parse(a->server, &url) && num_parse_range(url.port, 1, 65535, &port)) {
		t.allow_port = (int)port;
	}
	return t;
}

struct connector_ctx visit_ctx(struct visit *v)
{
	return (struct connector_ctx){
		.arena = v->arena,
		.now = loop_wall(v->loop),
		.server = v->account->server,
		.token = secret_reveal(&v->token),
		.session = v->session,
		.facts = v->facts,
		.own_id = v->own_id,
		.own_handle = v->own_handle,
		.options = v->account->options,
		.n_options = v->account->n_options,
		.description = v->connector->description,
	};
}

/* One request and its answer. */
static bool step(struct visit *v, const struct question *q, struct outcome *ret, struct err *err)
{
	struct connector_ctx ctx = visit_ctx(v);
	struct http_terms terms = terms_of(v->account);
	struct errand e = { .loop = v->loop };
	struct request request = { 0 };

	if (v->n_answers == ANSWERS_MOST) {
		return err_set(err, ERR_DATA, "the platform sends us round in a circle");
	}
	if (!v->connector->ask(&ctx, q, &request, err)) {
		return false;
	}
	if (text_is_empty(request.url)) {
		e.response = (struct response){ .status = 204, .received_at = ctx.now };
		return v->connector->digest(&ctx, q, &e.response, ret, err);
	}
	request.once = request.once || q->op == OP_CONNECT || q->op == OP_REFRESH;
	ev_init(&e.tick, on_tick);
	loop_arm(v->loop, &e.tick, TICK);
	e.transfer = http_start(v->http, &request, &terms, on_answer, &e);
	loop_run(v->loop);
	loop_disarm(v->loop, &e.tick);
	if (e.arena == NULL) {
		*err = e.err;
		return false;
	}
	ctx.now = loop_wall(v->loop);
	v->answers[v->n_answers++] = e.arena; /* what is digested may borrow from the answer */
	return v->connector->digest(&ctx, q, &e.response, ret, err);
}

bool visit_ask(struct visit *v, enum op op, struct outcome *ret, struct err *err)
{
	struct question q = { .op = op, .granting = op == OP_CONNECT ? &v->granting : NULL };
	int n_tried = 0;

	for (int i = 0; i < STEPS_MOST; i++) {
		struct outcome o = { 0 };

		*err = (struct err){ 0 };
		if (!step(v, &q, &o, err)) {
			/* A code is taken once; a question can be asked again. */
			if (op != OP_IDENTIFY || err->kind != ERR_RETRY || ++n_tried >= TRIES ||
			    talk_is_over()) {
				return false;
			}
			(void)poll(NULL, 0, /* ms= */ 1000);
			continue;
		}
		if (!text_is_empty(o.facts)) {
			v->facts = o.facts;
		}
		if (text_is_empty(o.missing)) {
			o.missing = ret->missing; /* of a step before */
		}
		*ret = o;
		if (!o.is_more) {
			return true;
		}
		q.state = o.state;
	}
	return err_set(err, ERR_DATA, "the platform sends us round in a circle");
}
