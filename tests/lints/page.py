"""What must not stand in the page's modules: markup made from strings, code made from strings, markup's own style; words of one language
only, or that nobody uses; over-long files; places that the desk does not know. Prints each with file and line; exit 1 on any."""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEB = ROOT / "daemon" / "desk" / "web"
BANNED = re.compile(r"\b(innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|srcdoc|createContextualFragment|DOMParser|setHTMLUnsafe)\b|"
                    r"\bdocument\.write|\beval\s*\(|\bnew Function\b|\bsetTimeout\(\s*[\"'`]|\bjavascript:|<[a-z][^>\n]*\sstyle=|\son[a-z]+=[\"']")
MAX_LINES = 600
OTHERS = {"worker_never", "worker_away", "alerts_lost", "recovery", "totp"}  # codes of other things: watch.not_CODE; how somebody proved who they are
PREFIX = re.compile(r"`([a-z0-9]+\.[a-z0-9_]*)\$\{")


def words(web, language):
    """Key → text or {form: text}, as the page itself reads it; keys that stand in two files."""
    files = sorted((web / "lang" / language).glob("*.js"))
    code = "".join(f"import p{n} from {json.dumps(path.as_uri())};" for n, path in enumerate(files))
    code += f"import whole from {json.dumps((web / 'lang' / (language + '.js')).as_uri())};"
    code += "console.log(JSON.stringify([whole, [" + ", ".join(f"p{n}" for n in range(len(files))) + "]]));"
    # Without a package.json of type module beside them, node says so on stderr.
    done = subprocess.run(["node", "--input-type=module", "--experimental-default-type=module", "-e", code], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return {}, [f"lang/{language}: {done.stderr.strip()[-500:]}"]
    whole, parts = json.loads(done.stdout)
    keys = [key for part in parts for key in part]
    found = [f"lang/{language}: {key} stands in two files" for key in sorted({key for key in keys if keys.count(key) > 1})]
    found += [f"lang/{language}: {key} has no text for other numbers" for key, text in whole.items() if isinstance(text, dict) and "other" not in text]
    found += [f"lang/{language}.js does not join the file of {key}" for key in sorted(set(keys) - set(whole))]
    return whole, found


def holes(text):
    """The names in braces, in any of its forms."""
    return {name for form in (text.values() if isinstance(text, dict) else [text]) for name in re.findall(r"\{(\w+)\}", form)}


def look(web):
    found = []
    code = ""
    for path in sorted(web.rglob("*.js")):
        here, text = path.relative_to(ROOT), path.read_text(encoding="utf-8")
        if text.count("\n") > MAX_LINES:
            found.append(f"{here}: over {MAX_LINES} lines it wants to be two files")
        if path.parts[-3] == "lang":
            continue
        bare = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)
        code += bare
        for number, line in enumerate(bare.split("\n"), 1):
            if BANNED.search(line):
                found.append(f"{here}:{number}: {BANNED.search(line).group().strip()} is banned (RELIABILITY S7)")
    for path in [web / "index.html"]:
        if re.search(r"<style|\sstyle=|<script(?! (type=\"module\" )?src=)|\son\w+=", path.read_text(encoding="utf-8")):
            found.append(f"{path.relative_to(ROOT)}: inline script or style")
    # Who reloads there, or follows a link, asks the desk for it.
    served = set(re.findall(r'"(\w+)"', re.search(r"\bplaces\[\] = \{(.*?)\}", (web.parent / "static.c").read_text(encoding="utf-8"), re.S)[1]))
    found += [f"{(web / 'app.js').relative_to(ROOT)}: daemon/desk/static.c does not know the place /{place}"
              for place in re.findall(r'path: "/(\w+)', (web / "app.js").read_text(encoding="utf-8")) if place not in served]
    en, more = words(web, "en")
    de, again = words(web, "de")
    found += more + again
    found += [f"lang/de: {key} is missing" for key in sorted(set(en) - set(de))] + [f"lang/en: {key} is missing" for key in sorted(set(de) - set(en))]
    found += [f"{key}: en has {sorted(holes(en[key]))}, de has {sorted(holes(de[key]))}" for key in sorted(set(en) & set(de)) if holes(en[key]) != holes(de[key])]
    strings = set(re.findall(r"[\"'`]([a-z0-9]+\.[a-z0-9_.]+)[\"'`]", code))
    prefixes = tuple(PREFIX.findall(code))
    found += [f"lang: nobody says {key}" for key in sorted(en) if key not in strings and not (prefixes and key.startswith(prefixes))]
    used = set(re.findall(r"\bt\(\s*[\"']([a-z0-9_.]+)[\"']", code)) | set(re.findall(r"\bname: [\"']([a-z0-9]+\.[a-z0-9_.]+)[\"']", code)) \
        | set(re.findall(r"\bgroup: [\"']([a-z0-9]+\.[a-z0-9_.]+)[\"']", code))
    used |= {f"problem.{code}" for code in codes()}
    found += [f"lang: there are no words for {key}" for key in sorted(used - set(en))]
    found += [f"lang: no sentence of the desk is called {key}" for key in sorted(en) if key.startswith("problem.") and not key.startswith("problem.status_") and key not in used]
    return found + phrases(en)


