/* Words of others: what may be shown of them, how, and where their links lead. Nothing here makes markup: components put what comes
 * out into text nodes. */

/* Characters that are seen as nothing and change what is read: bidi controls, zero-width marks (joiners that emoji and scripts need
 * are left), letters that are blank, tags (but in the flags that are made of them), C0 and C1. */
const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{1d173}-\u{1d17a}]|(?<!\u{1f3f4}[\u{e0020}-\u{e007e}]*)[\u{e0000}-\u{e007f}]/gu;
/* Towers of marks reach into other people's lines; no script stacks more than these. */
const TOWER = /(\p{M}{6})\p{M}+/gu;
const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const NOTHING = /^[\s\p{M}\p{Cf}\u2800]*$/u;
const LINK = /https?:\/\/[^\s<>"'\u0000-\u0020\u00a0\u2028\u2029]+/gi;
const END = /[)\].,;:!?'"»”’]+$/u;

export function clean(text) {
	return String(text ?? "").replace(UNSEEN, "").replace(TOWER, "$1");
}

/* Within a sentence of ours: words of another direction turn nothing around but themselves. */
export function within(text) {
	const words = clean(text);
	return RTL.test(words) ? `\u2068${words}\u2069` : words;
}

/* How somebody is called: the first of their names of which anything can be seen. */
export function firstSeen(...names) {
	return names.map((name) => clean(name)).find((name) => !NOTHING.test(name)) ?? "";
}

/* A language as an attribute says it, else none. */
export function languageOf(code) {
	return /^[a-z]{2,3}(-[a-z0-9]{1,8}){0,3}$/i.test(code ?? "") ? code : undefined;
}

/* On one line, shortened to n characters (not in the middle of one). */
export function brief(text, n = 200) {
	const line = clean(text).replace(/\s+/gu, " ").trim();
	const parts = [...line];
	return parts.length <= n ? line : parts.slice(0, n - 1).join("") + "…";
}

/* Where an address leads, in ASCII, or null when nobody should follow it. */
export function linkTo(address) {
	let url;
	try {
		url = new URL(address);
	} catch {
		return null;
	}
	if ((url.protocol !== "https:" && url.protocol !== "http:") || url.username !== "" || url.password !== "" || url.hostname === "") {
		return null;
	}
	return { href: url.href, host: url.hostname };
}

/* [{ text }, { text, href, host }, …] */
export function links(text) {
	const words = clean(text).replace(/(\r?\n[^\S\n]*){4,}/gu, "\n\n\n"), out = [];
	let done = 0;
	for (const found of words.matchAll(LINK)) {
		const address = found[0].replace(END, ""), to = linkTo(address);
		if (to === null) {
			continue;
		}
		if (found.index > done) {
			out.push({ text: words.slice(done, found.index) });
		}
		out.push({ text: address, ...to });
		done = found.index + address.length;
	}
	if (done < words.length) {
		out.push({ text: words.slice(done) });
	}
	return out;
}

/* Parts of a text that the desk marked: \u0002 begins and \u0003 ends a mark. [{ text, isMarked }] */
export function marks(text) {
	const out = [];
	let isMarked = false;
	for (const part of String(text ?? "").split(/([\u0002\u0003])/u)) {
		if (part === "\u0002" || part === "\u0003") {
			isMarked = part === "\u0002";
		} else if (clean(part) !== "") {
			out.push({ text: clean(part), isMarked });
		}
	}
	return out;
}
