/* Words in the reader's language: t("queue.wait", { n: 3 }). A catalogue's value is a text with {names}, or one text a plural form of
 * {n}. Catalogues: lang/NAME.js, joined of one file a page; a lint keeps all of them complete and free of what nobody uses. */
import { within } from "./text.js";

export const LANGUAGES = { en: "English", de: "Deutsch" };

let code = "en";
let catalogue = {};
let plural = new Intl.PluralRules("en");

export function language() {
	return code;
}

/* The reader's own kind of that language: en-GB writes 16:05 where en-US writes 4:05 PM. */
export function region() {
	return globalThis.navigator?.languages?.find((l) => l.toLowerCase().split("-")[0] === code) ?? code;
}

export function useWords(name, words) {
	code = name;
	catalogue = words;
	plural = new Intl.PluralRules(name);
}

/* The first of the reader's languages that we have. */
export function choose(wanted) {
	return wanted.map((w) => String(w).toLowerCase().split("-")[0]).find((w) => Object.hasOwn(LANGUAGES, w)) ?? "en";
}

export async function load(name) {
	const words = name === "de" ? await import("../lang/de.js") : await import("../lang/en.js");
	useWords(name, words.default);
	if (globalThis.document) {
		document.documentElement.lang = name;
	}
}

export function has(key) {
	return Object.hasOwn(catalogue, key);
}

export function t(key, values = {}) {
	let text = Object.hasOwn(catalogue, key) ? catalogue[key] : undefined;
	if (text === undefined) {
		console.error(`no words for ${key}`);
		return key;
	}
	if (typeof text === "object") {
		text = text[plural.select(Number(values.n))] ?? text.other;
	}
	return text.replace(/\{(\w+)\}/g, (whole, name) => {
		const value = values[name];
		return value === undefined ? whole : typeof value === "number" ? number(value) : within(value);
	});
}

export function number(n, options) {
	return new Intl.NumberFormat(code, options).format(n);
}
