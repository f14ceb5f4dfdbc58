/* Words of others: cleaned, cut, with links and marks as parts, never as markup. */
import "./browser.mjs";
import test from "node:test";
import assert from "node:assert/strict";
import { brief, clean, firstSeen, languageOf, linkTo, links, marks, within } from "./lib/text.js";

test("what cannot be seen is not shown", () => {
	assert.equal(clean("a\u202eb\u200bc\u0000d\u001be\ufeff"), "abcde");
	assert.equal(clean("👩\u200d👧 नमस्\u200dते"), "👩\u200d👧 नमस्\u200dते", "joiners that scripts need are left");
	assert.equal(clean(null), "");
	assert.equal(clean("a\u3164\u061c\u034f\u{e0041}b"), "ab");
	assert.equal(clean("\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}"), "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}", "the flag of England");
});

test("marks stand on their letter, not on other people's lines", () => {
	assert.equal(clean("a" + "\u0301".repeat(400) + "b"), "a" + "\u0301".repeat(6) + "b");
	assert.equal(clean("क्ष्म्य"), "क्ष्म्य");
});

test("in a sentence of ours words of others turn nothing around", () => {
	assert.equal(within("Ann"), "Ann");
	assert.equal(within("\u202eנועה\u2069"), "\u2068נועה\u2069");
});

test("nobody is without a name", () => {
	assert.equal(firstSeen("\u200b\u3164 ", null, "@ann"), "@ann");
	assert.equal(firstSeen("", undefined), "");
	assert.equal(firstSeen("\u202eeve"), "eve");
});

test("only a language is one", () => {
	assert.equal(languageOf("pt-BR"), "pt-BR");
	assert.equal(languageOf("en\" onclick=x"), undefined);
	assert.equal(languageOf(null), undefined);
});

test("a line is cut between characters", () => {
	assert.equal(brief("  a \n\n b  "), "a b");
	assert.equal(brief("👩👩👩👩", 3), "👩👩…");
});

test("links lead to http and https only, and say where", () => {
	assert.deepEqual(links("see https://example.org/a?b=1, or (http://x.example)."), [
		{ text: "see " }, { text: "https://example.org/a?b=1", href: "https://example.org/a?b=1", host: "example.org" }, { text: ", or (" },
		{ text: "http://x.example", href: "http://x.example/", host: "x.example" }, { text: ")." }]);
	assert.equal(linkTo("https://аррӏе.com/").host, "xn--80ak6aa92e.com", "the real name, in ASCII");
	for (const bad of ["javascript:alert(1)", "data:text/html,x", "https://user:pass@evil.example/", "file:///etc/passwd", "https://", "vbscript:x", "//x"]) {
		assert.equal(linkTo(bad), null, bad);
	}
	assert.deepEqual(links("javascript:alert(1) <img src=x onerror=alert(1)>"), [{ text: "javascript:alert(1) <img src=x onerror=alert(1)>" }]);
});

test("empty lines are no wall", () => {
	assert.deepEqual(links("a" + "\n ".repeat(500) + "\nb"), [{ text: "a\n\n\nb" }]);
});

test("marks of the desk are parts", () => {
	assert.deepEqual(marks("a \u0002b\u0003 c"), [{ text: "a ", isMarked: false }, { text: "b", isMarked: true }, { text: " c", isMarked: false }]);
	assert.deepEqual(marks("\u0003x\u0002"), [{ text: "x", isMarked: false }]);
});
