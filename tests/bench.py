"""./run bench [NAME…]: figures as ratios against yardsticks measured in the same run; machines are noisy, ratios less so.

  path      500 sources × 50 new posts, JSON bytes → committed with threads and clocks, against the smallest poller that does it
  repeats   server CPU of a page of which 90 % is known, against a new page; and of one that is wholly known
  queue     the queue's statement and every filter at ten million messages, one million conversations, 50,000 waiting, against a trivial read
  sources   10,000 sources at a rhythm of 60 s: what they cost of one core, how late they are, memory over an idle worker's
  scan      looking for alarms that are due while none is, with 5,000 clocks that run, against a trivial read
  replies   replies a second, and from `answer reply` to the platform's acknowledgement, against curl with the same requests
  page      the queue's page in Chromium at 50,000 waiting: until rows are painted, and frames while somebody scrolls
  desk      1,000 requests a second for the queue at 50,000 waiting, 500 event streams open, while messages are stored
  idle      resident memory of worker and desk, and their CPU when nothing happens, against the bare libraries

The yardsticks' sources are measuring programs beside the project (../shared/bench, or $ANSWERD_SHARED/bench): without them a figure is
printed without its ratio. --runs N (default 5), --messages N for a smaller `queue`, --seconds N (default 120) of `sources`. More, and a profile of the worker: tests/bench/README.md."""
import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "integration"), str(ROOT / "tests" / "bench")]

import desk  # noqa: E402
import office  # noqa: E402
import page  # noqa: E402
import psycopg  # noqa: E402
import replies  # noqa: E402
from rig.config import Config  # noqa: E402
from rig.postgres import BIN, Cluster  # noqa: E402

SHARED = pathlib.Path(os.environ.get("ANSWERD_SHARED") or ROOT.parent / "shared") / "bench"
BUILD = pathlib.Path(os.environ.get("ANSWERD_BUILD") or ROOT / "build")
WORK = ROOT / "build" / "bench"
# Stock durable settings: a page that is committed is on the disk.
DURABLE = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "128MB", "max_wal_size": "1GB", "autovacuum_naptime": "60s"}
N_SOURCES, N_POSTS = 500, 50
TICK = os.sysconf("SC_CLK_TCK")


def say(text):
    print(text, flush=True)


