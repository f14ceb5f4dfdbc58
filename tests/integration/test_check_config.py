"""`answerd check-config`: every option, broken in every way that its type allows, is named with file, line and remedy; so is a secret."""
import json
import os
import re
import subprocess

import pytest

from rig.place import REPO, program

# What a person can do about it stands behind the last colon or semicolon.
REMEDY = re.compile(r"(?:[:;] |, or )(?:write|remove|add|give|see|did you mean|save|there are|it must be|letters|rename|make|put|at most|at least)|it must be between|"
                    r"write https|write it|lists them|is missing: [A-Za-z]|without quotes|answerd\.conf\(5\)|add port|is followed by|has the sources")
FULL = """database = "host=/run/postgresql dbname=answerd";
nature = "FOLDER/nature.words";
desk = {
  listen = ["/run/answerd/desk.sock", "127.0.0.1:8700"];
  hosts = ["inbox.example"];
  trusted_proxies = ["127.0.0.1"];
  require_totp = ["admin", "lead"];
  lease = "8h";
  undo = "10s";
  staff_reports = false;
};
brands = { acme = {
  timezone = "Europe/London";
  hours = ["Mon-Fri 09:00-17:00"];
  holidays = "FOLDER/days.ics";
  businesses = ["rival"];
  sign = false;
  approval = false;
  repeat_limit = 3;
  accounts = { acme_social = {
    platform = "mastodon";
    server = "https://social.example";
    token = "file:FOLDER/token";
    listen = ["search:#acme"];
    every = "60s";
    history = "30d";
    settle = "30s";
    monthly_reads = 100000;
    monthly_usd = 100;
    max_per_host = 2;
    insecure_loopback = false;
  }; };
}; };
policies = ( {
  name = "direct";
  kinds = ["direct"];
  natures = ["complaint"];
  audience = "to_us";
  brands = ["acme"];
  warn = "45m";
  first = "1h";
  next = "2h";
  stop = "20h";
  clock = "office";
  notify = ["care"];
  escalate = ["owner"];
} );
channels = { care = {
  type = "smtp";
  server = "smtps://mail.example";
  user = "answerd";
  password = "file:FOLDER/token";
  from = "answerd@shop.example";
  to = ["care@shop.example"];
  group_interval = "30s";
  timezone = "Europe/London";
  quiet = ["Mon-Fri 22:00-23:00"];
}; owner = {
  type = "webhook";
  url = "https://hooks.example/x";
  secret = "file:FOLDER/token";
  other_secret = "file:FOLDER/token";
  port = 443;
  allow_private = false;
  insecure_loopback = false;
}; crm = {
  type = "webhook";
  url = "https://crm.example/x";
  events = ["wait"];
}; };
oidc = { sso = {
  label = "Acme";
  issuer = "https://login.example/tenant/";
  client_id = "answerd";
  secret = "file:FOLDER/token";
  page = "https://inbox.example";
  claim = "email";
  match = "email";
  trust_email = false;
  unknown = "refuse";
  scopes = "email profile";
  port = 443;
  allow_private = false;
  insecure_loopback = false;
}; };
health = {
  notify = ["owner"];
  escalate = ["owner"];
  repeat = "1h";
  silent_after = "6h";
  heartbeat = {
    channel = "owner";
    every = "5m";
  };
};
"""
WRONG = {"IS_TEXT": ["7", '""'], "IS_TEXTS": ["7", '"x"', "[7]"], "IS_DUR": ["8", '"soon"', '"99999w"'], "IS_NUMBER": ['"2"', "-1", "99999999"],
         "IS_BOOL": ['"yes"', "1"], "IS_REFERENCE": ["7", '"s3cret"'], "IS_GROUP": ["5", "[1]"], "IS_GROUPS": ["5", "[1]"], "IS_LIST": ["5", "{ x = 1; }"]}
