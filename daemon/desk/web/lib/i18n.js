/* Words in the reader's language: t("queue.wait", { n: 3 }). A catalogue's value is a text with {names}, or one text a plural form of
 * {n}. Catalogues: lang/NAME.js, joined of one file a page; a lint keeps all of them complete and free of what nobody uses. */
import * as first from "./first.js";
import { within } from "./text.js";

export const { LANGUAGES, choose } = first;

let code = "en";
let catalogue = {};

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
}

/* The words that first.js has asked for. */
export async function load() {
	const { name, module } = first.words;
	useWords(name, (await module).default);
	document.documentElement.lang = name;
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
		text = text[formatOf("PluralRules", code).select(Number(values.n))] ?? text.other;
	}
	return text.replace(/\{(\w+)\}/g, (whole, name) => {
		const value = values[name];
		return value === undefined ? whole : typeof value === "number" ? number(value) : within(value);
	});
}

/* To make a format takes longer than to use it a hundred times: one of each is kept. */
const formats = new Map();
globalThis.document?.addEventListener("visibilitychange", () => formats.clear()); /* its reader may be in another zone by now */

export function formatOf(kind, place, options) {
	const key = `${kind} ${place} ${JSON.stringify(options)}`;
	let format = formats.get(key);
	if (format === undefined) {
		format = new Intl[kind](place, options);
		formats.set(key, format);
	}
	return format;
}

export function number(n, options) {
	/* As our languages write it; the first format of a page takes as long as ten rows. */
	if (options === undefined && Number.isInteger(n) && n >= 0 && n < 1000) {
		return String(n);
	}
	return formatOf("NumberFormat", code, options).format(n);
}