def cpu_of(pid):
    """User and system seconds of a process."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_of(pid, key="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").split("\n"):
        if line.startswith(key + ":"):
            return int(line.split()[1])
    return 0


def yardstick(name):
    """A measuring program, built; None where its source is not there."""
    if not (SHARED / "Makefile").exists():
        return None
    out = WORK / "yard"
    out.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["make", "-s", "-C", str(SHARED), f"OUT={out}", str(out / name)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        say(f"(yardstick {name} cannot be built: {done.stderr.strip()[-200:]})")
        return None
    return out / name


def median(values):
    return statistics.median(values) if values else float("nan")


def programs():
    for name in ("answerd", "answerd-desk", "answer"):
        if not (BUILD / "daemon" / name).exists():
            sys.exit(f"{BUILD}/daemon/{name} is not there: ./run build")


def start(name, config, log):
    config.write()
    with open(log, "ab") as file:
        return subprocess.Popen([str(BUILD / "daemon" / name), "--config", str(config.path)], stdin=subprocess.DEVNULL, stdout=file, stderr=file)


def stop(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def migrate(config):
    config.write()
    subprocess.run([str(BUILD / "daemon" / "answerd"), "migrate", "--config", str(config.path)], check=True, capture_output=True)


# ---- path ----

def content():
    """The yardstick's own pages, with replies that make threads of four, served under the names of the Mastodon API."""
    www = WORK / "www"
    if (www / "done").exists():
        return www
    make = yardstick("gendata")
    if make is None:
        sys.exit("path needs the yardstick's content (../shared/bench)")
    subprocess.run([str(make), str(WORK / "raw")], check=True)
    shutil.rmtree(www, ignore_errors=True)
    (www / "p50").mkdir(parents=True)
    now = time.time()
    for i in range(N_SOURCES):
        posts = json.loads((WORK / "raw" / "p50" / str(i)).read_text(encoding="utf-8"))
        for n, post in enumerate(posts):
            post["in_reply_to_id"] = posts[n - 1]["id"] if n % 4 else None
            at = now - 7200 + n * 60
            post["created_at"] = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at))
        (www / "p50" / str(i)).write_text(json.dumps(posts, separators=(",", ":")), encoding="utf-8")
    (www / "done").write_text("")
    return www


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def web_server(www):
    port, folder = free_port(), WORK / "nginx"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/err; user root;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 10000000; keepalive_timeout 600s; default_type application/json;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  open_file_cache max=4000 inactive=600s; open_file_cache_valid 600s;
  server {{ listen 127.0.0.1:{port} backlog=8192; root {www};
    location ~ ^/s/([0-9]+)/api/v1/timelines/tag/ {{
      if ($args ~ "(max_id|min_id|since_id)=") {{ return 200 '[]'; }}
      rewrite ^/s/([0-9]+)/ /p50/$1 break;
    }}
    location ~ ^/s/[0-9]+/api/v2/instance {{ return 200 '{{"domain":"s.test","version":"4.3.0","configuration":{{"statuses":{{"max_characters":500}}}}}}'; }}
    location ~ ^/s/[0-9]+/api/v1/statuses/[^/]+/context {{ return 200 '{{"ancestors":[],"descendants":[]}}'; }}
    location ~ ^/s/ {{ return 200 '[]'; }}
  }}
}}""", encoding="utf-8")
    process = subprocess.Popen(["/usr/sbin/nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return process, port
        except OSError:
            time.sleep(0.05)
    sys.exit("nginx did not start")


def path_answerd(cluster, port, n):
    database = cluster.create()
    config = Config(WORK / f"path{n}", database.conninfo)
    config.brand("bench")
    for i in range(N_SOURCES):
        config.account(f"a{i}", "mastodon", f"http://127.0.0.1:{port}/s/{i}", brand="bench", listen=["search:#x"], every="1h", history="30d",
                       max_per_host=16)
    migrate(config)
    with psycopg.connect(database.conninfo, autocommit=True) as conn:
        conn.execute("checkpoint")
        before = {r[0]: cpu_of(r[0]) for r in conn.execute("select pid from pg_stat_activity where application_name like 'answerd%'")}
        begun = time.monotonic()
        worker = start("answerd", config, WORK / "worker.log")
        stored, backends = 0, {}
        while stored < N_SOURCES * N_POSTS and time.monotonic() < begun + 120 and worker.poll() is None:
            # Looking must cost nothing: the sources' rows say when a walk ended.
            time.sleep(0.05)
            n_done = conn.execute("select count(*) from answerd.source where imported_at is not null").fetchone()[0]
            taken = time.monotonic() - begun
            stored = conn.execute("select count(*) from answerd.message").fetchone()[0] if n_done >= N_SOURCES else 0
            if len(backends) < 3:
                backends = {r[0]: 0.0 for r in conn.execute("select pid from pg_stat_activity where application_name in ('answerd writer', 'answerd keeper')")}
        server = sum(cpu_of(pid) - before.get(pid, 0) for pid in backends)
        client, peak = cpu_of(worker.pid), memory_of(worker.pid, "VmHWM")
        waiting = conn.execute("select count(*) from answerd.conversation where waiting_since is not null").fetchone()[0]
    stop(worker)
    database.drop()
    if stored < N_SOURCES * N_POSTS:
        sys.exit(f"only {stored} of {N_SOURCES * N_POSTS} messages were stored; see {WORK}/worker.log")
    return {"items_s": stored / taken, "cpu_per_1000": (client + server) / stored * 1000, "client": client, "server": server, "peak_kib": peak,
            "waiting": waiting, "secs": taken}


def path_yardstick(cluster, port, binary):
    database = cluster.create()
    env = {**os.environ, "PGHOST": str(cluster.folder), "PGPORT": str(cluster.port), "PGUSER": "postgres", "PGDATABASE": database.name}
    for sql in ("schema.sql", "ingest-conv.sql"):
        subprocess.run([str(BIN / "psql"), "-qX", "-v", "rawtype=text", "-v", "comp=lz4", "-v", "ff=100", "-f", str(SHARED / sql)], env=env, check=True,
                       capture_output=True)
    cluster.execute("checkpoint")
    done = subprocess.run([str(binary), f"http://127.0.0.1:{port}/p50", str(N_SOURCES), "32", "100", "1", "-t", "-q"], env=env, capture_output=True,
                          text=True, check=False)
    database.drop()
    found = dict(part.split("=", 1) for part in done.stdout.split())
    return {"items_s": float(found["rows_s"]), "cpu_per_1000": float(found["client_cpu_s_per_1000"]) + float(found["server_cpu_s_per_1000"]),
            "peak_kib": int(found["peak_KiB"])}


def bench_path(args):
    www, binary = content(), yardstick("e2e_slice")
    server, port = web_server(www)
    cluster = Cluster(DURABLE)
    ours, theirs = [], []
    try:
        for n in range(args.runs):
            if binary:
                theirs.append(path_yardstick(cluster, port, binary))
            ours.append(path_answerd(cluster, port, n))
            say(f"  run {n + 1}: answerd {ours[-1]['items_s']:.0f} items/s, {ours[-1]['cpu_per_1000']:.3f} CPU s per 1000 "
                f"(worker {ours[-1]['client']:.2f}, server {ours[-1]['server']:.2f}), peak {ours[-1]['peak_kib'] // 1024} MB, {ours[-1]['waiting']} wait"
                + (f"; yardstick {theirs[-1]['items_s']:.0f} items/s, {theirs[-1]['cpu_per_1000']:.3f}" if theirs else ""))
    finally:
        cluster.destroy()
        stop(server)
    if theirs:
        speed = median([a["items_s"] / b["items_s"] for a, b in zip(ours, theirs)])
        cpu = median([a["cpu_per_1000"] / b["cpu_per_1000"] for a, b in zip(ours, theirs)])
        say(f"path: {speed:.2f} × the yardstick's items/s (now ≥ 0.5, goal 0.8), {cpu:.2f} × its CPU per 1000 (goal ≤ 1.25)")
        return speed >= 0.5
    return True


# ---- repeats ----

def bench_repeats(args):
    cluster = Cluster(DURABLE)
    try:
        database = cluster.create()
        config = Config(WORK / "repeats", database.conninfo)
        config.brand("bench")
        migrate(config)
        with psycopg.connect(database.conninfo, autocommit=True) as conn:
            conn.execute("set plan_cache_mode = force_generic_plan")
            pages = Pages(conn)
            pages.new(100)
            new, ninety, known, sent = [], [], [], []
            for _ in range(args.runs):
                new.append(pages.cost(40, lambda: pages.fresh(100)))
                ninety.append(pages.cost(40, lambda: pages.again(90) + pages.fresh(10)))
                known.append(pages.cost(40, lambda: pages.again(100)))
                # What the worker sends of such a page: it remembers what the last one held.
                sent.append(pages.cost(40, lambda: pages.fresh(10)))
    finally:
        cluster.destroy()
    a, b = median([y / x for x, y in zip(new, ninety)]), median([y / x for x, y in zip(new, known)])
    c = median([y / x for x, y in zip(new, sent)])
    say(f"repeats: a new page {median(new) * 1000:.2f} ms of server CPU; 90 % known, as the worker sends it, {c:.2f} × of it (goal ≤ 0.5); "
        f"sent whole, as after a restart, {a:.2f} ×; wholly known {b:.2f} ×")
    return c <= 0.5


class Pages:
    """Calls answerd.ingest() as the worker does."""

    def __init__(self, conn):
        self.conn, self.n, self.seq = conn, 0, 0
        self.pid = conn.info.backend_pid
        conn.execute("""select answerd.declare('{"brands":[{"name":"b","timezone":"UTC","hours":[],"accounts":[{"name":"a","platform":"mastodon",
            "server":"s","realm":"m s","is_time_authors":false,"every_us":1000000,"sources":["mentions"]}]}]}')""")
        self.brand, self.account, self.source = conn.execute(
            "select brand_id, account_id, source_id from answerd.source where name = 'mentions'").fetchone()
        self.epoch = conn.execute("select o_epoch from answerd.lease(%s, %s, 'bench')", (self.brand, self.account)).fetchone()[0]
        text = (ROOT / "daemon/store/queries/ingest.sql").read_text(encoding="utf-8")
        text = "\n".join(line for line in text.split("\n") if not line.startswith("--"))
        for i in range(36, 0, -1):
            text = text.replace(f"${i}::", "%s::")
        self.sql, self.rows = text, []

    def fresh(self, n):
        rows = []
        for _ in range(n):
            k, self.n = self.n, self.n + 1
            rows.append((f"m{k}", f"m{k - 1}" if k % 4 else None, "inbound" if k % 2 == 0 else "outbound", "us" if k % 2 else f"c{k % 3000}",
                         1 if k % 4 == 0 else 0, 1700000000_000000 + k * 1_000_000))
        self.rows += rows
        return rows

    def again(self, n):
        return self.rows[-n:]

    def new(self, n_pages):
        for _ in range(n_pages):
            self.send(self.fresh(100))

    def send(self, rows):
        m = len(rows)
        none = [None] * m
        got = self.conn.execute(self.sql, [
            self.brand, self.account, self.source, self.epoch, "poll", self.seq, "{}", True, int(time.time() * 1e6), [r[0] for r in rows],
            [r[1] for r in rows], none, none, ["reply" if r[1] else "mention" for r in rows], [r[2] for r in rows], ["public"] * m, [r[4] for r in rows],
            [r[3] for r in rows], [r[3] for r in rows], [r[3] for r in rows], ["x" * 200] * m, none, ["en"] * m, ["https://s.test/" + r[0] for r in rows],
            [r[5] for r in rows], [0] * m, none, ["question"] * m, [int(r[0][1:]) + 1 for r in rows], ['{"a":"' + "y" * 2400 + '"}'] * m,
            [], [], [], [], [], []], prepare=True).fetchone()
        assert got[0] == "ok", got
        self.seq = got[6]

    def cost(self, n, page):
        pages = [page() for _ in range(n)]
        before = cpu_of(self.pid)
        for rows in pages:
            self.send(rows)
        return (cpu_of(self.pid) - before) / n


