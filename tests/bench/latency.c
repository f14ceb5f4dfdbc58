/* latency CONNINFO SECONDS YARDSTICK.sql STATEMENT.sql [PARAMETER…]: how long a prepared statement takes beside another one, called
 * in turns over one connection, as the desk calls them. "-" is null. Prints: p50 and p99 of the yardstick, p50 and p99 of the
 * statement, in microseconds, calls, rows. */
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_CALLS  1000000
#define MAX_PARAMS 16

static double now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "rbe");
	char *text = calloc(1, 65536);

	if (f == NULL || text == NULL || fread(text, 1, 65535, f) == 0) {
		(void)fprintf(stderr, "%s cannot be read\n", path);
		exit(2);
	}
	(void)fclose(f);
	return text;
}

static void expect(PGconn *c, PGresult *r, ExecStatusType want)
{
	if (PQresultStatus(r) != want) {
		(void)fprintf(stderr, "%s", PQerrorMessage(c));
		exit(2);
	}
}

/* As a program with an event loop calls: sends, sleeps until the socket says that something came, reads. */
static float call(PGconn *c, const char *name, int n, const char *const *params, int *ret_rows)
{
	double begun = now_us(), taken;
	struct pollfd socket = { .fd = PQsocket(c), .events = POLLIN };
	PGresult *r;

	if (PQsendQueryPrepared(c, name, n, params, NULL, NULL, 0) != 1 || PQflush(c) != 0) {
		(void)fprintf(stderr, "%s", PQerrorMessage(c));
		exit(2);
	}
	while (PQisBusy(c) == 1) {
		if (poll(&socket, 1, 10000) != 1 || PQconsumeInput(c) != 1) {
			(void)fprintf(stderr, "%s does not answer: %s", name, PQerrorMessage(c));
			exit(2);
		}
	}
	r = PQgetResult(c);
	taken = now_us() - begun;
	expect(c, r, PGRES_TUPLES_OK);
	*ret_rows = PQntuples(r);
	PQclear(r);
	PQclear(PQgetResult(c)); /* the end of the statement */
	return (float)taken;
}

static int order(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

static float part(const float *sorted, int n, double share)
{
	return sorted[(int)((double)(n - 1) * share)];
}

int main(int argc, char **argv)
{
	const char *params[MAX_PARAMS];
	float *yard = calloc(MAX_CALLS, sizeof(*yard)), *found = calloc(MAX_CALLS, sizeof(*found));
	PGconn *c;
	double end;
	int n = 0, n_params = argc - 5, rows = 0, unused;

	if (argc < 5 || n_params > MAX_PARAMS || yard == NULL || found == NULL) {
		(void)fprintf(stderr,
			      "latency CONNINFO SECONDS YARDSTICK STATEMENT [PARAMETER…]\n");
		return 2;
	}
	for (int i = 0; i < n_params; i++) {
		params[i] = strcmp(argv[5 + i], "-") == 0 ? NULL : argv[5 + i];
	}
	c = PQconnectdb(argv[1]);
	if (PQstatus(c) != CONNECTION_OK) {
		(void)fprintf(stderr, "%s", PQerrorMessage(c));
		return 2;
	}
	expect(c, PQprepare(c, "yardstick", read_file(argv[3]), 0, NULL), PGRES_COMMAND_OK);
	expect(c, PQprepare(c, "statement", read_file(argv[4]), n_params, NULL), PGRES_COMMAND_OK);
	for (int i = 0; i < 50; i++) { /* plans settled, pages read */
		(void)call(c, "yardstick", 0, NULL, &unused);
		(void)call(c, "statement", n_params, params, &rows);
	}
	end = now_us() + atof(argv[2]) * 1e6;
	while (n < MAX_CALLS && now_us() < end) {
		yard[n] = call(c, "yardstick", 0, NULL, &unused);
		found[n] = call(c, "statement", n_params, params, &rows);
		n++;
	}
	PQfinish(c);
	qsort(yard, (size_t)n, sizeof(*yard), order);
	qsort(found, (size_t)n, sizeof(*found), order);
	(void)printf("%.1f %.1f %.1f %.1f %d %d\n", (double)part(yard, n, 0.5),
		     (double)part(yard, n, 0.99), (double)part(found, n, 0.5),
		     (double)part(found, n, 0.99), n, rows);
	free(yard);
	free(found);
	return 0;
}