# Values of the right type that mean nothing.
SENSELESS = {"database": ['"host"'], "desk.listen": ['["nowhere"]', '["127.0.0.1:99999"]'], "desk.hosts": ['["a b"]'], "desk.trusted_proxies": ['["proxy"]'], "desk.require_totp": ['["boss"]', '"admin"'],
             "brands.timezone": ['"Europe/Nowhere"', '"../etc"'], "brands.hours": ['["9 to 5"]', '["Mon-Fri 25:00-26:00"]'],
             "accounts.platform": ['"mastodom"', '"zzz"'], "accounts.server": ['"http://social.example"', '"social"', '"https://x.example/?a"'],
             "accounts.listen": ['["search:"]', '["mentions", "mentions"]', '["nonsense"]'], "policies.name": ['"a b"'], "policies.kinds": ['["letter"]'],
             "policies.natures": ['["anger"]'], "policies.audience": ['"all"'], "policies.brands": ['["nobody"]'], "policies.warn": ['"2h"'],
             "policies.stop": ['"30m"'], "policies.clock": ['"moon"'], "policies.notify": ['["nobody"]'], "policies.escalate": ['["nobody"]'],
             "channels.type": ['"pigeon"'], "channels.server": ['"mail"'], "channels.from": ['"me"'], "channels.to": ['["you"]'],
             "channels.url": ['"hooks"', '"http://hooks.example/"', '"https://hooks.example:99/"'], "health.notify": ['["nobody"]'], "health.escalate": ['["nobody"]'],
             "channels.timezone": ['"Europe/Nowhere"'], "channels.quiet": ['["nights"]'],
             "heartbeat.channel": ['"nobody"'], "oidc.issuer": ['"login"', '"http://login.example"', '"https://login.example?x"', '"https://login.example:99"'],
             "oidc.page": ['"inbox"', '"http://inbox.example"', '"https://inbox.example/x"', '"https://other.example"'], "oidc.match": ['"name"'],
             "oidc.unknown": ['"admin"'], "oidc.scopes": ['"a\\\\b"']}


def options():
    """(section, name, type, is it required) of the option table."""
    table = (REPO / "daemon" / "conf" / "conf_options.c").read_text(encoding="utf-8")
    found = re.findall(r'\{ IN_(\w+), "(\w+)", (IS_\w+), (?:NULL|"(?:[^"\\]|\\.)*"),[^{]*?, (true|false), (true|false)\s*,', table)
    assert len(found) == len(re.findall(r"\{ IN_\w+,", table)) > 40
    return [(s.lower(), n, t, r == "true") for s, n, t, r, _ in found]


PLACES = {"desk": "desk", "brands": "brand", "accounts": "account", "policies": "policy", "channels": "channel", "health": "health", "heartbeat": "heartbeat", "oidc": "oidc"}


def lines_of(folder):
    """The full file as lines, and where each (section, name) stands in it."""
    lines = FULL.replace("FOLDER", str(folder)).splitlines()
    sections, where = ["top"], {}
    for number, line in enumerate(lines):
        if re.match(r"^\}; (owner|crm)", line):
            continue
        for match in re.finditer(r"(\w+) = (\{|\( \{)?|\}", line):
            name = match.group(1)
            if name is None:
                continue
            section = sections[-1]
            if name in ("acme", "acme_social", "care", "sso"):
                sections.append({"acme": "brand", "acme_social": "account", "care": "channel", "sso": "oidc"}[name])
                continue
            where.setdefault((section, name), number)
            if match.group(2):
                sections.append({"desk": "desk", "brands": "brands", "accounts": "accounts", "policies": "policy", "channels": "channels", "health": "health",
                                 "heartbeat": "heartbeat", "oidc": "services"}[name])
        for _ in re.findall(r"\}", line):
            sections.pop()
    where.update({("channel", n): next(i for i, text in enumerate(lines) if text.startswith(f"  {n} = ")) for n in ("url", "secret", "other_secret", "port", "allow_private", "events")})
    return lines, where


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "token").write_text("secret\n", encoding="utf-8")
    (tmp_path / "token").chmod(0o600)
    (tmp_path / "nature.words").write_text((REPO / "daemon" / "base" / "nature.words").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "days.ics").write_text("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n", encoding="utf-8")
    return tmp_path