# ---- scan ----

def bench_scan(_args):
    cluster = Cluster(DURABLE)
    try:
        database = cluster.create()
        config = Config(WORK / "scan", database.conninfo)
        config.brand("bench")
        migrate(config)
        with psycopg.connect(database.conninfo, autocommit=True) as conn:
            Pages(conn).new(200)
            conn.execute("update answerd.conversation set alarm_at = now() + interval '1 day'")
            conn.execute("vacuum analyze answerd.conversation")
            n, one, brand = conn.execute("select count(*), min(conversation_id), min(brand_id) from answerd.conversation").fetchone()
            conn.prepare_threshold = 0
            statements = (("select answerd.next_alarm() <= answerd.now()", ()), ("select waiting_since <= answerd.now() from answerd.conversation "
                          "where conversation_id = %s and brand_id = %s", (one, brand)))
            best = {}
            for _ in range(2000):
                for sql, args in statements:
                    begun = time.perf_counter()
                    conn.execute(sql, args).fetchone()
                    best[sql] = min(best.get(sql, 9), time.perf_counter() - begun)
    finally:
        cluster.destroy()
    scan, read = best.values()
    say(f"scan: {scan * 1e6:.0f} µs with {n} clocks that run, a trivial read {read * 1e6:.0f} µs: {scan / read:.2f} (at most 1.5)")
    return scan <= 1.5 * read


