"""Writes answerd's configuration (DESIGN §6, libconfig syntax)."""
import pathlib
import shutil


def quote(text):
    """A libconfig string."""
    out = []
    for ch in text:
        out.append({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(ch, ch))
    return '"' + "".join(out) + '"'


def value(thing):
    """Strings, numbers, bools, lists of scalars (arrays), other lists (lists), dicts (groups)."""
    if isinstance(thing, bool):
        return "true" if thing else "false"
    if isinstance(thing, (int, float)):
        return str(thing)
    if isinstance(thing, str):
        return quote(thing)
    if isinstance(thing, dict):
        return "{ " + " ".join(f"{k} = {value(v)};" for k, v in thing.items()) + " }"
    inner = ", ".join(value(v) for v in thing)
    return f"( {inner} )" if any(isinstance(v, (dict, list)) for v in thing) else f"[{inner}]"


class Config:
    """A configuration file that tests change and write again."""

    def __init__(self, folder, conninfo):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.folder / "answerd.conf"
        self.socket = self.folder / "desk.sock"
        self.conninfo = conninfo
        self.brands, self.policies, self.channels, self.oidc = {}, [], {}, {}
        self.health, self.desk = {}, {}

    def brand(self, name="acme", **options):
        return self.brands.setdefault(name, {"timezone": "UTC", **options, "accounts": {}})

    def account(self, name, platform, server, token=None, brand="acme", **options):
        """One account; the token goes into a file of its own."""
        account = {"platform": platform, "server": server, "insecure_loopback": True, "every": "1s"}
        if token is not None:
            secret = self.folder / f"{name}.token"
            secret.write_text(token + "\n", encoding="utf-8")
            secret.chmod(0o600)
            account["token"] = f"file:{secret}"
        account.update(options)
        self.brand(brand)["accounts"][name] = {k: v for k, v in account.items() if v is not None}
        return self

    def text(self):
        desk = {"listen": [str(self.socket)], **self.desk}
        parts = [f"database = {value(self.conninfo)};", f"desk = {value(desk)};", f"brands = {value(self.brands)};"]
        if self.policies:
            parts.append(f"policies = {value(self.policies)};")
        if self.channels:
            parts.append(f"channels = {value(self.channels)};")
        if self.oidc:
            parts.append(f"oidc = {value(self.oidc)};")
        if self.health:
            parts.append(f"health = {value(self.health)};")
        return "\n".join(parts) + "\n"

    def write(self):
        """At once, whole: a program that just starts may be reading it."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text(self.text(), encoding="utf-8")
        if self.path.exists():
            shutil.copymode(self.path, fresh)
        fresh.replace(self.path)
        return self.path