def check(folder, lines):
    """(exit code, the error lines)"""
    path = folder / "answerd.conf"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = subprocess.run([program("answerd"), "check-config", "--config", str(path)], capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, [line for line in done.stderr.splitlines() if line.startswith("error: ")]


def complaint(folder, lines, number, what):
    """None, when one of the errors names this line (number None: any) and every error names the file and a remedy."""
    code, errors = check(folder, lines)
    if code != 2 or not errors:
        return f"{what}: accepted"
    path = re.escape(str(folder / "answerd.conf"))
    for error in errors:
        if not re.match(rf"error: {path}(:\d+)?: ", error) or not REMEDY.search(error):
            return f"{what}: no line or remedy: {error}"
    if number is not None and not any(error.startswith(f"error: {folder / 'answerd.conf'}:{number + 1}: ") for error in errors):
        return f"{what}: {errors}, wanted line {number + 1}"
    return None


def test_the_full_file_is_fine(folder):
    assert check(folder, lines_of(folder)[0]) == (0, [])


def test_every_option_broken_in_every_way(folder):
    """Another type, out of bounds, empty, misspelt, left out though it must be there, of no sense."""
    lines, where = lines_of(folder)
    left, said = [], []
    groups = {("top", "desk"), ("top", "brands"), ("top", "policies"), ("top", "channels"), ("top", "health"), ("top", "oidc"), ("brand", "accounts"), ("health", "heartbeat")}
    for section, name, kind, is_required in options():
        if (section, name) in groups:
            for wrong in WRONG[kind]:
                bare = ['database = "dbname=answerd";']
                at = {"top": f"{name} = {wrong};", "brand": f"brands = {{ acme = {{ {name} = {wrong}; }}; }};", "health": f"health = {{ {name} = {wrong}; }};"}[section]
                said.append(complaint(folder, [*bare, at], 1, f"{section}.{name} = {wrong}"))
            continue
        if (section, name) not in where:
            left.append((section, name))
            continue
        number = where[(section, name)]
        senseless = SENSELESS.get(f"{next((k for k, v in PLACES.items() if v == section), '')}.{name}".lstrip("."), [])
        for wrong in WRONG[kind] + senseless:
            changed = list(lines)
            changed[number] = re.sub(rf"\b{name} = .*;", lambda _, w=wrong: f"{name} = {w};", lines[number], count=1)
            said.append(complaint(folder, changed, number, f"{section}.{name} = {wrong}"))
        changed = list(lines)
        changed[number] = re.sub(rf"\b{name} = ", f"{name}x = ", lines[number], count=1)
        # Without a platform nobody knows what belongs to it.
        said.append(complaint(folder, changed, number if name != "platform" else None, f"{section}.{name}x"))
        if is_required:
            changed = list(lines)
            changed[number] = ""
            said.append(complaint(folder, changed, None, f"{section}.{name} left out"))
    assert len(said) > 150 and not [x for x in said if x is not None], "\n".join(x for x in said if x is not None)
    assert not left, f"not in the file above: {left}"


def test_a_secret_that_cannot_be_read(folder):
    """The worker does not start, and says which option of which line wants which file."""
    lines, where = lines_of(folder)
    name, number = "token", where[("account", "token")]
    (folder / "answerd.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for content in (None, "", "two\nlines\n"):
        if content is None:
            (folder / name).unlink()
        else:
            (folder / name).write_text(content, encoding="utf-8")
        done = subprocess.run([program("answerd"), "--config", str(folder / "answerd.conf")], capture_output=True, text=True, timeout=30, check=False)
        said = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert done.returncode == 2 and len(said) == 1
        assert said[0].startswith(f"error: {folder / 'answerd.conf'}:{number + 1}: brands.acme.accounts.acme_social.token: ") and REMEDY.search(said[0]), said


def test_a_network_that_is_gone_is_refused_in_the_words_of_platforms(folder):
    """Each dead network names its date and a connector that is here; check-config says exactly that, at the line."""
    said = json.loads(subprocess.run([program("answerd"), "platforms", "--json"], capture_output=True, text=True, timeout=30, check=True).stdout)
    dead = {p["name"]: p for p in said if p["status"] == "dead"}
    live = {p["name"] for p in said if p["status"] == "live"}
    lines, where = lines_of(folder)
    number = where[("account", "platform")]
    assert set(dead) == {"google+", "digg", "delicious", "stumbleupon"} and not live & set(dead)
    for name, platform in dead.items():
        assert re.search(r"\b20[01]\d\b", platform["fate"]) and platform["heirs"] and set(platform["heirs"]) <= live
        assert all(f'"{heir}"' in platform["fate"] for heir in platform["heirs"]) and platform["can"]["hears"] == [] and not platform["can"]["reply"]
        for written in (name, name.title()):
            changed = list(lines)
            changed[number] = lines[number].replace('"mastodon"', f'"{written}"')
            code, errors = check(folder, changed)
            assert code == 2 and errors[0] == f"error: {folder / 'answerd.conf'}:{number + 1}: {platform['fate']}", errors
    text = subprocess.run([program("answerd"), "platforms"], capture_output=True, text=True, timeout=30, check=True).stdout
    assert all(p["fate"] in " ".join(text.split()) for p in dead.values())


def test_what_cannot_be_written_out_is_no_success(folder):
    """A full disk below `answerd platforms > file` is said, and the exit status is not 0."""
    (folder / "poll").write_text("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Answerd-Source: mentions\r\n\r\n[{}]", encoding="utf-8")
    for words in (["platforms"], ["platforms", "--json"], ["digest", "mastodon", "poll", str(folder / "poll")]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([program("answerd"), *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
        assert done.returncode == 1 and "could not be written out: No space left" in done.stderr, (words, done)


def test_a_recording_without_an_end_is_refused():
    """answerd digest reads as much as an answer may have, and no more."""
    done = subprocess.run([program("answerd"), "digest", "x", "poll", "/dev/zero"], capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 2 and re.search(r"/dev/zero is over \d+ bytes", done.stderr), done


@pytest.mark.parametrize("columns", (None, 50, 200))
def test_platforms_fit_the_terminal(columns):
    """Nothing is lost, and nothing wider than a line of the terminal; 80 columns where there is none."""
    environment = {k: v for k, v in os.environ.items() if k != "COLUMNS"} | ({"COLUMNS": str(columns)} if columns else {})
    text = subprocess.run([program("answerd"), "platforms"], capture_output=True, text=True, timeout=30, check=True, env=environment).stdout
    lines = text.splitlines()
    widest = max(map(len, lines))
    assert (columns or 80) - 15 < widest <= (columns or 80), [line for line in lines if len(line) == widest]
    assert all(line[0] != " " or line.startswith(" " * 13) for line in lines)
    said = json.loads(subprocess.run([program("answerd"), "platforms", "--json"], capture_output=True, text=True, timeout=30, check=True).stdout)
    flat = " ".join(text.split())
    assert all(" ".join(p["about"].split()) in flat for p in said if p["status"] == "live")


MAILBOX = """database = "dbname=answerd";
brands = { acme = { accounts = { post = {
  platform = "mail";
  server = "imaps://mail.example";
  token = "file:FOLDER/token";
  address = "help@shop.example";
  smtp = "smtps://mail.example";
}; }; }; };
"""


def test_a_mailbox_is_judged(folder):
    """What would only be found when the first answer goes out is said before: with the line, and what to write instead."""
    lines = MAILBOX.replace("FOLDER", str(folder)).splitlines()
    assert check(folder, lines) == (0, [])
    for good in ("smtp://mail.example", "smtps://mail.example:2465", "smtp://127.0.0.1:587"):
        assert check(folder, [line.replace("smtps://mail.example", good) for line in lines]) == (0, [])
    wrong = {
        'smtp = "smtps://mail.example"': ['smtp = "mail.example"', 'smtp = "https://mail.example"', 'smtp = "imaps://mail.example"',
                                          'smtp = "smtps://mail.example:25"', 'smtp = "smtps://u:p@mail.example"', 'smtp = "smtps://"',
                                          'smtp = "smtps://mail.example/inbox"', 'smtp = "smtps://mail example"', 'smtp = "smtps://mail.example:x"'],
        'address = "help@shop.example"': ['address = "shop.example"', 'address = "Shop <help@shop.example>"', 'login = "oauth"; address = "a@b.example"',
                                          'sent_copy = "maybe"; address = "a@b.example"', 'tenant = "a/b"; address = "a@b.example"'],
    }
    said = [complaint(folder, [line.replace(right, bad) for line in lines], next(i for i, line in enumerate(lines) if right in line), bad)
            for right, many in wrong.items() for bad in many]
    assert not [x for x in said if x is not None], said
    code, errors = check(folder, [line.replace('"smtps://mail.example"', '"mail.example"') for line in lines])
    assert code == 2 and '"smtps://mail.example"' in errors[0], errors


@pytest.mark.parametrize("platform", ("mastadon", "fnord"))
def test_what_is_wrong_is_said_under_an_unknown_platform_too(folder, platform):
    """One round less: what does not depend on the platform is judged beside it."""
    lines, where = lines_of(folder)
    lines[where["account", "platform"]] = f'    platform = "{platform}";'
    lines[where["account", "every"]] = '    every = "soon"; evry = "60s"; smpt = "smtps://mail.example"; imapx = 1;'
    lines[where["account", "token"]] = '    token = "s3cret";'
    code, errors = check(folder, lines)
    assert code == 2
    for what in (f"'{platform}'", "every", "evry is unknown", "smpt is unknown", "imapx is unknown", "token"):
        assert any(what in error for error in errors), (what, errors)
    assert not [error for error in errors if "automatic" in error], "an option that some platform has is none of the wrong ones"