# ---- queue ----

def bench_queue(args):
    n_conversations = args.messages // 10
    cluster = Cluster({**DURABLE, "shared_buffers": "1GB", "max_wal_size": "8GB", "fsync": "off", "maintenance_work_mem": "1GB"})
    try:
        database = cluster.create()
        config = Config(WORK / "queue", database.conninfo)
        config.brand("bench")
        migrate(config)
        say(f"  making {args.messages} messages in {n_conversations} conversations, one in twenty waiting")
        with psycopg.connect(database.conninfo, autocommit=True) as conn:
            conn.execute((ROOT / "tests/bench/queue_load.sql").read_text(encoding="utf-8").replace("{conversations}", str(n_conversations)))
            conn.execute("vacuum analyze answerd.conversation")
            conn.execute("analyze answerd.message")
            conn.execute("analyze answerd.identity")
        cluster.execute("checkpoint")
        worst = queue_latencies(cluster, database, args)
    finally:
        cluster.destroy()
    return worst <= 3


# As the desk's connection for the queue is set (daemon/desk/desk.c).
DESK_SETTINGS = "-c TimeZone=UTC -c jit=off -c plan_cache_mode=force_generic_plan -c enable_sort=off -c enable_bitmapscan=off -c enable_seqscan=off"


def queue_latencies(cluster, database, args):
    """Each family's statement and a trivial read in turns over one connection; the ratio of their p99, the median of some runs."""
    subprocess.run(["ninja", "-C", str(BUILD), "tests/bench/latency"], check=True, capture_output=True, env={**os.environ, "PATH": "/usr/bin:" + os.environ["PATH"]})
    folder = WORK / "queue"
    trivial = folder / "trivial.sql"
    trivial.write_text("select conversation_id, version from answerd.conversation where conversation_id = 777 and brand_id = 1\n", encoding="utf-8")
    conninfo = f"{database.conninfo} options='{DESK_SETTINGS}'"
    lines = [line.split() for line in (ROOT / "tests/bench/queue_families").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    found = {line[0]: [] for line in lines}
    for _ in range(args.runs):
        for name, statement, *params in lines:
            done = subprocess.run([str(BUILD / "tests/bench/latency"), conninfo, "2", str(trivial), str(ROOT / f"daemon/store/queries/{statement}.sql"), *params],
                                  capture_output=True, text=True, check=False)
            if done.returncode != 0:
                sys.exit(f"{name}: {done.stderr}")
            found[name].append([float(x) for x in done.stdout.split()])
    worst = 0
    say(f"  {'':<20}{'trivial p50':>12}{'p99':>7}{'page p50':>11}{'p99':>7}{'rows':>6}{'p50 ×':>9}{'p99 ×':>8}")
    for name, runs in found.items():
        ratio = median([r[3] / r[1] for r in runs])
        worst = max(worst, ratio)
        y50, y99, p50, p99, _, rows = (median(column) for column in zip(*runs))
        say(f"  {name:<20}{y50:>12.0f}{y99:>7.0f}{p50:>11.0f}{p99:>7.0f}{rows:>6.0f}{median([r[2] / r[0] for r in runs]):>9.2f}{ratio:>8.2f}")
    say(f"queue: the worst is {worst:.2f} × a trivial read's p99 (goal ≤ 3)")
    return worst


# ---- sources ----

N_MANY, N_AN_ACCOUNT = 10_000, 20


def quiet_config(name, database, port, n_accounts, n_sources, every):
    config = Config(WORK / name, database.conninfo)
    config.brand("bench")
    for i in range(n_accounts):
        config.account(f"a{i}", "mastodon", f"http://127.0.0.1:{port}/s/{i}", brand="bench", listen=[f"search:#x{k}" for k in range(n_sources)], every=every,
                       history="1d", max_per_host=16)
    migrate(config)
    return config


def settle(conn, worker, n):
    """Until every source was read to its beginning once."""
    begun = time.monotonic()
    while conn.execute("select count(*) from answerd.source where imported_at is not null").fetchone()[0] < n:
        if worker.poll() is not None or time.monotonic() > begun + 180:
            sys.exit(f"the worker does not get through; see {WORK}/sources.log")
        time.sleep(0.2)
    return time.monotonic() - begun


def bench_sources(args):
    www = WORK / "www-quiet"
    (www / "p50").mkdir(parents=True, exist_ok=True)
    for i in range(N_MANY // N_AN_ACCOUNT):
        # One post each, so that the walk has a place to go on from; afterwards nobody says anything.
        at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - 3600))
        (www / "p50" / str(i)).write_text(json.dumps([{
            "id": str(1000 + i), "created_at": at, "in_reply_to_id": None, "in_reply_to_account_id": None, "sensitive": False, "spoiler_text": "",
            "visibility": "public", "language": "en", "uri": f"https://s.test/{i}", "url": f"https://s.test/{i}", "content": "<p>Hello there</p>", "edited_at": None,
            "reblog": None, "account": {"id": str(i), "username": "ann", "acct": "ann", "display_name": "Ann", "bot": False, "url": "https://s.test/@ann"},
            "media_attachments": [], "mentions": [], "tags": [], "emojis": []}]), encoding="utf-8")
    server, port = web_server(www)
    cluster = Cluster(DURABLE)
    try:
        idle = cluster.create()
        worker = start("answerd", quiet_config("sources1", idle, port, 1, 1, "60s"), WORK / "sources.log")
        with psycopg.connect(idle.conninfo, autocommit=True) as conn:
            settle(conn, worker, 1)
        time.sleep(3)
        base = memory_of(worker.pid)
        stop(worker)
        database = cluster.create()
        worker = start("answerd", quiet_config("sources", database, port, N_MANY // N_AN_ACCOUNT, N_AN_ACCOUNT, "60s"), WORK / "sources.log")
        with psycopg.connect(database.conninfo, autocommit=True) as conn:
            first = settle(conn, worker, N_MANY)
            time.sleep(2)
            backends = [r[0] for r in conn.execute("select pid from pg_stat_activity where application_name like 'answerd%' and datname = current_database()")]
            before, server_before, web = cpu_of(worker.pid), sum(map(cpu_of, backends)), cpu_of(server.pid)
            begun, late, n_heard = time.monotonic(), [], 0
            while time.monotonic() < begun + args.seconds:
                time.sleep(5)
                late.append(conn.execute("select extract(epoch from max(now() - heard_at))::float8 from answerd.source where name like 'search%'").fetchone()[0])
            took = time.monotonic() - begun
            n_heard = conn.execute("select count(*) from answerd.source where name like 'search%%' and heard_at > now() - make_interval(secs => %s)",
                                   (took,)).fetchone()[0]
            ours, theirs = cpu_of(worker.pid) - before, sum(map(cpu_of, backends)) - server_before
            rss = memory_of(worker.pid)
        stop(worker)
    finally:
        cluster.destroy()
        stop(server)
    each = (rss - base) * 1024 / N_MANY
    share = (ours + theirs) / took
    say(f"sources: {N_MANY} sources once in {first:.0f} s; then {took:.0f} s at a rhythm of 60 s: worker {ours / took:.3f} + PostgreSQL {theirs / took:.3f} = "
        f"{share:.3f} of one core (goal ≤ 0.5), {n_heard} were heard in that time, the latest {max(late):.0f} s ago (goal ≤ 66); {rss / 1024:.1f} MB resident, "
        f"{base / 1024:.1f} MB with one source: {each:.0f} bytes each (goal ≤ 2048)")
    return share <= 0.5 and max(late) <= 66 and each <= 2048


# ---- replies ----

def bench_replies(args):
    cluster = Cluster(DURABLE)
    try:
        runs = [replies.run(cluster, WORK / f"replies{n}", cpu_of) for n in range(args.runs)]
    finally:
        cluster.destroy()
    m = {key: median([r[key] for r in runs]) for key in runs[0]}
    say(f"replies: {m['rate']:.0f} a second, {m['rate'] / m['curl_rate']:.2f} × curl's {m['curl_rate']:.0f} one after another over one connection; CPU of the worker "
        f"{m['worker_ms']:.2f} ms and of PostgreSQL {m['server_ms']:.2f} ms each; from `answer reply` to the platform's acknowledgement p50 {m['p50']:.0f} ms and "
        f"p99 {m['p99']:.0f} ms, {m['p50'] / m['curl_p50']:.2f} × and {m['p99'] / m['curl_p99']:.2f} × a curl with the same POST ({m['curl_p50']:.0f} and "
        f"{m['curl_p99']:.0f} ms)")
    return True


# ---- page, desk ----

def bench_page(args):
    cluster = Cluster(office.SETTINGS)
    try:
        with office.office(cluster, WORK / "page", 50_000) as shop:
            m = page.run(shop, args.runs, say)
    finally:
        cluster.destroy()
    say(f"page: rows are painted after {m['kept']:.0f} ms, {m['fresh']:.0f} with nothing kept by the browser (goal < 200), {m['kept'] / m['bare']:.1f} × as late as plain rows; at most {m['rows']} rows in the document, "
        f"{m['p95']:.0f} ms for 95 of 100 frames of a fast scroll (goal ≤ 34)")
    return m["kept"] < 200 and m["p95"] <= 34 and m["empty"] == 0


def bench_desk(args):
    subprocess.run(["ninja", "-C", str(BUILD), "tests/bench/desk_load"], check=True, capture_output=True, env={**os.environ, "PATH": "/usr/bin:" + os.environ["PATH"]})
    cluster = Cluster(office.SETTINGS)
    try:
        return desk.run(cluster, WORK / "desk", BUILD / "tests/bench/desk_load", cpu_of, say, args.runs)
    finally:
        cluster.destroy()


# ---- idle ----

def bench_idle(args):
    cluster = Cluster(DURABLE)
    bare = yardstick("footprint")
    try:
        database = cluster.create()
        config = Config(WORK / "idle", database.conninfo)
        config.brand("bench")
        config.account("quiet", "mastodon", "http://127.0.0.1:9", brand="bench", listen=["search:#x"], every="1h")
        migrate(config)
        processes = {"answerd": start("answerd", config, WORK / "idle.log"), "answerd-desk": start("answerd-desk", config, WORK / "idle.log")}
        env = {**os.environ, "PGHOST": str(cluster.folder), "PGPORT": str(cluster.port), "PGUSER": "postgres", "PGDATABASE": database.name}
        if bare:
            processes["footprint"] = subprocess.Popen([str(bare), "5"], env=env)
        time.sleep(3)
        before = {k: cpu_of(p.pid) for k, p in processes.items()}
        time.sleep(12)
        rss = {k: memory_of(p.pid) for k, p in processes.items()}
        cpu = {k: (cpu_of(p.pid) - before[k]) / 12 for k, p in processes.items()}
        for process in processes.values():
            stop(process)
    finally:
        cluster.destroy()
    good = True
    for name in ("answerd", "answerd-desk"):
        ratio = rss[name] / rss["footprint"] if bare else float("nan")
        good = good and not ratio > 1.5
        say(f"idle: {name} {rss[name] / 1024:.1f} MB resident, {ratio:.2f} × the bare libraries (goal ≤ 1.5), {cpu[name] * 1e6:.0f} µs CPU a second")
    return good


def main():
    benches = {"path": bench_path, "repeats": bench_repeats, "queue": bench_queue, "sources": bench_sources, "scan": bench_scan, "replies": bench_replies,
               "page": bench_page, "desk": bench_desk, "idle": bench_idle}
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--messages", type=int, default=10_000_000)
    parser.add_argument("--seconds", type=int, default=120)
    args = parser.parse_args()
    for name in args.names:
        if name not in benches:
            sys.exit(f"there is no bench '{name}'; one of {', '.join(benches)}")
    subprocess.run([str(ROOT / "run"), "build"], check=True)
    programs()
    WORK.mkdir(parents=True, exist_ok=True)
    missed = [name for name in args.names or benches if not benches[name](args)]
    if missed:
        say(f"missed: {', '.join(missed)}")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
