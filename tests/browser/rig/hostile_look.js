/* Judges what a page has made of hostile texts. arguments[0]: which boxes each keep their words within. Returns { findings, words }. */
const [boxes] = arguments;
const TAGS = new Set(("html head meta link script title body div span p a bdi b strong h1 h2 h3 h4 ul ol li dl dt dd time kbd mark nav main header footer section aside article figure figcaption form fieldset legend label input "
	+ "textarea select option button dialog details summary table caption thead tbody tr th td svg path rect line circle g text defs pattern canvas hr code noscript").split(" "));
const ATTRIBUTES = /^(class|id|title|dir|lang|role|hidden|aria-[a-z]+|data-(id|reply|alert|title|look)|tabindex|type|value|checked|selected|disabled|readonly|required|name|href|rel|target|download|datetime|for|min|max|maxlength|rows|cols|width|height|placeholder|autocomplete|autocapitalize|spellcheck|autofocus|multiple|step|open|scope|colspan|charset|content|src|style|viewBox|d|fill|stroke|stroke-[a-z]+|x|y|x1|x2|y1|y2|cx|cy|r|rx|patternUnits|patternTransform|text-anchor|transform|xmlns|media|color|sizes|as|crossorigin|accept)$/;
const NAMES = /^(app|content|pane|person|box-count|watch-[a-z]+|audit-[a-z]+|d[0-9a-z]{4,}|bar-(list|\d+)|hatch|cross|who|login|name|role|current|fresh|twice|scope|days|viewport|color-scheme|referrer|robots)$/;
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2067\u206a-\u206f\ufeff\ufff9-\ufffb]/u;
const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/u;
const MANY = /\p{M}{9}/u;
const findings = [];
const name = (e) => `${e.localName}${e.className?.baseVal === undefined && e.className ? "." + String(e.className).trim().replace(/\s+/g, ".") : ""}`;
const show = (text) => JSON.stringify(text.length > 60 ? text.slice(0, 60) + "…" : text).replace(/[^\x20-\x7e]/g, (c) => "\\u" + c.codePointAt(0).toString(16));
function say(what, e, more = "") {
	if (findings.length < 60) {
		findings.push(`${what}: ${name(e)} in ${e.parentElement ? name(e.parentElement) : "-"} ${more}`);
	}
}

for (const d of document.querySelectorAll("details")) {
	d.open = true;
}
if (window.length > 0) {
	findings.push("there is a frame");
}
for (const e of document.querySelectorAll("*")) {
	if (!TAGS.has(e.localName)) {
		say("an element that no page makes", e);
	}
	for (const a of e.attributes) {
		if (!ATTRIBUTES.test(a.name)) {
			say("an attribute that no page makes", e, a.name);
		} else if (HIDDEN.test(a.value)) {
			say(`unseen characters in ${a.name}`, e, show(a.value));
		}
	}
	if (e.id && !NAMES.test(e.id) || e.hasAttribute("name") && !NAMES.test(e.getAttribute("name"))) {
		say("a name that no page gives", e, show(e.id || e.getAttribute("name")));
	}
	if (e.localName === "script" && !e.src.startsWith(location.origin + "/static/") || e.localName === "link" && !e.href.startsWith(location.origin + "/static/")) {
		say("not from here", e, e.src ?? e.href);
	}
	if (e.localName === "a" && e.hasAttribute("href")) {
		const url = e instanceof HTMLAnchorElement ? e : { protocol: "svg" };
		if (url.protocol !== "http:" && url.protocol !== "https:") {
			say("a link that runs", e, show(e.getAttribute("href")));
		} else if (url.origin !== location.origin && !(e.target === "_blank" && ["noopener", "noreferrer", "nofollow"].every((r) => e.rel.split(" ").includes(r)))) {
			say("a link that tells where it came from", e, show(e.href));
		} else if (url.origin === location.origin && !/^\/(api\/v1\/|conversation\/\d+|customer\/|watch|reports|staff|audit|settings|search)?([?#]|$|[a-z])/.test(url.pathname + url.search)) {
			say("a link within the page that no page makes", e, show(e.href));
		}
	}
}

/* Words: nothing unseen in them, their direction kept to themselves, and all of them where they belong. */
const view = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const clips = new Map();
function isKept(node) {
	const text = node.data.replace(/\u2068[^\u2068\u2069]*\u2069/gu, "");
	if (!RTL.test(text)) {
		return true;
	}
	for (let e = node.parentElement; e; e = e.parentElement) {
		if (e.localName === "bdi" || e.matches(".words")) {
			return true;
		}
		if (getComputedStyle(e).display !== "inline") {
			return e.textContent.trim() === node.data.trim();
		}
	}
	return false;
}
let words = 0;
for (let node = view.nextNode(); node; node = view.nextNode()) {
	if (node.data.trim() === "") {
		continue;
	}
	words += 1;
	if (HIDDEN.test(node.data) || /[\u2068\u2069]/u.test(node.data.replace(/\u2068[^\u2068\u2069]*\u2069/gu, ""))) {
		say("unseen characters in words", node.parentElement, show(node.data));
	}
	if (MANY.test(node.data)) {
		say("a tower of marks", node.parentElement, show(node.data));
	}
	if (!isKept(node)) {
		say("words whose direction reaches others", node.parentElement, show(node.data));
	}
}

/* Layout: what is said in a box is seen in that box. */
const ROOM = 2;
for (const box of document.querySelectorAll(boxes)) {
	const b = box.getBoundingClientRect();
	if (b.width === 0 || getComputedStyle(box).overflowX !== "visible" || box.checkVisibility && !box.checkVisibility({ checkVisibilityCSS: true })) {
		continue;
	}
	const inside = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
	for (let node = inside.nextNode(); node; node = inside.nextNode()) {
		if (node.data.trim() === "" || node.parentElement.closest(".unseen, title, option")) {
			continue;
		}
		let clip = null;
		for (let e = node.parentElement; e !== box; e = e.parentElement) { /* what cuts it off, the outermost */
			if (!clips.has(e)) {
				clips.set(e, getComputedStyle(e).overflowX !== "visible");
			}
			clip = clips.get(e) ? e : clip;
		}
		const range = document.createRange();
		range.selectNodeContents(node);
		const rects = clip === null ? [...range.getClientRects()] : [clip.getBoundingClientRect()];
		const out = rects.find((r) => r.width > 0 && (r.left < b.left - ROOM || r.right > b.right + ROOM || r.top < b.top - ROOM || r.bottom > b.bottom + ROOM));
		if (out) {
			say("words outside of their box", box, `${show(node.data)} ${[out.left - b.left, b.right - out.right, out.top - b.top, b.bottom - out.bottom].map(Math.round)}`);
			break;
		}
	}
}
if (document.documentElement.scrollWidth > innerWidth + 1) {
	findings.push(`the page is ${document.documentElement.scrollWidth - innerWidth} wider than its window`);
}
return { findings, words };