def phrases(en):
    """What the desk says in parts (store/rules/08_said.sql): every code is made somewhere, and has words; their holes are the ones that are filled."""
    rules = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "daemon" / "store" / "rules").glob("*.sql"))}
    own = rules.pop("08_said.sql")
    listed = re.findall(r"^\t\twhen '([a-z_]+)' then '((?:[^']|'')*)'$", own, re.M)
    said, made = dict(listed), set(re.findall(r'"code": "([a-z_]+)"', "".join(rules.values()))).union(*map(given, rules.values())) | {"words"}
    found = [f"08_said.sql: there are no words for {code}" for code in sorted(made - set(said) - OTHERS)]
    # What programs say whole.
    c = re.sub(r'"\s*\n\s*"', "", "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "daemon").rglob("*.c"))))
    c = re.sub(r"%(lld|\.\*s|[sd])", "{}", c)
    whole = set(re.findall(r"'([a-z_]+)'", "".join(re.findall(r"unnest\(array\[(.*?)\]", own, re.S)))) | {"let_in"}
    made |= {code for code in whole if '"' + re.sub(r"\{\w+\}", "{}", said.get(code, "\0").replace("''", "'")) + '"' in c}
    found += [f"08_said.sql: {code} stands there twice" for code in sorted({c for c, _ in listed if [x for x, _ in listed].count(c) > 1})]
    found += [f"08_said.sql: nobody says {code}" for code in sorted(set(said) - made)]
    found += [f"lang: there are no words for said.{code}" for code in sorted(said) if f"said.{code}" not in en]
    found += [f"lang: no phrase of the desk is called {key}" for key in sorted(en) if key.startswith("said.") and key[5:] not in said]
    found += [f"lang: said.{code} has {sorted(holes(en['said.' + code]) - filled(text))}, which its parts have not" for code, text in sorted(said.items())
              if holes(en.get("said." + code, "")) - filled(text)]
    shapes = json.loads((ROOT / "daemon" / "desk" / "answers" / "conversation.json").read_text(encoding="utf-8"))["shapes"]
    words_of = {f"{shape.lower()}.{value}" for shape in ("Kind", "Nature") for value in shapes[shape].split("|")}
    return found + [f"lang: there are no words for {key}" for key in sorted(words_of - set(en))]


def given(sql):
    """The codes that are put into parts: 'code', 'NAME' or 'code', case … then 'NAME' … end; phrase(…) likewise."""
    found = set()
    for start in re.finditer(r"(?<!> )'code', |\bphrase\(", sql):
        rest = sql[start.end():]
        if plain := re.match(r"'([a-z_]+)'", rest):
            found.add(plain[1])
        elif rest.startswith("case"):
            depth, at = 0, 0
            for word in re.finditer(r"\b(case|end)\b", rest):
                depth += 1 if word[1] == "case" else -1
                at = word.end()
                if depth == 0:
                    break
            found |= set(re.findall(r"(?:then|else) '([a-z_]+)'", rest[:at]))
    return found


def filled(text):
    """The names in the braces of an English phrase."""
    return set(re.findall(r"\{(\w+)", text))


def imports(web):
    """A name that is imported is exported there, and used: browsers say so only when they come to it."""
    files = {path.resolve(): path.read_text(encoding="utf-8") for path in sorted(web.rglob("*.js")) if not {"lang", "node_modules"} & set(path.parts)}
    exported = {path: set(re.findall(r"export (?:async )?(?:function|const|let|class) (\w+)", text)) | {
        name.split()[-1] for names in re.findall(r"export (?:const )?\{([^}]*)\}", text) for name in names.split(",") if name.strip()} for path, text in files.items()}
    found = []
    for path, text in files.items():
        rest = re.sub(r"import .*? from .*?;", "", text)
        for names, source in re.findall(r'import \{([^}]*)\} from "([^"]+)"', text):
            there = exported.get((path.parent / source).resolve())
            for name in filter(None, map(str.strip, names.split(","))):
                if there is not None and name.split()[0] not in there:
                    found.append(f"{path.name}: {source} exports no {name.split()[0]}")
                if not re.search(rf"\b{name.split()[-1]}\b", rest):
                    found.append(f"{path.name}: imports {name.split()[-1]} and does not use it")
                if re.search(rf"\b(?:const|let) (?:\[|\{{ )?{name.split()[-1]}\b", rest):
                    found.append(f"{path.name}: imports {name.split()[-1]} and calls something else so, too")
    return found


def codes():
    """Names of the desk's sentences that a person at the page may meet."""
    sql = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "daemon" / "store" / "rules").glob("*.sql")))
    c = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "daemon" / "desk").glob("*.c")))
    calls = "".join(re.findall(r"(?:refuse_as|end_refused)\([^;]*;", c))
    return set(re.findall(r"refuse_as\('AN\d+', '([a-z_]+)'", sql)) | set(re.findall(r'"([a-z_]+)"', calls))


def main():
    found = look(WEB) + imports(WEB)
    print("\n".join(found) or "The page has all its words, and no markup made from strings.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
